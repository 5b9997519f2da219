namespace MogaSharp.Weights;

/// <summary>
/// What a pickle may ask for by name. Functions that rebuild tensors are done by code here; everything else becomes an inert value that
/// only shows its name, and nothing is ever run. What only an attack calls ends the reading all the same (<see cref="PickleNames"/>).
/// </summary>
internal sealed class PickleCalls(FileBytes file, CheckpointLimits limits)
{
    private const int MaxNameLength = 64;

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
                return arguments is [] ? Array.Empty<byte>()
                    : arguments is [byte[] bytes] ? bytes
                    : arguments is [string chars, "latin-1"] ? Latin1(chars)
                    : throw BadArguments(target);
            case "builtins.set"
            or "__builtin__.set"
            or "builtins.frozenset"
            or "__builtin__.frozenset"
            or "builtins.list"
            or "__builtin__.list"
            or "collections.deque":
                return Sequence(target, arguments);
            case "copyreg._reconstructor" or "copy_reg._reconstructor":
                return arguments is [PickleGlobal type, PickleGlobal, var initial]
                    ? Data(type, initial is null ? [] : [initial])
                    : throw BadArguments(target);
            case "copyreg.__newobj__" or "copy_reg.__newobj__":
                return arguments is [PickleGlobal made, ..] ? Call(made, arguments[1..]) : throw BadArguments(target);
            // How Python 3.11 writes the members of enumerations.
            case "builtins.getattr" or "__builtin__.getattr" when arguments is [var holder, string member] && !member.StartsWith('_'):
                return Attribute(target, holder, member);
            case "numpy.dtype":
                return arguments is [string { Length: <= MaxNameLength } code, ..] ? new PickleArrayType(code) : throw BadArguments(target);
            case "numpy.core.multiarray.scalar" or "numpy._core.multiarray.scalar":
                return arguments is [PickleArrayType item, var value] ? NumpyData.Scalar(file, item, value) : throw BadArguments(target);
            case "numpy.core.multiarray._reconstruct" or "numpy._core.multiarray._reconstruct":
                return arguments is [PickleGlobal { Module: "numpy" }, ..] ? new PickleArray() : throw BadArguments(target);
            case "numpy.core.numeric._frombuffer" or "numpy._core.numeric._frombuffer":
                if (arguments is not [byte[] buffer, PickleArrayType elements, PickleTuple bufferShape, string order])
                    throw BadArguments(target);
                var array = new PickleArray();
                Charge(32L * buffer.Length);
                NumpyData.Fill(file, array, bufferShape, elements, isColumnMajor: order == "F", buffer);
                return array;
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
            case PickleArrayType type when state is PickleTuple { Items: [long, string order, var inner, var names, ..] }:
                type.IsBigEndian = order == ">";
                type.IsStructured = inner is not null || names is not null;
                break;
            case PickleArrayType type when state is PickleTuple { Items: [long, string order, ..] }:
                type.IsBigEndian = order == ">";
                break;
            case PickleArray array
                when state is PickleTuple { Items: [long, PickleTuple extents, PickleArrayType type, bool isColumnMajor, var data] }:
                Charge(
                    data switch
                    {
                        byte[] bytes => 32L * bytes.Length,
                        PickleList list => 16L * list.Items.Count,
                        _ => 0,
                    }
                );
                NumpyData.Fill(file, array, extents, type, isColumnMajor, data);
                break;
            case PickleArray:
                break;
            case PickleObject instance:
                SetAttributes(instance, state);
                break;
            case PickleDict or PickleList or PickleTensor when state is PickleDict attributes:
                RejectSpecialNames(attributes);
                break;
            case PickleDict or PickleList or PickleTensor when state is PickleTuple or null:
                break;
            default:
                throw file.Reject("The pickle sets the state of something that has none.");
        }
    }

    private object Data(PickleGlobal type, object?[] arguments)
    {
        string name = type.FullName;
        if (PickleNames.DictClasses.Contains(name))
            return Dictionary(type, arguments);
        if (PickleNames.IsInert(type))
            return new PickleObject(name, arguments);
        throw file.Reject($"The pickle asks to call {name}. This reader makes tensors and plain data only and calls nothing else.");
    }

    private PickleObject Attribute(PickleGlobal getter, object? holder, string member) =>
        holder switch
        {
            PickleGlobal type when PickleNames.IsInert(type) => new PickleObject(type.FullName, [member]),
            PickleObject instance => new PickleObject(instance.ClassName, [member]),
            _ => throw file.Reject(
                $"The pickle asks to call {getter.FullName}. This reader makes tensors and plain data only and calls nothing else."
            ),
        };

    // An object's state is its attributes, or a pair of those and of those in slots, or something that only its class understands.
    private void SetAttributes(PickleObject instance, object? state)
    {
        switch (state)
        {
            case PickleDict attributes:
                RejectSpecialNames(attributes);
                instance.Attributes = attributes;
                break;
            case PickleTuple { Items: [PickleDict or null, PickleDict or null] parts }:
                var both = new PickleDict();
                foreach (PickleDict part in parts.OfType<PickleDict>())
                {
                    RejectSpecialNames(part);
                    both.Items.AddRange(part.Items);
                }

                instance.Attributes = both;
                break;
            default:
                instance.State = state;
                break;
        }
    }

    private PickleDict Dictionary(PickleGlobal type, object?[] arguments)
    {
        var result = new PickleDict();
        switch (arguments)
        {
            // The only argument of a defaultdict is what makes its missing values.
            case [] or [PickleGlobal or PickleObject or null]:
                return result;
            case [PickleDict entries]:
                Charge(16L * entries.Items.Count);
                result.Items.AddRange(entries.Items);
                return result;
            case [PickleList pairs]:
                Charge(16L * pairs.Items.Count);
                foreach (object? pair in pairs.Items)
                    result.Items.Add(Pair(type, pair));
                return result;
            default:
                throw BadArguments(type);
        }
    }

    private (object? Key, object? Value) Pair(PickleGlobal type, object? pair) =>
        pair switch
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

    private string Device(PickleGlobal target, object?[] arguments) =>
        arguments switch
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

    private void RejectSpecialNames(PickleDict attributes)
    {
        Charge(16L * attributes.Items.Count);
        foreach ((object? key, _) in attributes.Items)
        {
            if (key is string name && PickleNames.IsSpecialAttribute(name))
                throw file.Reject($"The pickle sets the special attribute {name} of an object.");
        }
    }

    /// <summary>
    /// Counts bytes that one instruction copies: a few instructions could otherwise copy a large value again and again.
    /// </summary>
    private void Charge(long bytes)
    {
        _copied += bytes;
        if (_copied > limits.MaxPickleBytes)
            throw file.Reject($"The pickle copies values of more than {limits.MaxPickleBytes} bytes.");
    }

    private CheckpointFormatException BadArguments(PickleGlobal target) =>
        file.Reject($"The pickle is damaged: {target.FullName} is called with arguments that it does not take.");
}
