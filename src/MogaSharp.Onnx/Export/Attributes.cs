using Google.Protobuf;
using MogaSharp.Onnx.Protocol;
using AttributeType = MogaSharp.Onnx.Protocol.AttributeProto.Types.AttributeType;

namespace MogaSharp.Onnx.Export;

/// <summary>Short ways to make node attributes.</summary>
internal static class Attributes
{
    public static AttributeProto Int(string name, long value) =>
        new()
        {
            Name = name,
            Type = AttributeType.Int,
            I = value,
        };

    public static AttributeProto Ints(string name, params long[] values) =>
        new()
        {
            Name = name,
            Type = AttributeType.Ints,
            Ints = { values },
        };

    public static AttributeProto Float(string name, double value) =>
        new()
        {
            Name = name,
            Type = AttributeType.Float,
            F = (float)value,
        };

    public static AttributeProto Text(string name, string value) =>
        new()
        {
            Name = name,
            Type = AttributeType.String,
            S = ByteString.CopyFromUtf8(value),
        };
}
