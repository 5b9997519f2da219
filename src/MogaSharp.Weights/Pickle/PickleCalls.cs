namespace MogaSharp.Weights;

/// <summary>
/// The only things that a pickle may ask for by name. Functions that rebuild tensors are done by code here; classes
/// known to be plain data become inert values; every other name may be held, but calling it ends the reading.
/// </summary>
internal sealed class PickleCalls(FileBytes file, CheckpointLimits limits)
{
    private const int MaxNameLength = 64;

    private static readonly HashSet<string> DictClasses =
    [
        "collections.OrderedDict", "collections.defaultdict", "collections.Counter", "builtins.dict", "__builtin__.dict",
        "addict.addict.Dict", "addict.Dict", "mmcv.utils.config.ConfigDict", "mmengine.config.config.ConfigDict",
        "easydict.EasyDict", "yacs.config.CfgNode", "fvcore.common.config.CfgNode",
    ];

    private static readonly HashSet<string> DataClasses =
    [
        "argparse.Namespace", "types.SimpleNamespace", "torch.torch_version.TorchVersion", "decimal.Decimal",
        "mmengine.logging.history_buffer.HistoryBuffer",
        "builtins.complex", "__builtin__.complex", "builtins.slice", "__builtin__.slice",
        "pathlib.Path", "pathlib.PosixPath", "pathlib.WindowsPath", "pathlib.PurePosixPath", "pathlib.PureWindowsPath",
        "datetime.datetime", "datetime.date", "datetime.time", "datetime.timedelta", "datetime.timezone",
    ];

    private long _copied;

    /// <summary>Makes the storages and tensors of this file.</summary>
    public PickleTensors Tensors { get; } = new(file);

    /// <summary>What a call gives.</summary>
    public object? Call(PickleGlobal target, object?[] arguments)
    {
        switch (target.FullName)
        {
            case "torch._utils._rebuild_tensor" or "torch._utils._rebuild_tensor_v2":
                return Tensors.Rebuild(arguments);
            case "torch._utils._rebuild_parameter" or "torch._utils._rebuild_parameter_with_state":
                return arguments is [PickleTensor tensor, ..] ? tensor : throw BadArguments(target);
            case "torch._tensor._rebuild_from_type_v2":
                return arguments is [PickleGlobal { FullName: "torch._utils._rebuild_tensor_v2" }, _, PickleTuple inner, ..]
                    ? Tensors.Rebuild(inner.Items)
                    : throw BadArguments(target);
            case "torch.Size":
                return arguments is [PickleTuple size] ? size : throw BadArguments(target);
            case "torch.device":
                return Device(target, arguments);
            case "_codecs.encode":
                return arguments is [string text, "latin1" or "latin-1"] ? Latin1(text) : throw BadArguments(target);
            case "builtins.bytearray" or "__builtin__.bytearray":
                return arguments is [byte[] bytes] ? bytes : arguments is [string chars, "latin-1"] ? Latin1(chars) : throw BadArguments(target);
            case "builtins.set" or "__builtin__.set" or "builtins.frozenset" or "__builtin__.frozenset" or "builtins.list" or "__builtin__.list" or "collections.deque":
                return Sequence(target, arguments);
            case "copyreg._reconstructor" or "copy_reg._reconstructor":
                return arguments is [PickleGlobal type, PickleGlobal, _] ? Data(type, []) : throw BadArguments(target);
            case "numpy.dtype":
                return arguments is [string { Length: <= MaxNameLength } code, ..] ? new PickleArrayType(code) : throw BadArguments(target);
            case "numpy.core.multiarray.scalar" or "numpy._core.multiarray.scalar":
                return arguments is [PickleArrayType item, byte[] value] ? NumpyData.Scalar(file, item, value) : throw BadArguments(target);
            case "numpy.core.multiarray._reconstruct" or "numpy._core.multiarray._reconstruct":
                return arguments is [PickleGlobal { FullName: "numpy.ndarray" }, ..] ? new PickleArray() : throw BadArguments(target);
            default:
                return Data(target, arguments);
        }
    }

    /// <summary>The storage that a persistent id names.</summary>
    public PickleStorage Storage(object? id) => Tensors.Storage(id);

