using MogaSharp.Graph;

namespace MogaSharp.Weights;

// What a pickle can hold here. Plain values are their .NET counterparts: null, bool, long, BigInteger, double, string,
// byte[]. None of these types does anything.

/// <summary>The name of a Python class or function. Never resolved to anything.</summary>
internal sealed record PickleGlobal(string Module, string Name)
{
    public string FullName => $"{Module}.{Name}";
}

/// <summary>An immutable sequence.</summary>
internal sealed record PickleTuple(object?[] Items);

/// <summary>A list, or something like one (set, deque); <paramref name="Kind"/> is its Python name.</summary>
internal sealed record PickleList(string Kind)
{
    public List<object?> Items { get; } = [];
}

/// <summary>A dict or something like one, in insertion order, keys not yet checked for repeats.</summary>
internal sealed record PickleDict
{
    public List<(object? Key, object? Value)> Items { get; } = [];
}

/// <summary>An object of a class known to be plain data: its name, what it was made from, and its attributes.</summary>
internal sealed class PickleObject(string className, object?[] arguments)
{
    public string ClassName { get; } = className;

    public object?[] Arguments { get; } = arguments;

    public PickleDict? Attributes { get; set; }
}

/// <summary>A numpy array or the dtype of one; filled by BUILD.</summary>
internal sealed class PickleArray
{
    public long[] Extents { get; set; } = [];

    public object?[] Elements { get; set; } = [];
}

/// <summary>A numpy dtype: kind and size such as "f8".</summary>
internal sealed class PickleArrayType(string code)
{
    public string Code { get; } = code;

    public bool IsBigEndian { get; set; }
}

/// <summary>A storage that tensors view; the container format says later where its bytes are.</summary>
internal sealed class PickleStorage(string key, DType type, long count)
{
    public string Key { get; } = key;

    public DType Type { get; } = type;

    /// <summary>Elements.</summary>
    public long Count { get; } = count;

    public ByteRange? Bytes { get; set; }
}

/// <summary>A tensor: a view of a storage that has been checked to lie within it.</summary>
internal sealed record PickleTensor(PickleStorage Storage, long Offset, long[] Extents, long[] Strides);
