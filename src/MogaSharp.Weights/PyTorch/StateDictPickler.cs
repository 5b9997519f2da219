using System.Buffers;
using System.Globalization;
using System.Text;
using MogaSharp.Graph;

namespace MogaSharp.Weights;

/// <summary>Writes the pickle (protocol 2) of an OrderedDict of tensors, tensor i being all of storage i.</summary>
internal sealed class StateDictPickler
{
    private readonly ArrayBufferWriter<byte> _out = new();

    /// <summary>The pickle's bytes.</summary>
    public static byte[] Pickle(IReadOnlyList<TensorEntry> tensors)
    {
        var pickler = new StateDictPickler();
        pickler.Op(Opcode.Protocol);
        pickler._out.WriteByte(2);
        pickler.EmptyOrderedDict();
        pickler.Op(Opcode.Mark);
        for (int i = 0; i < tensors.Count; i++)
        {
            pickler.Text(tensors[i].Name);
            pickler.Tensor(tensors[i], i);
        }

        pickler.Op(Opcode.SetItems);
        pickler.Op(Opcode.Stop);
        return pickler._out.WrittenSpan.ToArray();
    }

    private void Tensor(TensorEntry tensor, int storage)
    {
        Global("torch._utils", "_rebuild_tensor_v2");
        Op(Opcode.Mark);

        Op(Opcode.Mark);
        Text("storage");
        Global("torch", StorageClass(tensor.DType));
        Text(storage.ToString(CultureInfo.InvariantCulture));
        Text("cpu");
        Integer(tensor.Shape.ElementCount);
        Op(Opcode.Tuple);
        Op(Opcode.BinPersistentId);

        Integer(0);
        Integers(tensor.Shape.Extents);
        Integers(Strides(tensor.Shape));
        Op(Opcode.NewFalse);
        EmptyOrderedDict();
        Op(Opcode.Tuple);
        Op(Opcode.Reduce);
    }

    private static long[] Strides(Shape shape)
    {
        long[] strides = new long[shape.Rank];
        long step = 1;
        for (int d = strides.Length - 1; d >= 0; d--)
        {
            strides[d] = step;
            // As PyTorch counts them where an extent is 0.
            step *= Math.Max(1, shape[d]);
        }

        return strides;
    }

    private static string StorageClass(DType type) =>
        type switch
        {
            DType.Float32 => "FloatStorage",
            DType.Float64 => "DoubleStorage",
            DType.Float16 => "HalfStorage",
            DType.BFloat16 => "BFloat16Storage",
            DType.UInt8 => "ByteStorage",
            DType.Int8 => "CharStorage",
            DType.Int16 => "ShortStorage",
            DType.Int32 => "IntStorage",
            DType.Int64 => "LongStorage",
            DType.Bool => "BoolStorage",
            _ => throw new ArgumentOutOfRangeException(nameof(type)),
        };

    private void EmptyOrderedDict()
    {
        Global("collections", "OrderedDict");
        Op(Opcode.EmptyTuple);
        Op(Opcode.Reduce);
    }

    private void Op(Opcode opcode) => _out.WriteByte((byte)opcode);

    private void Global(string module, string name)
    {
        Op(Opcode.Global);
        _out.Write(Encoding.UTF8.GetBytes($"{module}\n{name}\n"));
    }

    private void Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Op(Opcode.BinUnicode);
        _out.WriteUInt32(bytes.Length);
        _out.Write(bytes);
    }

    private void Integers(ReadOnlySpan<long> values)
    {
        Op(Opcode.Mark);
        foreach (long value in values)
            Integer(value);
        Op(Opcode.Tuple);
    }

    private void Integer(long value)
    {
        if (value is >= int.MinValue and <= int.MaxValue)
        {
            Op(Opcode.BinInt);
            _out.WriteUInt32(value);
        }
        else
        {
            Op(Opcode.Long1);
            _out.WriteByte(8);
            _out.WriteInt64(value);
        }
    }
}
