using System.Text.Json;
using System.Text.RegularExpressions;
using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Testing;

/// <summary>One evaluated case of a network for a dense task: its card, weights, input and expected outputs.</summary>
public sealed class DenseFixture
{
    private DenseFixture(string name)
    {
        Name = name;
        Expected = new FixtureFile(Repository.Fixture("dense", name + ".safetensors"));
        Card = ModelCatalogue.Official.Find(Path.GetFileNameWithoutExtension(Expected.Metadata["config"]));
        // Some cases have a smaller backbone than their configuration.
        if (Expected.Metadata.GetValueOrDefault("note")?.Contains("x-tiny backbone", StringComparison.Ordinal) == true)
            Card = Card with { Options = (DenseOptions)Card.Options with { Backbone = XTiny } };
        InputShape = Expected.Has("input.sample") ? Expected.StatedShape("input") : SizeOf(Expected.Metadata["input"]);
    }

    /// <summary>The cases of whole networks, such as <c>segmentation/upernet/moganet_xt_384x500</c>.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [.. All("segmentation/semantic_fpn"), .. All("segmentation/upernet"), .. All("pose/topdown")];

    /// <summary>The cases of detectors.</summary>
    public static IReadOnlyList<string> Detectors { get; } =
    [.. All("detection/retinanet"), .. All("detection/mask_rcnn"), .. All("detection/cascade_mask_rcnn")];

    /// <summary>The smallest case of each kind of network.</summary>
    public static IReadOnlyList<string> OnePerKind { get; } =
    ["segmentation/semantic_fpn/moganet_xt_384x500", "segmentation/upernet/moganet_xt_384x500", "pose/topdown/moganet_t_256x192"];

    public string Name { get; }

    public FixtureFile Expected { get; }

    public ModelCard Card { get; }

    public Shape InputShape { get; }

    /// <summary>The official state dict: names in order, with shapes.</summary>
    public string NamesFile => Repository.Fixture("dense", $"{Path.GetDirectoryName(Name)}/{Model}.names.json");

    private static ClassifierOptions XTiny =>
        ((DenseOptions)ModelCatalogue.Official.Find("mask_rcnn_moganet_xtiny_fpn_1x_coco").Options).Backbone;

    /// <summary>The network's input; of a photograph only a sample is known.</summary>
    public Tensor Input => Padded(FormulaWeights.CoarseAndFine(ImageShape), InputShape);

    public static DenseFixture Load(string name) => new(name);

    /// <summary>The network with all outputs, for inputs of a shape.</summary>
    public ComputationGraph Build(Shape? input = null) =>
        Card.CreateDefinition().Build(input ?? InputShape, ModelOutputs.All | ModelOutputs.Auxiliary);

    public WeightSet Weights() => FormulaWeights.Create(Build().Parameters, "", Changes());

    /// <summary>The largest magnitude of a tensor.</summary>
    public double Largest(string name) => Expected.Doubles(name + ".stats")[3..].Max(Math.Abs);

    // "input: two coarse+fine images of 96x128"
    private static Shape SizeOf(string text)
    {
        Match size = Regex.Match(text, @"(\d+)x(\d+)");
        return new Shape(text.Contains("two", StringComparison.Ordinal) ? 2 : 1, 3, Side(1), Side(2));

        int Side(int group) => int.Parse(size.Groups[group].Value);
    }

    private string Model =>
        string.Join('_', Path.GetFileName(Name).Split('_').Take(Name.Contains("giou", StringComparison.Ordinal) ? 4 : 2));

    // Detectors' images are drawn in their own size, then zeros come to the right and below.
    private Shape ImageShape =>
        Expected.Metadata["input"].Contains("zero padded", StringComparison.Ordinal) ? SizeOf(Expected.Metadata["input"]) : InputShape;

    private static Tensor Padded(Tensor image, Shape shape)
    {
        if (image.Shape == shape)
            return image;
        var padded = new Tensor(shape);
        (int width, int rows) = (image.Shape[3], image.Shape[0] * image.Shape[1] * image.Shape[2]);
        for (int row = 0; row < rows; row++)
        {
            (int plane, int y) = Math.DivRem(row, image.Shape[2]);
            image.Span.Slice(row * width, width).CopyTo(padded.Span[(((plane * shape[2]) + y) * shape[3])..]);
        }

        return padded;
    }

    private (Regex, double, double)[] Changes() =>
        [
            .. JsonDocument
                .Parse(Expected.Metadata["head_rules"])
                .RootElement.EnumerateArray()
                .Select(rule => (new Regex($"^(?:{rule[0].GetString()})$"), rule[1].GetDouble(), rule[2].GetDouble())),
        ];

    private static IEnumerable<string> All(string folder) =>
        Directory
            .GetFiles(Repository.Fixture("dense", folder), "*.safetensors")
            .Select(path => $"{folder}/{Path.GetFileNameWithoutExtension(path)}")
            .Order(StringComparer.Ordinal);
}
