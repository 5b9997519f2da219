using System.Buffers.Binary;
using System.Numerics;

namespace MogaSharp.Weights;

/// <summary>
/// Turns one pickle into inert values. It never resolves a name, and makes objects only through <see cref="PickleCalls"/>,
/// which runs nothing. Memory grows with the bytes read, time with the instructions, and nothing recurses.
/// </summary>
internal sealed class Unpickler
{
    private const int HighestProtocol = 5;
    private const int MaxIntegerBytes = 256;

    private readonly FileBytes _file;
    private readonly CheckpointLimits _limits;
    private readonly PickleInput _input;
    private readonly PickleCalls _calls;
    private readonly PickleStack _stack;
    private readonly Dictionary<uint, object?> _memo = [];
    private int _opcodes;

    private Unpickler(FileBytes file, PickleInput input, PickleCalls calls, CheckpointLimits limits)
    {
        _file = file;
        _limits = limits;
        _input = input;
        _calls = calls;
        _stack = new PickleStack(file);
    }

    /// <summary>Reads one pickle; the input then stands behind its STOP.</summary>
    public static object? Read(FileBytes file, PickleInput input, PickleCalls calls, CheckpointLimits limits) =>
        new Unpickler(file, input, calls, limits).Run();

    private object? Run()
    {
        while (true)
        {
            if (++_opcodes > _limits.MaxPickleOpcodes)
                throw Reject($"The pickle has more than {_limits.MaxPickleOpcodes} instructions.");
            var opcode = (Opcode)_input.ReadByte();
            if (opcode == Opcode.Stop)
                return Finish();
            if (!PushConstant(opcode) && !ChangeContainer(opcode) && !MoveOrName(opcode))
                Call(opcode);
        }
    }

    private object? Finish()
    {
        object? result = _stack.Pop();
        if (_stack.Count > 0 || _stack.HasMarks)
            throw Reject("The pickle is damaged: values are left over at its end.");
        return result;
    }

    private bool PushConstant(Opcode opcode)
    {
        switch (opcode)
        {
            case Opcode.None:
                _stack.Push(null);
                break;
            case Opcode.NewTrue:
                _stack.Push(true);
                break;
            case Opcode.NewFalse:
                _stack.Push(false);
                break;
            case Opcode.BinInt:
                _stack.Push((long)(int)_input.ReadUInt32());
                break;
            case Opcode.BinInt1:
                _stack.Push((long)_input.ReadByte());
                break;
            case Opcode.BinInt2:
                _stack.Push((long)_input.ReadUInt16());
                break;
            case Opcode.Long1:
                PushInteger(_input.ReadByte());
                break;
            case Opcode.Long4:
                PushInteger((int)_input.ReadUInt32());
                break;
            case Opcode.BinFloat:
                _stack.Push(BitConverter.Int64BitsToDouble(BinaryPrimitives.ReverseEndianness(_input.ReadInt64())));
                break;
            case Opcode.ShortBinUnicode:
                _stack.Push(_input.ReadText(_input.ReadByte()));
                break;
            case Opcode.BinUnicode:
                _stack.Push(_input.ReadText(_input.ReadUInt32()));
                break;
            case Opcode.BinUnicode8:
                _stack.Push(_input.ReadText(_input.ReadInt64()));
                break;
            // Texts of Python 2, which are bytes there; names and settings in practice.
            case Opcode.ShortBinString:
                _stack.Push(_input.ReadText(_input.ReadByte()));
                break;
            case Opcode.BinString:
                _stack.Push(_input.ReadText((int)_input.ReadUInt32()));
                break;
            case Opcode.ShortBinBytes:
                _stack.Push(_input.ReadBytes(_input.ReadByte()));
                break;
            case Opcode.BinBytes:
                _stack.Push(_input.ReadBytes(_input.ReadUInt32()));
                break;
            case Opcode.BinBytes8 or Opcode.ByteArray8:
                _stack.Push(_input.ReadBytes(_input.ReadInt64()));
                break;
            case Opcode.EmptyTuple:
                _stack.Push(new PickleTuple([]));
                break;
            case Opcode.EmptyList:
                _stack.Push(new PickleList("list"));
                break;
            case Opcode.EmptyDict:
                _stack.Push(new PickleDict());
                break;
            case Opcode.EmptySet:
                _stack.Push(new PickleList("set"));
                break;
            default:
                return false;
        }

        return true;
    }

    private bool ChangeContainer(Opcode opcode)
    {
        switch (opcode)
        {
            case Opcode.Tuple:
                _stack.Push(new PickleTuple(_stack.PopToMark()));
                break;
            case Opcode.Tuple1:
                _stack.Push(new PickleTuple(_stack.Pop(1)));
                break;
            case Opcode.Tuple2:
                _stack.Push(new PickleTuple(_stack.Pop(2)));
                break;
            case Opcode.Tuple3:
                _stack.Push(new PickleTuple(_stack.Pop(3)));
                break;
            case Opcode.List:
                PushList("list");
                break;
            case Opcode.FrozenSet:
                PushList("frozenset");
                break;
            case Opcode.Append:
                Append([_stack.Pop()]);
                break;
            case Opcode.Appends or Opcode.AddItems:
                Append(_stack.PopToMark());
                break;
            case Opcode.Dict:
                object?[] pairs = _stack.PopToMark();
                _stack.Push(new PickleDict());
                SetItems(pairs);
                break;
            case Opcode.SetItem:
                SetItems(_stack.Pop(2));
                break;
            case Opcode.SetItems:
                SetItems(_stack.PopToMark());
                break;
            default:
                return false;
        }

        return true;
    }