    /// <summary>What BUILD does: sets attributes of an inert object; those of dictionaries and lists are not kept.</summary>
    public void SetState(object? target, object? state)
    {
        switch (target)
        {
            case PickleArrayType type when state is PickleTuple { Items: [long, string order, ..] }:
                type.IsBigEndian = order == ">";
                break;
            case PickleArray array when state is PickleTuple { Items: [long, PickleTuple extents, PickleArrayType type, bool isColumnMajor, byte[] bytes] }:
                Charge(32L * bytes.Length);
                NumpyData.Fill(file, array, extents, type, isColumnMajor, bytes);
                break;
            case PickleObject instance when state is PickleDict attributes:
                RefuseSpecialNames(attributes);
                instance.Attributes = attributes;
                break;
            case PickleDict or PickleList when state is PickleDict attributes:
                RefuseSpecialNames(attributes);
                break;
            default:
                throw file.Refuse("The pickle sets the state of something that has none.");
        }
    }

    private object Data(PickleGlobal type, object?[] arguments)
    {
        string name = type.FullName;
        if (DictClasses.Contains(name)) return Dictionary(type, arguments);
        if (DataClasses.Contains(name)) return new PickleObject(name, arguments);
        throw file.Refuse(
            $"The pickle asks to call {name}. This reader makes tensors and plain data only and calls nothing else."
            + (type.Module.StartsWith("torch.nn.", StringComparison.Ordinal) ? " The file holds a whole model object: save model.state_dict() instead." : ""));
    }

    private PickleDict Dictionary(PickleGlobal type, object?[] arguments)
    {
        var result = new PickleDict();
        switch (arguments)
        {
            // The only argument of a defaultdict is what makes its missing values.
            case [] or [PickleGlobal or null]:
                return result;
            case [PickleDict entries]:
                Charge(16L * entries.Items.Count);
                result.Items.AddRange(entries.Items);
                return result;
            case [PickleList pairs]:
                Charge(16L * pairs.Items.Count);
                foreach (object? pair in pairs.Items) result.Items.Add(Pair(type, pair));
                return result;
            default:
                throw BadArguments(type);
        }
    }

    private (object? Key, object? Value) Pair(PickleGlobal type, object? pair) => pair switch
    {
        PickleTuple { Items: [var key, var value] } => (key, value),
        PickleList { Items: [var key, var value] } => (key, value),
        _ => throw BadArguments(type),
    };

    private PickleList Sequence(PickleGlobal type, object?[] arguments)
    {
        var result = new PickleList(type.Name);
        IReadOnlyCollection<object?> items = arguments switch
        {
            [] => [],
            [PickleTuple tuple, ..] => tuple.Items,
            [PickleList list, ..] => list.Items,
            _ => throw BadArguments(type),
        };
        Charge(16L * items.Count);
        result.Items.AddRange(items);
        return result;
    }

    private string Device(PickleGlobal target, object?[] arguments) => arguments switch
    {
        [string { Length: <= MaxNameLength } kind] => $"device(type='{kind}')",
        [string { Length: <= MaxNameLength } kind, long index] => $"device(type='{kind}', index={index})",
        _ => throw BadArguments(target),
    };

    private byte[] Latin1(string text)
    {
        Charge(text.Length);
        return System.Text.Encoding.Latin1.GetBytes(text);
    }

    private void RefuseSpecialNames(PickleDict attributes)
    {
        Charge(16L * attributes.Items.Count);
        foreach ((object? key, _) in attributes.Items)
        {
            if (key is string name && name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal))
                throw file.Refuse($"The pickle sets the special attribute {name} of an object.");
        }
    }

    /// <summary>
    /// Counts bytes that one instruction copies: a few instructions could otherwise copy a large value again and again.
    /// </summary>
    private void Charge(long bytes)
    {
        _copied += bytes;
        if (_copied > limits.MaxPickleBytes) throw file.Refuse($"The pickle copies values of more than {limits.MaxPickleBytes} bytes.");
    }

    private CheckpointFormatException BadArguments(PickleGlobal target) =>
        file.Refuse($"The pickle is damaged: {target.FullName} is called with arguments that it does not take.");
}
