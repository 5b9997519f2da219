using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Weights.Tests;

public class GoodFileTests
{
    public static TheoryData<string> Files => [.. Fixtures.Good];

    [Theory]
    [MemberData(nameof(Files))]
    public void Reads_every_value_bit_for_bit(string name)
    {
        Fixtures.Expectation expectation = Fixtures.Manifest[name];
        var expected = new FixtureFile(Fixtures.PathOf(expectation.Expected!));
        using Checkpoint actual = Checkpoint.Open(Fixtures.PathOf(name));
        bool hasOwnExpectation = expectation.Expected == $"{name}.expected.safetensors";
        IReadOnlyList<TensorEntry> read = hasOwnExpectation ? actual.Tensors : StateDict.From(actual).Tensors;

        foreach (TensorEntry tensor in read)
            AssertSame(expected, expectation.Prefix + tensor.Name, tensor);
        IEnumerable<string> wanted = expected.Names.Where(key => key.StartsWith(expectation.Prefix, StringComparison.Ordinal));
        string[] missing = [.. wanted.Except(read.Select(tensor => expectation.Prefix + tensor.Name))];
        switch (name)
        {
            case "b3_plain_dict_of_parameters.pth":
                Assert.All(missing, key => Assert.Matches(@"\.(running_mean|running_var|num_batches_tracked)$", key));
                break;
            case "g2_mm_backbone_only.pth":
                Assert.Equal(["head.bias", "head.weight"], missing.Order());
                break;
            default:
                Assert.Empty(missing);
                break;
        }
    }

    [Theory]
    [InlineData("a_timm_saver.pth.tar")]
    [InlineData("f3_odd_containers.pth")]
    [InlineData("f4_numpy_scalar.pth")]
    public void Reads_what_is_no_tensor_as_plain_data(string name)
    {
        var expected = new FixtureFile(Fixtures.PathOf($"{name}.expected.safetensors"));
        using Checkpoint actual = Checkpoint.Open(Fixtures.PathOf(name));
        JsonObject json = JsonNode.Parse(actual.Root.ToJson())!.AsObject();
        foreach ((string key, JsonNode? wanted) in JsonNode.Parse(expected.Metadata["non_tensor_entries"])!.AsObject())
            Assert.True(
                JsonNode.DeepEquals(wanted, json[key]),
                $"{key}: expected {wanted?.ToJsonString()}, read {json[key]?.ToJsonString()}"
            );
    }

    [Fact]
    public void Formats_are_told_by_content()
    {
        Assert.Equal(CheckpointFormat.PyTorchZip, FormatOf("a_timm_saver.pth.tar"));
        Assert.Equal(CheckpointFormat.PyTorchLegacy, FormatOf("c2_legacy_nested.pth.tar"));
        Assert.Equal(CheckpointFormat.Safetensors, FormatOf("b_state_dict.pth.expected.safetensors"));

        static CheckpointFormat FormatOf(string name)
        {
            using Checkpoint checkpoint = Checkpoint.Open(Fixtures.PathOf(name));
            return checkpoint.Format;
        }
    }

    [Fact]
    public void Tensors_cannot_be_read_after_dispose()
    {
        Checkpoint checkpoint = Checkpoint.Open(Fixtures.PathOf("b0_state_dict_small.pth"));
        checkpoint.Dispose();
        Assert.Throws<ObjectDisposedException>(() => checkpoint.Tensors[0].ToBytes());
    }

    [Fact]
    public void A_damaged_storage_is_noticed_whether_it_is_read_in_whole_or_in_part()
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = File.ReadAllBytes(Fixtures.PathOf("f_tricky.pth"));
        bytes[bytes.AsSpan().IndexOf("data/0"u8) + 128] ^= 1;
        using Checkpoint checkpoint = Checkpoint.Open(folder.File("damaged.pth", bytes));
        string[] refused = [.. checkpoint.Tensors.Where(Refuses).Select(tensor => tensor.Name)];
        Assert.Equal(["shared.a", "shared.b", "shared.transposed", "shared.every_second", "shared.block", "shared.tail_scalar"], refused);

        static bool Refuses(TensorEntry tensor) =>
            Record.Exception(() => tensor.ToBytes()) is CheckpointFormatException { Problem: var problem }
            && problem.Contains("CRC-32", StringComparison.Ordinal);
    }

    [Fact]
    public void Opening_reads_no_tensor_data()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("large.safetensors");
        CheckpointWriter.SaveSafetensors(path, [TensorEntry.FromTensor("w", new Tensor(new Shape(16 << 20)))]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Checkpoint.Open(path).Dispose();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 10);
    }

    private static void AssertSame(FixtureFile expected, string key, TensorEntry actual)
    {
        Assert.Equal(expected.ShapeOf(key), actual.Shape);
        byte[] read = actual.DType.IsFloatingPoint()
            ? MemoryMarshal.AsBytes(actual.ToTensor().Span).ToArray()
            : MemoryMarshal.AsBytes<long>(actual.ToInt64()).ToArray();
        Assert.Equal(expected.Bytes(key), read);
    }
}
