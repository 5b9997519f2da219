using System.Text.Json.Nodes;
using MogaSharp.Graph;

namespace MogaSharp.Weights.Tests;

public class GoodFileTests
{
    public static TheoryData<string> Files => [.. Fixtures.Good];

    [Theory]
    [MemberData(nameof(Files))]
    public void Reads_every_value_bit_for_bit(string name)
    {
        Fixtures.Expectation expectation = Fixtures.Manifest[name];
        using Checkpoint expected = Checkpoint.Open(Fixtures.PathOf(expectation.Expected!));
        using Checkpoint actual = Checkpoint.Open(Fixtures.PathOf(name));
        bool namesDiffer = expectation.Expected != $"{name}.expected.safetensors";
        Dictionary<string, TensorEntry> read = namesDiffer
            ? ByName(StateDict.From(actual).Tensors)
            : ByName(actual.Tensors);
        Dictionary<string, TensorEntry> wanted = ByName(expected.Tensors
            .Where(tensor => tensor.Name.StartsWith(expectation.Prefix, StringComparison.Ordinal))
            .Select(tensor => tensor.WithName(tensor.Name[expectation.Prefix.Length..])));

        foreach ((string key, TensorEntry tensor) in read) AssertSame(wanted[key], tensor);
        string[] missing = [.. wanted.Keys.Except(read.Keys)];
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
        using Checkpoint expected = Checkpoint.Open(Fixtures.PathOf($"{name}.expected.safetensors"));
        using Checkpoint actual = Checkpoint.Open(Fixtures.PathOf(name));
        JsonObject json = JsonNode.Parse(actual.Root.ToJson())!.AsObject();
        foreach ((string key, JsonNode? wanted) in JsonNode.Parse(expected.Metadata["non_tensor_entries"])!.AsObject())
            Assert.True(JsonNode.DeepEquals(wanted, json[key]), $"{key}: expected {wanted?.ToJsonString()}, read {json[key]?.ToJsonString()}");
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
    public void Opening_reads_no_tensor_data()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("large.safetensors");
        CheckpointWriter.SaveSafetensors(path, [TensorEntry.FromTensor("w", new Tensor(new Shape(16 << 20)))]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Checkpoint.Open(path).Dispose();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 10);
    }

    private static Dictionary<string, TensorEntry> ByName(IEnumerable<TensorEntry> tensors) => tensors.ToDictionary(tensor => tensor.Name);

    private static void AssertSame(TensorEntry expected, TensorEntry actual)
    {
        Assert.Equal(expected.Shape, actual.Shape);
        if (expected.DType == DType.Int64)
            Assert.Equal(expected.ToInt64(), actual.ToInt64());
        else
            Assert.Equal(expected.ToTensor().Data.Select(BitConverter.SingleToUInt32Bits), actual.ToTensor().Data.Select(BitConverter.SingleToUInt32Bits));
    }
}
