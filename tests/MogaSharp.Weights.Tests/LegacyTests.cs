using MogaSharp.Testing;

namespace MogaSharp.Weights.Tests;

/// <summary>Rules of the format before PyTorch 1.6 that the corpus has no file for.</summary>
public sealed class LegacyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_made_by_hand_is_read()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Write([Magic(), Number(1001), Facts(), Values(), Keys("0"), Storage(4, 16)]));
        Assert.Equal(["w: Float32 2x2"], checkpoint.Tensors.Select(tensor => tensor.ToString()));
        Assert.Equal(new byte[16], checkpoint.Tensors[0].ToBytes());
    }

    [Fact]
    public void Files_that_break_a_rule_are_refused()
    {
        AssertRefused("magic number", Number(5), Number(1001), Facts(), Values(), Keys("0"), Storage(4, 16));
        AssertRefused("version that is not known", Magic(), Number(1002), Facts(), Values(), Keys("0"), Storage(4, 16));
        AssertRefused("facts about the machine", Magic(), Number(1001), Number(1), Values(), Keys("0"), Storage(4, 16));
        AssertRefused("list of storages", Magic(), Number(1001), Facts(), Values(), Number(1), Storage(4, 16));
        AssertRefused("does not fit its tensors", Magic(), Number(1001), Facts(), Values(), Keys("1"), Storage(4, 16));
        AssertRefused("does not fit its tensors", Magic(), Number(1001), Facts(), Values(), Keys("0", "0"), Storage(4, 16), Storage(4, 16));
        AssertRefused("Storage 0 of tensor 'w' is missing", Magic(), Number(1001), Facts(), Values(), Keys());
        AssertRefused("two different sizes", Magic(), Number(1001), Facts(), Values(), Keys("0"), Storage(5, 20));
        AssertRefused("ends within storage 0", Magic(), Number(1001), Facts(), Values(), Keys("0"), Storage(4, 15));
        AssertRefused("1 bytes behind its last storage", Magic(), Number(1001), Facts(), Values(), Keys("0"), Storage(4, 17));
    }

    private static byte[] Magic() =>
        Pickle(p => p.Op(Opcode.Long1).Byte(10).Bytes([0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]));

    private static byte[] Number(int value) => Pickle(p => p.Number(value));

    private static byte[] Facts() => Pickle(p => p.Op(Opcode.Mark).Text("little_endian").Op(Opcode.NewTrue).Op(Opcode.Dict));

    private static byte[] Values() => Pickle(p => p.Op(Opcode.Mark).Text("w").Tensor("FloatStorage", 4, [2, 2], [2, 1]).Op(Opcode.Dict));

    private static byte[] Keys(params string[] keys) =>
        Pickle(p =>
        {
            p.Op(Opcode.Mark);
            foreach (string key in keys)
                p.Text(key);
            p.Op(Opcode.List);
        });

    private static byte[] Storage(long count, int bytes) => [.. BitConverter.GetBytes(count), .. new byte[bytes]];

    private static byte[] Pickle(Action<PickleBuilder> value)
    {
        var pickle = new PickleBuilder();
        value(pickle);
        return pickle.Op(Opcode.Stop).ToArray();
    }

    private string Write(params byte[][] parts) => _folder.File("a.pth", [.. parts.SelectMany(part => part)]);

    private void AssertRefused(string reason, params byte[][] parts)
    {
        string path = Write(parts);
        var refusal = Assert.Throws<CheckpointFormatException>(() =>
        {
            using Checkpoint checkpoint = Checkpoint.Open(path);
        });
        Assert.Contains(reason, refusal.Problem, StringComparison.Ordinal);
    }
}
