using MogaSharp.Onnx.Protocol;
using DataType = MogaSharp.Onnx.Protocol.TensorProto.Types.DataType;

namespace MogaSharp.Onnx.Export;

/// <summary>Short ways to write nodes that no graph has, for one purpose.</summary>
/// <param name="writer">The model's nodes.</param>
/// <param name="name">The purpose, which their names begin with.</param>
/// <param name="description">The purpose in words.</param>
internal sealed class NodeScope(NodeWriter writer, string name, string description)
{
    public ConstantStore Constants => writer.Constants;

    public string Node(string type, string[] inputs, params AttributeProto[] attributes) =>
        writer.Add(name, description, type, inputs, 1, attributes)[0];

    public string Add(string a, string b) => Node("Add", [a, b]);

    public string Subtract(string a, string b) => Node("Sub", [a, b]);

    public string Multiply(string a, string b) => Node("Mul", [a, b]);

    public string Divide(string a, string b) => Node("Div", [a, b]);

    public string Modulo(string a, long b) => Node("Mod", [a, Constants.Vector(b)]);

    public string ToFloat(string x) => Node("Cast", [x], Attributes.Int("to", (int)DataType.Float));

    public string Concat(int axis, params string[] parts) =>
        parts.Length == 1 ? parts[0] : Node("Concat", parts, Attributes.Int("axis", axis));

    public string Transpose(string x, params long[] order) => Node("Transpose", [x], Attributes.Ints("perm", order));

    public string Reshape(string x, params long[] extents) => Node("Reshape", [x, Constants.Vector(extents)]);

    public string Slice(string x, int axis, long start, long end) =>
        Node("Slice", [x, Constants.Vector(start), Constants.Vector(end), Constants.Vector(axis)]);

    public string Columns(string x, long start, long end) => Slice(x, 1, start, end);

    /// <summary>One column, without its axis.</summary>
    public string Column(string x, long column) => Node("Squeeze", [Columns(x, column, column + 1), Constants.Vector(1)]);

    /// <summary>A vector as a column.</summary>
    public string AsColumn(string x) => Node("Unsqueeze", [x, Constants.Vector(1)]);

    /// <summary>Some of the elements along the first axis, by a vector of their places.</summary>
    public string Rows(string x, string places) => Node("Gather", [x, places], Attributes.Int("axis", 0));

    /// <summary>Those elements along the first axis for which a vector is true.</summary>
    public string Where(string condition, string x) => Node("Compress", [x, condition], Attributes.Int("axis", 0));

    /// <summary>An extent, as a vector of one number.</summary>
    public string Length(string x, int axis) => Slice(Node("Shape", [x]), 0, axis, axis + 1);

    /// <summary>0, 1, 2 and so on, as many as a tensor has rows.</summary>
    public string Counting(string x) =>
        Node("Range", [Constants.Number(0), Node("Squeeze", [Length(x, 0), Constants.Vector(0)]), Constants.Number(1)]);

    /// <summary>The largest numbers of a vector in descending order, at most as many, and their places; of equal ones the first.</summary>
    public (string Numbers, string Places) Largest(string x, long most)
    {
        string[] results = writer.Add(
            name,
            description,
            "TopK",
            [x, Node("Min", [Length(x, 0), Constants.Vector(most)])],
            2,
            Attributes.Int("axis", 0),
            Attributes.Int("largest", 1),
            Attributes.Int("sorted", 1)
        );
        return (results[0], results[1]);
    }
}
