using MogaSharp.Graph;

namespace MogaSharp.Onnx;

/// <summary>How a graph is written as an ONNX model.</summary>
public sealed record OnnxExportOptions
{
    /// <summary>The oldest operator set that the exporter writes.</summary>
    public const int OldestOpset = 17;

    /// <summary>The newest operator set that the exporter writes.</summary>
    public const int NewestOpset = 21;

    /// <summary>
    /// The operator set, <see cref="OldestOpset"/> to <see cref="NewestOpset"/>. From 20 on GELU is one node; before, it is
    /// written out with the error function, which is the same function.
    /// </summary>
    public int Opset { get; init; } = OldestOpset;

    /// <summary>True leaves the number of images open (the symbolic dimension <c>batch</c>), and that of regions; false fixes it to the
    /// graph's.</summary>
    public bool DynamicBatch { get; init; }

    /// <summary>True leaves the number of regions open (<c>regions</c>) where the graph has some (<see cref="RoiAlign"/>); false fixes it
    /// to the graph's, unless the batch is open.</summary>
    public bool DynamicRegions { get; init; }

    /// <summary>
    /// True leaves rows and columns open (<c>height</c>, <c>width</c>; of outputs <c>stage1_height</c> and so on); false
    /// fixes them to the graph's. A graph with Fourier transforms cannot leave them open: ONNX has none of real maps, so they are written
    /// as products with matrices for one size. A graph with windows takes all sizes that its windows tile.
    /// </summary>
    public bool DynamicSize { get; init; }

    /// <summary>True writes, in place of each output (N, C, H, W), the index of the channel with the largest value at each pixel: (N, H,
    /// W), 64-bit whole numbers, by the name <c>labels</c> (with more outputs, the output's name and <c>_labels</c>).</summary>
    public bool LargestChannels { get; init; }

    /// <summary>The graph's name in the file.</summary>
    public string GraphName { get; init; } = "graph";

    /// <summary>What the model is, for people (<c>doc_string</c>).</summary>
    public string Description { get; init; } = "";

    /// <summary>Entries for the model's <c>metadata_props</c>, such as labels, mean and deviation; written in the order of their
    /// keys.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>The most bytes of weights that one file takes, with room for the nodes under the format's limit of 2 GiB.</summary>
    public const long LargestThreshold = 2_000_000_000;

    /// <summary>
    /// The bytes of weights above which they go into a second file beside the model, named as the model with <c>.data</c>
    /// added; at most <see cref="LargestThreshold"/>.
    /// </summary>
    public long ExternalDataThreshold { get; init; } = LargestThreshold;
}
