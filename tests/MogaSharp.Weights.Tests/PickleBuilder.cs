using System.Buffers;
using System.Text;

namespace MogaSharp.Weights.Tests;

/// <summary>Assembles pickles by hand and packs them as PyTorch files, for values that no writer writes.</summary>
internal sealed class PickleBuilder
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    public PickleBuilder() => Op(Opcode.Protocol).Byte(4);

    /// <summary>A file whose root is a dict of a good tensor "w" (4 float32) and whatever <paramref name="value"/> pushes, as
    /// "x".</summary>
    public static byte[] FileWith(Action<PickleBuilder> value)
    {
        var pickle = new PickleBuilder();
        pickle.Op(Opcode.EmptyDict).Op(Opcode.Mark).Text("w").Tensor("FloatStorage", 4, [2, 2], [2, 1]).Text("x");
        value(pickle);
        return Zip(pickle.Op(Opcode.SetItems).Op(Opcode.Stop).ToArray());
    }

    public static byte[] Zip(byte[] pickle, int storageBytes = 16)
    {
        using var stream = new MemoryStream();
        var zip = new ZipWriter(stream);
        zip.Add("archive/data.pkl", pickle);
        zip.Add("archive/data/0", new byte[storageBytes]);
        zip.Finish();
        return stream.ToArray();
    }

    public PickleBuilder Op(Opcode opcode) => Byte((byte)opcode);

    public PickleBuilder Byte(byte value)
    {
        _bytes.WriteByte(value);
        return this;
    }

    public PickleBuilder Bytes(ReadOnlySpan<byte> values)
    {
        _bytes.Write(values);
        return this;
    }

    public PickleBuilder Int32(int value)
    {
        _bytes.WriteUInt32(value);
        return this;
    }

    public PickleBuilder Text(string text) =>
        Op(Opcode.BinUnicode).Int32(Encoding.UTF8.GetByteCount(text)).Bytes(Encoding.UTF8.GetBytes(text));

    public PickleBuilder Number(int value) => Op(Opcode.BinInt).Int32(value);

    public PickleBuilder Global(string module, string name) => Op(Opcode.Global).Bytes(Encoding.UTF8.GetBytes($"{module}\n{name}\n"));

    public PickleBuilder Tuple(params Action<PickleBuilder>[] items)
    {
        Op(Opcode.Mark);
        foreach (Action<PickleBuilder> item in items)
            item(this);
        return Op(Opcode.Tuple);
    }

    public PickleBuilder Call(string module, string name, params Action<PickleBuilder>[] arguments) =>
        Global(module, name).Tuple(arguments).Op(Opcode.Reduce);

    public PickleBuilder Storage(string storageClass, int count) =>
        Tuple(p => p.Text("storage"), p => p.Global("torch", storageClass), p => p.Text("0"), p => p.Text("cpu"), p => p.Number(count))
            .Op(Opcode.BinPersistentId);

    public PickleBuilder Tensor(string storageClass, int storageCount, int[] size, int[] stride) =>
        Call(
            "torch._utils",
            "_rebuild_tensor_v2",
            p => p.Storage(storageClass, storageCount),
            p => p.Number(0),
            p => p.Numbers(size),
            p => p.Numbers(stride)
        );

    public PickleBuilder Numbers(int[] values) => Tuple([.. values.Select(value => (Action<PickleBuilder>)(p => p.Number(value)))]);

    public byte[] ToArray() => _bytes.WrittenSpan.ToArray();
}
