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

/// <summary>An object of any class, inert: its class's name, what it was made from, and what was put into it.</summary>
internal sealed class PickleObject(string className, object?[] arguments)
{
    public string ClassName { get; } = className;

    public object?[] Arguments { get; } = arguments;

    public PickleDict? Attributes { get; set; }

    /// <summary>A state that is not attributes.</summary>
    public object? State { get; set; }

    /// <summary>The entries of a dictionary of its own class.</summary>
    public PickleDict? Entries { get; set; }

    /// <summary>The items of a list of its own class.</summary>
    public List<object?>? Items { get; set; }
}

/// <summary>A numpy array or the dtype of one; filled by BUILD.</summary>
internal sealed class PickleArray
{
    public long[] Extents { get; set; } = [];

    public object?[] Elements { get; set; } = [];

    /// <summary>What the elements are when they stay unread; null when they are read.</summary>
    public string? Unread { get; set; }
}

/// <summary>A numpy dtype: kind and size such as "f8".</summary>
internal sealed class PickleArrayType(string code)
{
    public string Code { get; } = code;

    public bool IsBigEndian { get; set; }

    /// <summary>Whether elements are records or arrays themselves, which stay unread.</summary>
    public bool IsStructured { get; set; }
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
