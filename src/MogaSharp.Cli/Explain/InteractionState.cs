using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using MogaSharp.Tasks;

namespace MogaSharp.Cli;

/// <summary>What decides the numbers of a run; a run can only be continued with the same.</summary>
internal sealed record InteractionSettings(
    string Data,
    string Split,
    string Images,
    int Grid,
    string Value,
    int[] Orders,
    int Pairs,
    int Contexts,
    int Seed,
    string[] Models,
    string Draw = InteractionSettings.OwnDraw
)
{
    /// <summary>The draw of pairs and contexts that the seed decides.</summary>
    public const string OwnDraw = "of the seed";

    /// <summary>The number of some images and what tells them from others.</summary>
    public static string Identify(string[] images) =>
        $"{images.Length} {Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', images))), 0, 8)}";

    /// <summary>A model's name and what tells its weights from others, and its classes where a file names them: they decide which class
    /// an image is of.</summary>
    public static string Identify(LoadedModel model, bool hasOtherLabels)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string tensor in model.Weights.Names.Order(StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(tensor));
            hash.AppendData(MemoryMarshal.AsBytes(model.Weights[tensor].Span));
        }

        string name = $"{model.Card.Name} {Convert.ToHexString(hash.GetHashAndReset(), 0, 8)}";
        return hasOtherLabels ? $"{name}, classes {Identify([.. model.Card.GetLabels()])}" : name;
    }
}

/// <summary>An image that was measured with a model.</summary>
internal sealed record MeasuredImage(int Model, int Image, int[][] Pairs, double[][] Interactions, double[][][] Halves, int Passes)
{
    /// <summary>What the library gave.</summary>
    public static MeasuredImage Of(int model, int image, ImageInteractions result) =>
        new(
            model,
            image,
            [.. result.Pairs.Select(pair => new[] { pair.First, pair.Second })],
            [.. result.Interactions.Select(row => row.ToArray())],
            [.. result.Halves.Select(half => half.Select(row => row.ToArray()).ToArray())],
            result.Passes
        );

    /// <summary>The same for the library.</summary>
    public ImageInteractions Result(InteractionSettings settings) =>
        new()
        {
            Grid = settings.Grid,
            Orders = [.. settings.Orders],
            Pairs = [.. Pairs.Select(pair => new PatchPair(pair[0], pair[1]))],
            Interactions = [.. Interactions.Select(row => row.ToImmutableArray())],
            Halves = [.. Halves.Select(half => half.Select(row => row.ToImmutableArray()).ToImmutableArray())],
            Passes = Passes,
        };

    /// <summary>Whether it has the sizes that the settings say; nothing of it is trusted.</summary>
    public bool Fits(InteractionSettings settings)
    {
        return Model >= 0
            && Model < settings.Models.Length
            && Pairs.Length == settings.Pairs
            && Pairs.All(pair => pair is { Length: 2 })
            && IsTable(Interactions)
            && Halves.Length == (settings.Contexts < 2 ? 0 : 2)
            && Halves.All(IsTable);

        bool IsTable(double[][]? rows) => rows?.Length == settings.Orders.Length && rows.All(row => row?.Length == settings.Pairs);
    }
}

/// <summary>The images that a run has measured, which is written after each, so that the run can be continued.</summary>
internal sealed record InteractionState(InteractionSettings Settings, List<MeasuredImage> Done)
{
    private const string FileName = "state.json";

    /// <summary>What an earlier call left in a folder; or nothing yet.</summary>
    /// <param name="folder">The folder; null for none.</param>
    /// <param name="settings">The settings of this call.</param>
    /// <param name="resume">Whether to go on with what is there.</param>
    /// <exception cref="UsageException">There is something and nobody wants to go on with it, or it is of other settings.</exception>
    /// <exception cref="FailureException">It is damaged.</exception>
    public static InteractionState Open(string? folder, InteractionSettings settings, bool resume)
    {
        string path = folder is null ? "" : Path.Combine(folder, FileName);
        if (!File.Exists(path))
            return new(settings, []);
        if (!resume)
            throw new UsageException($"'{path}' is of an earlier call; add --resume to go on with it, or delete it.");
        InteractionState state = Read(path);
        string[] other = [.. Differences(state.Settings, settings)];
        if (other.Length > 0)
            throw new UsageException($"'{path}' is of a call with other settings: {string.Join("; ", other)}.");
        return state;
    }

    /// <summary>Writes the state, so that it is there whole whatever ends the program.</summary>
    /// <exception cref="FailureException">It cannot be written.</exception>
    public void Save(string folder)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(this, InteractionStateJson.Default.InteractionState);
        Paths.Write(Path.Combine(folder, FileName), file => AtomicFile.Write(file, json));
    }

    /// <summary>What was measured of a model and an image; null for nothing.</summary>
    public MeasuredImage? Find(int model, int image) => Done.Find(one => one.Model == model && one.Image == image);

    private static InteractionState Read(string path)
    {
        string problem = "it does not have the numbers that it says";
        try
        {
            InteractionState? state = JsonSerializer.Deserialize(File.ReadAllBytes(path), InteractionStateJson.Default.InteractionState);
            if (state is not null && state.Done.All(image => image?.Fits(state.Settings) == true))
                return state;
        }
        catch (JsonException e)
        {
            problem = e.LineNumber is null ? "it is not JSON" : $"it is not what this program writes, at byte {e.BytePositionInLine}";
        }

        throw new FailureException($"'{path}' is damaged: {problem}. Delete it to begin anew.");
    }

    private static IEnumerable<string> Differences(InteractionSettings there, InteractionSettings here)
    {
        JsonElement before = JsonSerializer.SerializeToElement(there, InteractionStateJson.Default.InteractionSettings),
            now = JsonSerializer.SerializeToElement(here, InteractionStateJson.Default.InteractionSettings);
        foreach (JsonProperty property in now.EnumerateObject())
            if (before.GetProperty(property.Name).GetRawText() is var text && text != property.Value.GetRawText())
                yield return $"{property.Name} {Short(before.GetProperty(property.Name))}, not {Short(property.Value)}";

        static string Short(JsonElement value) =>
            value.ValueKind == JsonValueKind.Array ? string.Join(' ', value.EnumerateArray()) : value.ToString();
    }
}

/// <summary>The generated code for the state; what is missing or null in the file is an error, not a null in a record.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true
)]
[JsonSerializable(typeof(InteractionState))]
internal sealed partial class InteractionStateJson : JsonSerializerContext;
