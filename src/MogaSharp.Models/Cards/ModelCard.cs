using System.Collections.Immutable;
using System.Drawing;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// What is needed to use trained weights: architecture, preprocessing, labels, where they come from. A JSON file beside the
/// weights; the catalogue's entries are cards too. Names in the file are the properties' in snake case.
/// </summary>
public sealed record ModelCard
{
    /// <summary>The model's name, such as <c>moganet_tiny</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Other names that it is found by, in lower case: those of timm and of the official code.</summary>
    public ImmutableArray<string> Aliases { get; init; } = [];

    /// <summary>The family of networks that the options belong to, one of <see cref="ModelFamilies"/>: <c>moganet</c>, <c>simvp</c>
    /// ...</summary>
    public string Family => Options.Family;

    /// <summary>A sentence for people.</summary>
    public string? Description { get; init; }

    /// <summary>The architecture's options; their type is that of the family.</summary>
    public required ModelOptions Options { get; init; }

    /// <summary>How an image, or each frame of a clip, becomes the input tensor.</summary>
    public required PreprocessCard Preprocess { get; init; }

    /// <summary>The preset that trains this model, by name; null when there is none.</summary>
    public string? Recipe { get; init; }

    /// <summary>Fields of that recipe that are different for this model, by name; null for none.</summary>
    public ImmutableDictionary<string, string>? RecipeSettings { get; init; }

    /// <summary>What else there is to say of a video model's clips; null for other tasks.</summary>
    public ClipCard? Clip { get; init; }

    /// <summary>Class names in the order of the outputs; empty when <see cref="LabelSet"/> says it.</summary>
    public ImmutableArray<string> Labels { get; init; } = [];

    /// <summary>The colors that <see cref="Labels"/> are drawn in, one each, such as <c>#a0b0c0</c>; empty for colors by their
    /// place.</summary>
    public ImmutableArray<string> LabelColors { get; init; } = [];

    /// <summary>A well-known list of classes: <c>imagenet1k</c>, <c>ade20k</c>.</summary>
    public string? LabelSet { get; init; }

    /// <summary>The joints of a pose model, by the name of their skeleton: <c>coco</c>; null for other tasks.</summary>
    public string? Skeleton { get; init; }

    /// <summary>Where the weights are.</summary>
    public WeightsCard Weights { get; init; } = new();

    /// <summary>The weights' license.</summary>
    public string? License { get; init; }

    /// <summary>Who made them and how.</summary>
    public string? Origin { get; init; }

    /// <summary>Published or measured figures by name, such as <c>imagenet1k_top1</c> (percent).</summary>
    public ImmutableDictionary<string, double> Metrics { get; init; } = ImmutableDictionary<string, double>.Empty;

    /// <summary>The folder that relative file names start from; not part of the file.</summary>
    [JsonIgnore]
    public string? Folder { get; init; }

    /// <summary>Reads a card from a file.</summary>
    /// <param name="path">The file; its folder becomes <see cref="Folder"/>.</param>
    /// <exception cref="ModelCardException">The file is not a card, or the card breaks a rule; the message names the file and says
    /// why.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public static ModelCard Load(string path)
    {
        if (Directory.Exists(path))
            throw new ModelCardException(path, "This is a folder, not a model card.");
        return Parse(File.ReadAllText(path), path) with { Folder = Path.GetDirectoryName(Path.GetFullPath(path)) };
    }

    /// <summary>Reads a card from JSON text; it has no <see cref="Folder"/>.</summary>
    /// <param name="json">The text.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <exception cref="ModelCardException">The text is not a card, or the card breaks a rule.</exception>
    public static ModelCard Parse(string json, string source)
    {
        try
        {
            string family = CardJson.FamilyOf(json);
            JsonTypeInfo<ModelCard> type =
                ModelFamilies.Find(family)?.CardType
                ?? throw new ModelCardException(
                    source,
                    $"The card names the family '{family}'; there are {string.Join(", ", ModelFamilies.Names)}."
                );
            ModelCard card = JsonSerializer.Deserialize(json, type) ?? throw new ModelCardException(source, "The card is empty.");
            CardRules.Check(card, source);
            return card;
        }
        catch (JsonException e)
        {
            throw new ModelCardException(source, $"This is not a model card: {CardJson.Problem(e)}", e);
        }
        catch (GraphException e)
        {
            throw new ModelCardException(source, e.Message, e);
        }
    }

    /// <summary>The card as JSON text.</summary>
    /// <exception cref="ArgumentException">The family was not registered.</exception>
    public string ToJson() => JsonSerializer.Serialize(this, ModelFamilies.Of(Options).CardType);

    /// <summary>The definition that the card describes.</summary>
    /// <exception cref="GraphException">The options describe no network.</exception>
    public IModelDefinition CreateDefinition() => Options.CreateDefinition();

    /// <summary>The shape of the model's input at the size that the card states.</summary>
    /// <param name="batch">Images or clips.</param>
    /// <exception cref="GraphException">The options describe no network.</exception>
    public Shape InputShape(int batch = 1) => CreateDefinition().InputShape(batch, Preprocess.Height, Preprocess.Width);

    /// <summary>The class names in the order of the outputs, one a class; numbers when the card has none; nothing for other
    /// tasks.</summary>
    /// <exception cref="ModelCardException">No label set has the name that the card gives.</exception>
    public ImmutableArray<string> GetLabels() => !Labels.IsEmpty ? Labels : [.. GetClassLabels().Select(label => label.Name)];

