using MogaSharp.Graph;
using MogaSharp.Testing;
using MogaSharp.Weights;

namespace MogaSharp.Cli.Tests;

/// <summary>Weights of other tools and mistyped names, as a user of the command meets them.</summary>
public sealed class ForeignWeightsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task One_of_several_sets_of_weights_is_taken_by_its_key()
    {
        string card = Fixtures.WriteModel(_folder, Fixtures.Small),
            both = _folder.File("both.safetensors"),
            image = Fixtures.Sample("bag_0018.png");
        IReadOnlyList<TensorEntry> teacher = StateDict
            .From(FormulaWeights.Create(Fixtures.Small.CreateDefinition().Build(new Shape(1, 3, 64, 64)).Parameters))
            .Tensors;
        CheckpointWriter.SaveSafetensors(
            both,
            [.. teacher.Select(tensor => tensor.WithName($"teacher.{tensor.Name}")), .. teacher.Select(Doubled)]
        );
        Outcome expected = (await Moga.RunAsync("classify", image, "--model", card, "--json")).Succeeded();

        (await Moga.RunAsync("classify", image, "--model", card, "--weights", both)).Failed(1, "Name one with --key");
        Outcome named = (
            await Moga.RunAsync("classify", image, "--model", card, "--weights", both, "--json", "--key", "teacher")
        ).Succeeded();
        Assert.Equal(expected.Output, named.Output);
        (await Moga.RunAsync("eval", "--data", $"folder:{_folder.FullName}", "--model", card, "--weights", both, "--key", "master")).Failed(
            1,
            "no weights under 'master'"
        );
    }

    [Fact]
    public async Task A_prefix_of_one_s_own_is_left_out_and_said()
    {
        string card = Fixtures.WriteModel(_folder, Fixtures.Small),
            wrapped = _folder.File("wrapped.safetensors"),
            image = Fixtures.Sample("bag_0018.png");
        using (Checkpoint own = Checkpoint.Open(_folder.File("weights.safetensors")))
            CheckpointWriter.SaveSafetensors(wrapped, [.. own.Tensors.Select(tensor => tensor.WithName($"my_net.{tensor.Name}"))]);
        Outcome expected = (await Moga.RunAsync("classify", image, "--model", card, "--json")).Succeeded();
        Outcome outcome = (await Moga.RunAsync("classify", image, "--model", card, "--weights", wrapped, "--json")).Succeeded();
        Assert.Equal(expected.Output, outcome.Output);
        Assert.Contains(outcome.Notes, note => note.Contains("'my_net.'", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Values_beyond_float16_are_not_converted()
    {
        string big = _folder.File("big.safetensors"),
            half = _folder.File("half.safetensors");
        CheckpointWriter.SaveSafetensors(big, [TensorEntry.FromTensor("norm.running_var", new Tensor(new Shape(2), [1e5f, 1]))]);
        (await Moga.RunAsync("convert", big, half, "--dtype", "float16")).Failed(1, "store as bfloat16 or float32");
        Assert.False(File.Exists(half));
        (await Moga.RunAsync("convert", big, half, "--dtype", "bfloat16")).Succeeded();
        Assert.True(File.Exists(half));
    }

    [Theory]
    [InlineData("hornet", "hornet_tiny_7x7")]
    [InlineData("hornet_nano", "hornet_tiny_7x7")]
    [InlineData("moganet_tinny", "moganet_tiny")]
    [InlineData("convnext", "convnext_tiny")]
    public async Task The_name_of_a_family_or_a_mistyped_one_is_answered_with_models(string name, string suggestion) =>
        (await Moga.RunAsync("info", name)).Failed(2, suggestion);

    [Fact]
    public async Task The_file_that_a_user_took_for_weights_is_named()
    {
        (string Name, byte[] Content, string Kind)[] files =
        [
            ("model.onnx", [0x08, 0x09, 0x12, 0x04, .. "Moga"u8], "ONNX"),
            ("model.h5", [0x89, .. "HDF\r\n\u001a\n"u8, 0, 0], "HDF5"),
            ("config.json", [.. "{\"architectures\": []}"u8], "JSON"),
            ("page.pth", [.. "<!DOCTYPE html><html></html>"u8], "HTML"),
        ];
        foreach ((string name, byte[] content, string kind) in files)
        {
            _folder.File(name, content);
            (await Moga.RunAsync("inspect", _folder.File(name))).Failed(1, kind);
        }
    }

    private static TensorEntry Doubled(TensorEntry tensor)
    {
        if (!tensor.DType.IsFloatingPoint())
            return tensor.WithName($"student.{tensor.Name}");
        Tensor values = tensor.ToTensor();
        return TensorEntry.FromTensor($"student.{tensor.Name}", new Tensor(values.Shape, [.. values.Data.Select(value => 2 * value)]));
    }
}
