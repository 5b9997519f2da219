using System.Globalization;
using System.Numerics;
using MogaSharp.Graph;

namespace MogaSharp.Weights;

/// <summary>
/// Turns what the unpickler made into the tree that callers see. A value that is referred to from several places is
/// converted once and counted each time, so that lists of lists of lists cost as much as they are long in the file.
/// </summary>
internal sealed class ValueBuilder(FileBytes file, CheckpointLimits limits)
{
    private const int MaxKeyParts = 16;

    // A key that is made of parts: each may be a long text that is in the file once.
    private const int MaxComposedKey = 1 << 16;

    private readonly Dictionary<object, Built> _built = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<object> _open = new(ReferenceEqualityComparer.Instance);
    private readonly List<string> _path = [];
    private int _openObjects;

    private string Path => TensorPath.Join(_path, file);

    /// <summary>Converts a whole checkpoint.</summary>
    public CheckpointValue BuildTree(object? root) => Build(root).Value;

    private Built Build(object? source)
    {
        if (source is null or bool or long or BigInteger or double or string or byte[])
            return new Built(new CheckpointScalar(source), ScalarSize(source), 0);
        if (!_built.TryGetValue(source, out Built built))
        {
            if (!_open.Add(source))
            {
                // Objects refer to what holds them; that says nothing about weights. Plain lists do so only in files that were made up.
                if (_openObjects > 0)
                    return new Built(new CheckpointScalar("(within itself)"), 1, 0);
                throw file.Reject($"The value at '{Path}' contains itself.");
            }

            if (_path.Count >= limits.MaxNesting)
                throw TooDeep();
            built = Convert(source);
            _open.Remove(source);
            _built.Add(source, built);
        }

        if (_path.Count + built.Height > limits.MaxNesting)
            throw TooDeep();
        return built;
    }

    private Built BuildInside(string key, object? source)
    {
        _path.Add(key);
        Built built = Build(source);
        _path.RemoveAt(_path.Count - 1);
        return built;
    }

    private Built Convert(object source) =>
        source switch
        {
            PickleTuple tuple => List("tuple", tuple.Items),
            PickleList list => List(list.Kind, list.Items),
            PickleArray { Unread: { } type } => new Built(new CheckpointScalar($"numpy array of {type}"), TextSize(type), 0),
            PickleArray array => List("ndarray", array.Elements),
            PickleDict dict => Map("dict", dict),
            PickleObject instance => Object(instance),
            PickleGlobal name => new Built(new CheckpointScalar(name.FullName), TextSize(name.FullName), 0),
            PickleArrayType type => new Built(new CheckpointScalar(type.Code), 1, 0),
            PickleTensor tensor => new Built(new CheckpointTensor(Tensor(tensor)), 1, 0),
            PickleStorage => throw file.Reject($"The value at '{Path}' is a storage without a tensor."),
            _ => throw new InvalidOperationException($"The unpickler made a {source.GetType()}."),
        };

    private Built Object(PickleObject instance)
    {
        _openObjects++;
        Built built = instance switch
        {
            { Entries: { } entries } => Map(instance.ClassName, entries),
            { Attributes: { } attributes } => Map(instance.ClassName, attributes),
            { Items: { } items } => List(instance.ClassName, items),
            { State: { } state } => List(instance.ClassName, [state]),
            { Arguments: [] } => Map(instance.ClassName, new PickleDict()),
            _ => List(instance.ClassName, instance.Arguments),
        };
        _openObjects--;
        return built;
    }

    private Built List(string kind, IReadOnlyList<object?> items)
    {
        var values = new CheckpointValue[items.Count];
        long size = TextSize(kind);
        int height = 0;
        for (int i = 0; i < values.Length; i++)
        {
            Built item = BuildInside(i.ToString(CultureInfo.InvariantCulture), items[i]);
            values[i] = item.Value;
            size = Add(size, item.Size);
            height = Math.Max(height, item.Height + 1);
        }

        return new Built(new CheckpointList(kind, values), size, height);
    }

    private Built Map(string kind, PickleDict dict)
    {
        var entries = new KeyValuePair<string, CheckpointValue>[dict.Items.Count];
        var seen = new HashSet<string>(StringComparer.Ordinal);
        long size = TextSize(kind);
        int height = 0;
        for (int i = 0; i < entries.Length; i++)
        {
            string key = Key(dict.Items[i].Key);
            // Objects that are different to their class may have the same name here.
            if (dict.Items[i].Key is PickleObject && seen.Contains(key))
                key = $"{key} #{i}";
            if (!seen.Add(key))
                throw file.Reject($"The key '{key}' is there twice at '{Path}'.");
            size = Add(size, TextSize(key) - 1);
            Built item = BuildInside(key, dict.Items[i].Value);
            entries[i] = new(key, item.Value);
            size = Add(size, item.Size);
            height = Math.Max(height, item.Height + 1);
        }

        return new Built(new CheckpointMap(kind, entries), size, height);
    }

    private StoredTensor Tensor(PickleTensor tensor)
    {
        ByteRange bytes = tensor.Storage.Bytes ?? throw file.Reject($"Storage {tensor.Storage.Key} of tensor '{Path}' is missing.");
        return new StoredTensor(Path, tensor.Storage.Type, new Shape(tensor.Extents), bytes, tensor.Offset, tensor.Strides);
    }

    private string Key(object? key) =>
        key switch
        {
            string text => text,
            null => "None",
            bool flag => flag ? "True" : "False",
            long number => number.ToString(CultureInfo.InvariantCulture),
            BigInteger number => number.ToString(CultureInfo.InvariantCulture),
            double number => number.ToString("R", CultureInfo.InvariantCulture),
            PickleGlobal name => name.FullName,
            byte[] { Length: <= MaxKeyParts } bytes => System.Convert.ToHexStringLower(bytes),
            PickleTuple { Items.Length: <= MaxKeyParts } tuple when !Array.Exists(tuple.Items, item => item is PickleTuple) => Composed(
                "",
                tuple.Items
            ),
            PickleObject { Arguments: { Length: <= MaxKeyParts } parts } instance
                when !Array.Exists(parts, part => part is PickleObject or PickleTuple) => Composed(instance.ClassName, parts),
            _ => throw file.Reject($"A key of the dictionary at '{Path}' is not a text or number."),
        };

    private string Composed(string name, object?[] parts)
    {
        string[] keys = [.. parts.Select(Key)];
        return keys.Sum(key => (long)key.Length) <= MaxComposedKey
            ? $"{name}({string.Join(", ", keys)})"
            : throw file.Reject($"A key of the dictionary at '{Path}' has more than {MaxComposedKey} characters.");
    }

    private long Add(long size, long more)
    {
        // Both are at most the limit, so the sum does not overflow.
        size += more;
        return size <= limits.MaxValues ? size : throw file.Reject($"The file holds more than {limits.MaxValues} values.");
    }

    /// <summary>
    /// A long text that is referred to many times counts by its length, as whoever prints the tree prints it each time; so do keys and
    /// names of classes.
    /// </summary>
    private static long TextSize(string text) => 1 + (text.Length / 64);

    private static long ScalarSize(object? value) =>
        value switch
        {
            string text => TextSize(text),
            byte[] bytes => 1 + (bytes.Length / 64),
            _ => 1,
        };

    private CheckpointFormatException TooDeep() => file.Reject($"The file nests values more than {limits.MaxNesting} deep.");

    /// <summary>A converted value, how many values it is with all inside it, and how many levels.</summary>
    private readonly record struct Built(CheckpointValue Value, long Size, int Height);
}
