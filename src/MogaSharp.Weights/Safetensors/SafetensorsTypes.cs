using MogaSharp.Graph;

namespace MogaSharp.Weights;

/// <summary>The reserved names of safetensors headers.</summary>
internal static class SafetensorsTypes
{
    /// <summary>The one key of a header that is not a tensor.</summary>
    public const string MetadataKey = "__metadata__";

    private static readonly Dictionary<string, DType> ByName = new(StringComparer.Ordinal)
    {
        ["F32"] = DType.Float32,
        ["F64"] = DType.Float64,
        ["F16"] = DType.Float16,
        ["BF16"] = DType.BFloat16,
        ["U8"] = DType.UInt8,
        ["I8"] = DType.Int8,
        ["I16"] = DType.Int16,
        ["I32"] = DType.Int32,
        ["I64"] = DType.Int64,
        ["BOOL"] = DType.Bool,
    };

    private static readonly Dictionary<DType, string> ByType = ByName.ToDictionary(pair => pair.Value, pair => pair.Key);

    public static DType? Parse(string name) => ByName.TryGetValue(name, out DType type) ? type : null;

    public static string NameOf(DType type) => ByType[type];
}
