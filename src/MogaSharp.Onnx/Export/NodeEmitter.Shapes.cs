using MogaSharp.Graph;
using Result = (string Name, MogaSharp.Onnx.Export.Layout Layout);

namespace MogaSharp.Onnx.Export;

/// <content>Shapes with open extents, and the ops that only move elements.</content>
internal sealed partial class NodeEmitter
{
    // As a Slice's end: to the end.
    private const long End = int.MaxValue;

    public Result Visit(PixelShuffle op, Value at) =>
        (Node(at, "DepthToSpace", [X(at)], Attributes.Int("blocksize", op.Factor), Attributes.Text("mode", "CRD")), Layout.Map);

    public Result Visit(PatchMerge op, Value at)
    {
        Value x = at.Inputs[0];
        int channels = x.Channels;
        string blocks = Reshape(at, X(at, Layout.Last), 0, Side(x, 2, 2), 2, Side(x, 3, 2), 2, channels);
        string merged = Transpose(at, blocks, 0, 1, 3, 4, 2, 5);
        return (Reshape(at, merged, 0, Side(x, 2, 2), Side(x, 3, 2), 4 * channels), Layout.Last);
    }

    public Result Visit(ChannelShuffle op, Value at)
    {
        int perGroup = at.Channels / op.Groups;
        if (Choose(at) == Layout.Last)
        {
            string groups = Transpose(at, Reshape(at, X(at, Layout.Last), 0, 0, 0, op.Groups, perGroup), 0, 1, 2, 4, 3);
            return (Reshape(at, groups, 0, 0, 0, at.Channels), Layout.Last);
        }

        string planes = Transpose(at, Reshape(at, X(at), 0, op.Groups, perGroup, -1), 0, 2, 1, 3);
        return (Reshape(at, planes, 0, at.Channels, Side(at.Inputs[0], 2), Side(at.Inputs[0], 3)), Layout.Map);
    }

    // In (N, T, C, 1) a pixel's channels lie together, as they do channels last.
    public Result Visit(TokensToChannels op, Value at)
    {
        long channels = at.Shape[2];
        return Has(at.Inputs[0], Layout.Last)
            ? (Reshape(at, X(at, Layout.Last), 0, -1, channels, 1), Layout.Map)
            : (Reshape(at, X(at), 0, channels, 1, -1), Layout.Last);
    }

    public Result Visit(ChannelsToTokens op, Value at) =>
        Has(at.Inputs[0], Layout.Map)
            ? (Reshape(at, X(at), 0, Side(at.Inputs[1], 2), Side(at.Inputs[1], 3), at.Channels), Layout.Last)
            : (Reshape(at, X(at, Layout.Last), 0, at.Channels, Side(at.Inputs[1], 2), Side(at.Inputs[1], 3)), Layout.Map);

    public Result Visit(ClipToFrames op, Value at) =>
        (Reshape(at, X(at), -1, at.Channels, Side(at.Inputs[0], 3), Side(at.Inputs[0], 4)), Layout.Map);

    public Result Visit(FramesToClip op, Value at) =>
        (Reshape(at, X(at), -1, op.Frames, at.Shape[2], Side(at.Inputs[0], 2), Side(at.Inputs[0], 3)), Layout.Map);

    public Result Visit(FramesToChannels op, Value at) => (Reshape(at, X(at), -1, at.Channels, 0, 0), Layout.Map);

    public Result Visit(ChannelsToFrames op, Value at) => (Reshape(at, X(at), -1, at.Channels, 0, 0), Layout.Map);

    public Result Visit(Flatten op, Value at) => (Node(at, "Flatten", [X(at)], Attributes.Int("axis", 1)), Layout.Map);

    private string Slice(Value at, string x, int axis, long start, long end) =>
        Node(at, "Slice", [x, _constants.Vector(start), _constants.Vector(end), _constants.Vector(axis)]);

    // Element i of an axis becomes element i - by, around the end.
    private string Roll(Value at, string x, int axis, int by) =>
        by == 0 ? x : Node(at, "Concat", [Slice(at, x, axis, by, End), Slice(at, x, axis, 0, by)], Attributes.Int("axis", axis));

    /// <summary>A value's extent divided by a number: a number itself, unless the export leaves it open.</summary>
    private Extent Side(Value of, int dimension, int divisor = 1) =>
        _dynamic.Contains(of, dimension) ? new Extent(0, of, dimension, divisor) : of.Shape[dimension] / divisor;

    private string Reshape(Value at, string x, params ReadOnlySpan<Extent> extents) => Node(at, "Reshape", [x, Extents(at, extents)]);

    // A Reshape finds one extent by itself; what else is open is computed from the shape of the tensor that has it.
    private string Extents(Value at, ReadOnlySpan<Extent> extents)
    {
        Extent[] parts = extents.ToArray();
        int free = Array.FindIndex(parts, part => part.Of is not null);
        if (free >= 0 && !parts.Any(part => part.Number == -1))
            parts[free] = -1;
        return Sizes(at, parts);
    }

    private string Sizes(Value at, params Extent[] parts) =>
        parts.All(part => part.Of is null)
            ? _constants.Vector([.. parts.Select(part => part.Number)])
            : Node(
                at,
                "Concat",
                [.. parts.Select(part => part.Of is null ? _constants.Vector(part.Number) : Length(at, part))],
                Attributes.Int("axis", 0)
            );

    // One extent as a vector of one number.
    private string Length(Value at, Extent part)
    {
        Value of = part.Of!;
        Layout layout = Has(of, Layout.Map) ? Layout.Map : Layout.Last;
        int dimension = layout == Layout.Map ? part.Dimension : new[] { 0, 3, 1, 2 }[part.Dimension];
        string length = Slice(at, Node(at, "Shape", [Tensor(of, layout)]), 0, dimension, dimension + 1);
        if (part.Divisor > 1)
            length = Node(at, "Div", [length, _constants.Vector(part.Divisor)]);
        return part.Factor > 1 ? Node(at, "Mul", [length, _constants.Vector(part.Factor)]) : length;
    }

    /// <summary>One extent of a tensor's shape.</summary>
    /// <param name="Number">As Reshape takes it: 0 for that of the input at the same place, -1 for what is left.</param>
    /// <param name="Of">The value that has the extent, when it is open.</param>
    /// <param name="Dimension">Where the value has it.</param>
    /// <param name="Divisor">What it is divided by.</param>
    private readonly record struct Extent(long Number, Value? Of = null, int Dimension = 0, int Divisor = 1)
    {
        /// <summary>What it is multiplied by.</summary>
        public int Factor { get; init; } = 1;

        public static implicit operator Extent(long number) => new(number);
    }
}
