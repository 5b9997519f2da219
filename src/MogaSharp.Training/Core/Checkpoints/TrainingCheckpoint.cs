using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MogaSharp.Models;
using MogaSharp.Weights;

namespace MogaSharp.Training;

/// <summary>
/// All of a run at one moment, in one safetensors file: tensors under <c>model/</c>, <c>model_ema/</c>, <c>optimizer/</c> and
/// <c>random/</c>, texts in the header, and a SHA-256 over both. Weight loaders read such a file like any other, <c>--ema</c> included.
/// </summary>
/// <param name="Progress">Where the run stands.</param>
/// <param name="Recipe">The recipe.</param>
/// <param name="Card">The model, with preprocessing and labels.</param>
/// <param name="Data">The data set as the command line named it.</param>
/// <param name="Tensors">The tensors; those of a file stay readable until the <see cref="LoadedTrainingCheckpoint"/> is disposed.</param>
public sealed record TrainingCheckpoint(
    TrainingProgress Progress,
    TrainingRecipe Recipe,
    ModelCard Card,
    string Data,
    IReadOnlyList<TensorEntry> Tensors
)
{
    /// <summary>Prefix of the weights' names.</summary>
    public const string Model = "model/";

    /// <summary>Prefix of the moving average's names.</summary>
    public const string Average = "model_ema/";

    /// <summary>Prefix of the optimizer's state.</summary>
    public const string Optimizer = "optimizer/";

    /// <summary>Prefix of the states of random number generators.</summary>
    public const string Random = "random/";

    internal const string Format = "mogasharp-training-1";

    /// <summary>Writes the file; it appears under its name only when complete and flushed.</summary>
    /// <param name="path">The file; replaced if it exists.</param>
    /// <exception cref="IOException">It cannot be written, for example because the disk is full; what was there is as before.</exception>
    public void Save(string path)
    {
        Dictionary<string, string> texts = new()
        {
            ["format"] = Format,
            ["progress"] = JsonSerializer.Serialize(Progress, CheckpointContext.Default.TrainingProgress),
            ["recipe"] = RecipeJson.ToJson(Recipe),
            ["card"] = Card.ToJson(),
            ["data"] = Data,
        };
        texts["sha256"] = Digest(texts, Tensors);
        CheckpointWriter.SaveSafetensors(path, Tensors, texts);
    }

    /// <summary>The checksum of texts and tensors with their names.</summary>
    internal static string Digest(IReadOnlyDictionary<string, string> texts, IEnumerable<TensorEntry> tensors)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string key in new[] { "format", "progress", "recipe", "card", "data" })
            Add(texts[key]);
        foreach (TensorEntry tensor in tensors)
        {
            Add(tensor.ToString());
            hash.AppendData(tensor.ToBytes());
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void Add(string text)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(text));
            hash.AppendData([0]);
        }
    }
}

/// <summary>A checkpoint in a file that is open; dispose it when its tensors have been read.</summary>
public sealed class LoadedTrainingCheckpoint : IDisposable
{
    private readonly Checkpoint _file;

    private LoadedTrainingCheckpoint(Checkpoint file, TrainingCheckpoint content) => (_file, Content) = (file, content);

    /// <summary>What the file holds.</summary>
    public TrainingCheckpoint Content { get; }

    /// <summary>The file as the caller named it.</summary>
    public string FileName => _file.FileName;

    /// <summary>Opens a file; its header is read, its checksum not yet compared.</summary>
    /// <exception cref="CheckpointFormatException">The file is damaged, or no checkpoint of a training run.</exception>
    /// <exception cref="IOException">It is missing or cannot be read.</exception>
    public static LoadedTrainingCheckpoint Open(string path)
    {
        var file = Checkpoint.Open(path);
        try
        {
            IReadOnlyDictionary<string, string> texts = file.Metadata;
            if (texts.GetValueOrDefault("format") != TrainingCheckpoint.Format)
                throw new CheckpointFormatException(path, "It is not a checkpoint of a training run of this version.");
            var content = new TrainingCheckpoint(
                JsonSerializer.Deserialize(texts["progress"], CheckpointContext.Default.TrainingProgress)!,
                RecipeJson.Parse(texts["recipe"], path),
                ModelCard.Parse(texts["card"], path),
                texts["data"],
                file.Tensors
            );
            return new LoadedTrainingCheckpoint(file, content);
        }
        catch (Exception e)
        {
            file.Dispose();
            if (e is JsonException or KeyNotFoundException or RecipeException or ModelCardException)
                throw new CheckpointFormatException(path, $"Its description is damaged: {e.Message}");
            throw;
        }
    }

    /// <summary>Reads all tensors and compares the checksum.</summary>
    /// <exception cref="CheckpointFormatException">It differs: the file is damaged.</exception>
    public void Verify()
    {
        string stated = _file.Metadata.GetValueOrDefault("sha256") ?? "";
        if (TrainingCheckpoint.Digest(_file.Metadata, _file.Tensors) != stated)
            throw new CheckpointFormatException(FileName, "Its checksum is wrong.");
    }

    /// <summary>Closes the file; its tensors can no longer be read.</summary>
    public void Dispose() => _file.Dispose();
}