    /// <summary>The classes in the order of the outputs, with what a label set knows of them beside their names; see
    /// <see cref="GetLabels"/>.</summary>
    /// <exception cref="ModelCardException">No label set has the name that the card gives.</exception>
    public ImmutableArray<ClassLabel> GetClassLabels()
    {
        if (LabelSet is not null)
            return Models.LabelSet.Find(LabelSet)
                ?? throw new ModelCardException(
                    Name,
                    $"No label set is called '{LabelSet}'; there are {string.Join(", ", Models.LabelSet.Names)}."
                );
        if (!Labels.IsEmpty)
            return
            [
                .. Labels.Select(
                    (label, i) => new ClassLabel(label) { Color = LabelColors.IsEmpty ? null : ColorTranslator.FromHtml(LabelColors[i]) }
                ),
            ];
        return [.. Enumerable.Range(0, Options.ClassCount).Select(i => new ClassLabel(i.ToString(CultureInfo.InvariantCulture)))];
    }

    /// <summary>The weights' file when the card names one, as a full path; whether it exists is not looked at.</summary>
    public string? GetWeightsPath() => Weights.File is null ? null : Path.GetFullPath(Path.Combine(Folder ?? ".", Weights.File));
}

/// <summary>The clips of a video model. How many frames it takes, and their channels, stand in its options.</summary>
public sealed record ClipCard
{
    /// <summary>The frames to predict, 1 to 1024. More than the network gives in a run take further runs on its own predictions.</summary>
    public required int OutFrames { get; init; }

    /// <summary>The lowest and the highest value of a pixel in the truth, as the network takes it.</summary>
    public ImmutableArray<float> Range { get; init; } = [0, 1];
}

/// <summary>How an image, or each frame of a clip, becomes the input tensor.</summary>
public sealed record PreprocessCard
{
    /// <summary>Columns of the input, 1 to 16384.</summary>
    public required int Width { get; init; }

    /// <summary>Rows of the input, 1 to 16384.</summary>
    public required int Height { get; init; }

    /// <summary>The share of the resized image that the center crop keeps, 0.01 to 1 (timm's <c>crop_pct</c>).</summary>
    public double Crop { get; init; } = 0.9;

    /// <summary><c>keep_aspect</c>: shorter side to size / crop, then center crop; <c>squash</c>: resize to the size as it is;
    /// <c>fit</c>: the longer side at most the larger of width and height and the shorter one at most the smaller; <c>box</c>: a box
    /// around a person, warped to the size.</summary>
    public ResizeMode Mode { get; init; } = ResizeMode.KeepAspect;

    /// <summary><c>fit</c>: sides become multiples of this, the next larger, by a second resize.</summary>
    public int SizeDivisor { get; init; } = 1;

    /// <summary><c>fit</c>: whether sides become such multiples by zeros to the right and below, after the mean has been taken away,
    /// instead of by a second resize.</summary>
    public bool IsPadded { get; init; }

    /// <summary><c>box</c>: what the box's sides are multiplied by.</summary>
    public double BoxPadding { get; init; } = 1.25;

    /// <summary>Pillow's filter: <c>bicubic</c>, <c>bilinear</c>, <c>lanczos</c>, <c>box</c>, <c>hamming</c>, <c>nearest</c>; or OpenCV's
    /// <c>plain_bilinear</c>.</summary>
    public ResizeFilter Filter { get; init; } = ResizeFilter.Bicubic;

    /// <summary>The order of the planes: <c>rgb</c>, or <c>bgr</c> for networks that were trained on images read by OpenCV.</summary>
    public ChannelOrder ChannelOrder { get; init; } = ChannelOrder.Rgb;

    /// <summary>Means per plane of values scaled to 0..1: three, or one for all.</summary>
    public ImmutableArray<float> Mean { get; init; } = [0.485f, 0.456f, 0.406f];

    /// <summary>Standard deviations likewise, each above 0.</summary>
    public ImmutableArray<float> Std { get; init; } = [0.229f, 0.224f, 0.225f];
}

/// <summary>Where weights are.</summary>
public sealed record WeightsCard
{
    /// <summary>A file name, relative to the card.</summary>
    public string? File { get; init; }

    /// <summary>The address to download from: http or https, ending in the file's name unless <see cref="SaveAs"/> says it.</summary>
    public string? Url { get; init; }

    /// <summary>The name to store a download under, where the address does not end in one.</summary>
    public string? SaveAs { get; init; }

    /// <summary>The file's SHA-256 in 64 hexadecimal digits, where known.</summary>
    public string? Sha256 { get; init; }

    /// <summary>True to take the moving average where the file holds both.</summary>
    public bool Ema { get; init; }
}

/// <summary>A card that cannot be used.</summary>
public sealed class ModelCardException : MogaException
{
    /// <summary>Names the card; the message is "path: Problem."</summary>
    /// <param name="path">The card's file, or the model's name.</param>
    /// <param name="problem">What is wrong, as whole sentences.</param>
    /// <param name="inner">The cause, or null.</param>
    public ModelCardException(string path, string problem, Exception? inner = null)
        : base($"{path}: {problem}", inner) => (CardPath, Problem) = (path, problem);

    /// <summary>The card's file, or the model's name.</summary>
    public string CardPath { get; }

    /// <summary>What is wrong, as whole sentences.</summary>
    public string Problem { get; }

    /// <summary>The card is a good one, but the model is for another task than what it was given to.</summary>
    public bool IsForAnotherTask { get; init; }

    /// <inheritdoc/>
    public override ErrorKind Kind => IsForAnotherTask ? ErrorKind.InvalidRequest : ErrorKind.InvalidData;
}
