using MogaSharp.Graph;
using MogaSharp.Onnx.Protocol;
using Result = (string Name, MogaSharp.Onnx.Export.Layout Layout);

namespace MogaSharp.Onnx.Export;

/// <content>Attention and windows.</content>
internal sealed partial class NodeEmitter
{
    // Transposed twice, the keys are in the layout that runtimes fuse into the product.
    public Result Visit(QueryKeyProduct op, Value at)
    {
        string query = Heads(at, 0, op.Heads);
        if (op.Scale != 1)
            query = Node(at, "Mul", [query, _constants.Scalar((float)op.Scale)]);
        return (Node(at, "MatMul", [query, Transpose(at, Heads(at, 1, op.Heads), 0, 1, 3, 2)]), Layout.Map);
    }

    public Result Visit(AttentionOutput op, Value at)
    {
        Value value = at.Inputs[1];
        string x = Node(at, "MatMul", [X(at), Heads(at, 1, op.Heads)]);
        if (op.Heads > 1)
            x = Transpose(at, x, 0, 2, 1, 3);
        return (Reshape(at, x, 0, Side(value, 2), Side(value, 3), value.Channels), Layout.Last);
    }

    public Result Visit(RelativePositionBias op, Value at)
    {
        long tokens = op.Window * op.Window;
        long[] rows = [.. Enumerable.Range(0, (int)(tokens * tokens)).Select(i => (long)op.Row(i / (int)tokens, i % (int)tokens))];
        string table = Parameters(op.Table).Single();
        string picked = Node(at, "Gather", [table, _constants.Numbers($"constant/window{op.Window}", rows)]);
        string bias = Transpose(at, Node(at, "Reshape", [picked, _constants.Vector(tokens, tokens, op.Heads)]), 2, 0, 1);
        return (Node(at, "Add", [X(at), bias]), Layout.Map);
    }

    public Result Visit(WindowPartition op, Value at)
    {
        Value map = at.Inputs[0];
        int window = op.Window,
            channels = map.Channels;
        string x = Roll(at, Roll(at, X(at, Layout.Last), 1, op.Shift), 2, op.Shift);
        string blocks = Reshape(at, x, 0, Side(map, 2, window), window, Side(map, 3, window), window, channels);
        return (Reshape(at, Transpose(at, blocks, 0, 1, 3, 2, 4, 5), -1, window, window, channels), Layout.Last);
    }

    public Result Visit(WindowMerge op, Value at)
    {
        Value map = at.Inputs[1];
        int window = op.Window,
            channels = at.Channels;
        string blocks = Reshape(at, X(at, Layout.Last), Side(map, 0), Side(map, 2, window), Side(map, 3, window), window, window, channels);
        string x = Reshape(at, Transpose(at, blocks, 0, 1, 3, 2, 4, 5), 0, Side(map, 2), Side(map, 3), channels);
        return (Roll(at, Roll(at, x, 1, -op.Shift), 2, -op.Shift), Layout.Last);
    }

    public Result Visit(WindowMask op, Value at)
    {
        Value map = at.Inputs[1];
        long tokens = op.Window * op.Window,
            heads = at.Channels;
        bool fixedSize = !_dynamic.Contains(map, 2) && !_dynamic.Contains(map, 3);
        string mask = fixedSize ? FixedMask(op, map.Shape) : OpenMask(op, at);
        // With a single image the windows are the batch.
        if (fixedSize && !_dynamic.Contains(map, 0) && map.Shape[0] == 1)
            return (Node(at, "Add", [X(at), mask]), Layout.Map);
        string images = Reshape(at, X(at), Side(map, 0), fixedSize ? at.Shape[0] / map.Shape[0] : -1, heads, tokens, tokens);
        return (Reshape(at, Node(at, "Add", [images, mask]), -1, heads, tokens, tokens), Layout.Map);
    }

    // (windows, 1, T, T).
    private string FixedMask(WindowMask op, Shape map)
    {
        int tokens = op.Window * op.Window,
            windows = map[2] / op.Window * (map[3] / op.Window);
        float[] mask = new float[windows * tokens * tokens];
        for (int i = 0; i < mask.Length; i++)
            mask[i] = op.Separates(map, i / (tokens * tokens), i / tokens % tokens, i % tokens) ? WindowMask.Masked : 0;
        return _constants.Table($"constant/mask{map[2]}x{map[3]}_{op.Window}_{op.Shift}", new Shape(windows, 1, tokens, tokens), mask);
    }

    // The same for open sides: every pixel gets the number of its region, and pairs with different ones are masked.
    private string OpenMask(WindowMask op, Value at)
    {
        Value map = at.Inputs[1];
        long window = op.Window,
            tokens = window * window;
        string rows = Node(at, "Reshape", [Regions(2), _constants.Vector(-1, 1)]);
        string regions = Node(at, "Add", [Node(at, "Mul", [rows, _constants.Scalar(3)]), Regions(3)]);
        string blocks = Transpose(at, Reshape(at, regions, Side(map, 2, op.Window), window, Side(map, 3, op.Window), window), 0, 2, 1, 3);
        string queries = Reshape(at, blocks, -1, 1, tokens, 1),
            keys = Reshape(at, blocks, -1, 1, 1, tokens);
        return Node(at, "Where", [Node(at, "Equal", [queries, keys]), _constants.Scalar(0), _constants.Scalar(WindowMask.Masked)]);

        // 0, 1 or 2 for each place along a side.
        string Regions(int dimension)
        {
            string side = Node(at, "Squeeze", [Sizes(at, Side(map, dimension)), _constants.Vector(0)]);
            string places = Node(at, "Range", [_constants.Number(0), side, _constants.Number(1)]);
            return Node(at, "Add", [From(op.Window), From(op.Shift)]);

            string From(int distance) =>
                Node(
                    at,
                    "Cast",
                    [Node(at, "GreaterOrEqual", [places, Node(at, "Sub", [side, _constants.Number(distance)])])],
                    Attributes.Int("to", (long)TensorProto.Types.DataType.Float)
                );
        }
    }

    // (N, heads, T, C / heads).
    private string Heads(Value at, int input, int heads)
    {
        int channels = at.Inputs[input].Channels;
        string x = X(at, Layout.Last, input);
        return heads == 1 ? Reshape(at, x, 0, 1, -1, channels) : Transpose(at, Reshape(at, x, 0, -1, heads, channels / heads), 0, 2, 1, 3);
    }
}