    private bool MoveOrName(Opcode opcode)
    {
        switch (opcode)
        {
            case Opcode.Mark:
                _stack.PushMark();
                break;
            case Opcode.Pop:
                _stack.Pop();
                break;
            case Opcode.PopMark:
                _stack.PopToMark();
                break;
            case Opcode.Dup:
                _stack.Push(_stack.Peek());
                break;
            case Opcode.BinPut:
                Memoize(_input.ReadByte());
                break;
            case Opcode.LongBinPut:
                Memoize(_input.ReadUInt32());
                break;
            case Opcode.Memoize:
                Memoize((uint)_memo.Count);
                break;
            case Opcode.BinGet:
                _stack.Push(Recall(_input.ReadByte()));
                break;
            case Opcode.LongBinGet:
                _stack.Push(Recall(_input.ReadUInt32()));
                break;
            case Opcode.Global:
                _stack.Push(new PickleGlobal(_input.ReadLine(), _input.ReadLine()));
                break;
            case Opcode.StackGlobal:
                string name = _stack.Pop<string>();
                string module = _stack.Pop<string>();
                if (name.Length + module.Length > PickleInput.MaxLineLength)
                    throw Reject("The pickle names a class by a text that is too long.");
                _stack.Push(new PickleGlobal(module, name));
                break;
            case Opcode.Protocol:
                int protocol = _input.ReadByte();
                if (protocol > HighestProtocol)
                    throw Reject($"The pickle is of protocol {protocol}; the highest there is, is {HighestProtocol}.");
                break;
            case Opcode.Frame:
                long length = _input.ReadInt64();
                if (length < 0 || length > _input.Remaining)
                    throw Reject("The pickle is damaged: a frame claims more bytes than the file has.");
                break;
            default:
                return false;
        }

        return true;
    }

    private void Call(Opcode opcode)
    {
        switch (opcode)
        {
            case Opcode.Reduce or Opcode.NewObj or Opcode.NewObjEx:
                PickleDict? named = opcode == Opcode.NewObjEx ? _stack.Pop<PickleDict>() : null;
                PickleTuple arguments = _stack.Pop<PickleTuple>();
                object? made = Make(_stack.Pop(), arguments.Items);
                if (named is { Items.Count: > 0 })
                    _calls.SetState(made, named);
                _stack.Push(made);
                break;
            case Opcode.Inst:
                _stack.Push(_calls.Call(new PickleGlobal(_input.ReadLine(), _input.ReadLine()), _stack.PopToMark()));
                break;
            case Opcode.Obj:
                object?[] parts = _stack.PopToMark();
                if (parts is not [PickleGlobal type, ..])
                    throw Reject("The pickle is damaged: an object has no class.");
                _stack.Push(_calls.Call(type, parts[1..]));
                break;
            case Opcode.Build:
                object? state = _stack.Pop();
                _calls.SetState(_stack.Peek(), state);
                break;
            case Opcode.BinPersistentId:
                _stack.Push(_calls.Storage(_stack.Pop()));
                break;
            default:
                throw Reject($"The pickle holds the instruction 0x{(byte)opcode:x2}, which PyTorch never writes.");
        }
    }

    // What an inert object makes when it is called is as inert.
    private object? Make(object? target, object?[] arguments) =>
        target switch
        {
            PickleGlobal name => _calls.Call(name, arguments),
            PickleObject instance => new PickleObject(instance.ClassName, arguments),
            _ => throw Reject("The pickle is damaged: an instruction needs a PickleGlobal and finds something else."),
        };

    private void PushList(string kind)
    {
        object?[] items = _stack.PopToMark();
        _stack.Push(new PickleList(kind));
        Append(items);
    }

    private void Append(object?[] items)
    {
        List<object?> list = _stack.Peek() switch
        {
            PickleList plain => plain.Items,
            PickleObject instance => instance.Items ??= [],
            _ => throw Reject("The pickle is damaged: items are added to something that is not a list."),
        };
        list.AddRange(items);
    }

    private void SetItems(object?[] items)
    {
        PickleDict dict = _stack.Peek() switch
        {
            PickleDict plain => plain,
            PickleObject instance => instance.Entries ??= new PickleDict(),
            _ => throw Reject("The pickle is damaged: entries are added to something that is not a dictionary."),
        };
        if (items.Length % 2 != 0)
            throw Reject("The pickle is damaged: a dictionary has a key without a value.");
        for (int i = 0; i < items.Length; i += 2)
            dict.Items.Add((items[i], items[i + 1]));
    }

    private void Memoize(uint index)
    {
        // Writers number their memo entries in order, so an index beyond the instructions so far is made up.
        if (index > _opcodes)
            throw Reject($"The pickle is damaged: it stores memo entry {index} before there can be so many.");
        _memo[index] = _stack.Peek();
    }

    private object? Recall(uint index) =>
        _memo.TryGetValue(index, out object? value)
            ? value
            : throw Reject($"The pickle is damaged: it refers to memo entry {index}, which was never stored.");

    private void PushInteger(int byteCount)
    {
        if (byteCount is < 0 or > MaxIntegerBytes)
            throw Reject($"The pickle claims an integer of {byteCount} bytes, at most {MaxIntegerBytes} are read.");
        var value = new BigInteger(_input.ReadBytes(byteCount));
        bool isShort = value >= long.MinValue && value <= long.MaxValue;
        _stack.Push(isShort ? (long)value : (object)value);
    }

    private CheckpointFormatException Reject(string problem) => _file.Reject(problem);
}
