using MogaSharp.Graph;

namespace MogaSharp.Onnx.Export;

/// <summary>
/// Which extents of a graph's values are left open. That those of the inputs are is an option; which ones of the others follow from them is
/// seen by inferring the shapes twice, for two sizes of the inputs.
/// </summary>
internal sealed class DynamicDimensions
{
    // Windows, patches and frames that divide an extent divide its multiples too. A side grows by more than any graph's strides together,
    // so that it differs after them as well.
    private const int LargerBatch = 2;
    private const int LargerSide = 64;

    private readonly Shape[] _otherBatch;
    private readonly Shape[] _otherRegions;
    private readonly Shape[] _otherSize;

    public DynamicDimensions(ComputationGraph graph, OnnxExportOptions options)
    {
        Shapes = Infer(graph, "as declared", (_, shape) => shape);
        _otherBatch = options.DynamicBatch ? Infer(graph, "with an open batch", (_, shape) => Double(shape)) : Shapes;
        _otherRegions = options.DynamicBatch || options.DynamicRegions ? Infer(graph, "with open regions", MoreRegions) : Shapes;
        _otherSize = options.DynamicSize ? Infer(graph, "with open rows and columns", Larger) : Shapes;

        Shape MoreRegions(Value input, Shape shape) => AreRegions(graph, input) ? Double(shape) : shape;
        Shape Larger(Value input, Shape shape) => AreRegions(graph, input) ? shape : DynamicDimensions.Larger(shape);
    }

    /// <summary>The shapes as declared, by the values' indices.</summary>
    public Shape[] Shapes { get; }

    /// <summary>Whether an extent is open.</summary>
    public bool Contains(Value value, int dimension) =>
        FollowsBatch(value, dimension) || FollowsRegions(value, dimension) || FollowsSize(value, dimension);

    /// <summary>Whether an extent changes with the number of images.</summary>
    public bool FollowsBatch(Value value, int dimension) => _otherBatch[value.Index][dimension] != Shapes[value.Index][dimension];

    /// <summary>Whether an extent changes with the number of regions alone.</summary>
    public bool FollowsRegions(Value value, int dimension) => _otherRegions[value.Index][dimension] != Shapes[value.Index][dimension];

    /// <summary>Whether an extent changes with rows and columns.</summary>
    public bool FollowsSize(Value value, int dimension) => _otherSize[value.Index][dimension] != Shapes[value.Index][dimension];

    private static bool AreRegions(ComputationGraph graph, Value input) => graph.Readers[input].Any(RoiAlign.ReadsRegions);

    private static Shape Double(Shape shape) => shape.With(0, shape[0] * LargerBatch);

    // Clips too have their rows and columns last.
    private static Shape Larger(Shape shape) =>
        shape.Rank >= 4
            ? shape.With(shape.Rank - 2, shape[shape.Rank - 2] * LargerSide).With(shape.Rank - 1, shape[shape.Rank - 1] * LargerSide)
            : throw new GraphException($"An input of shape {shape} has no rows and columns.");

    private static Shape[] Infer(ComputationGraph graph, string how, Func<Value, Shape, Shape> change)
    {
        try
        {
            return graph.InferShapes([.. graph.Inputs.Select(input => change(input, ((Input)input.Op).Declared))]);
        }
        catch (Exception exception) when (exception is GraphException or OverflowException)
        {
            throw new OnnxExportException($"The graph cannot be exported {how}: {exception.Message}", exception);
        }
    }
}
