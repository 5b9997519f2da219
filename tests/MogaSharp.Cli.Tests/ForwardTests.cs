using MogaSharp.Graph;
using MogaSharp.Testing;
using MogaSharp.Torch;
using MogaSharp.Weights;

namespace MogaSharp.Cli.Tests;

public sealed class ForwardTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Cases => [.. MogaNetFixture.Names.Where(name => name.StartsWith("custom_", StringComparison.Ordinal))];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Gives_the_official_outputs(string name)
    {
        MogaNetFixture official = MogaNetFixture.Load(name);
        string card = Fixtures.WriteModel(_folder, official.Options, official.Weights());
        WriteInput(official.Input);
        Outcome outcome = (await Forward(card, "--weights", _folder.File("weights.safetensors"), "--features")).Succeeded();
        Assert.Empty(outcome.Output);
        using Checkpoint results = Checkpoint.Open(_folder.File("y.safetensors"));
        Assert.Equal(
            ["logits", "stage1", "stage2", "stage3", "stage4"],
            results.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal)
        );
        foreach (TensorEntry tensor in results.Tensors)
        {
            Assert.Equal(official.Expected.StatedShape(tensor.Name), tensor.Shape);
            Assert.InRange(official.Expected.Difference(tensor.Name, tensor.ToTensor().Data), 0, 20 * official.Expected.Noise(tensor.Name));
        }
    }

    [Theory]
    [InlineData("custom_64_b2", "torch")]
    [InlineData("custom_fp32gate_64_b2", "torch")]
    [InlineData("custom_64_b2", "onnxruntime")]
    public async Task Other_engines_give_the_official_outputs(string name, string engine)
    {
        Assert.SkipWhen(engine == "torch" && !TorchRuntime.IsAvailable, TorchRuntime.Unavailability);
        MogaNetFixture official = MogaNetFixture.Load(name);
        string card = Fixtures.WriteModel(_folder, official.Options, official.Weights());
        WriteInput(official.Input);
        (
            await Forward(card, "--weights", _folder.File("weights.safetensors"), "--features", "--engine", engine, "--threads", "1")
        ).Succeeded();
        using Checkpoint results = Checkpoint.Open(_folder.File("y.safetensors"));
        Assert.Equal(5, results.Tensors.Count);
        foreach (TensorEntry tensor in results.Tensors)
            Assert.InRange(official.Expected.Difference(tensor.Name, tensor.ToTensor().Data), 0, 20 * official.Expected.Noise(tensor.Name));
    }

    [Fact]
    public async Task Without_libtorch_only_its_engine_is_refused()
    {
        string card = Fixtures.WriteModel(_folder, Fixtures.Small);
        WriteInput(new Tensor(new Shape(1, 3, 8, 8)));
        string[] command =
        [
            "forward",
            "--model",
            card,
            "--input",
            _folder.File("x.safetensors"),
            "--output",
            _folder.File("y.safetensors"),
        ];
        (await WithoutLibtorch([.. command, "--engine", "torch"])).Failed(1, "apt-get install -y libtorch-dev");
        Assert.False(File.Exists(_folder.File("y.safetensors")));
        (await WithoutLibtorch(command)).Succeeded();
        (await Moga.RunAsync([.. command, "--engine", "gpu"])).Failed(2, "gpu");
        File.Delete(_folder.File("y.safetensors"));
        (await Moga.RunAsync([.. command, "--engine", "onnxruntime", "--provider", "openvino"])).Failed(
            1,
            "The NuGet package Intel.ML.OnnxRuntime.OpenVino has it."
        );
        Assert.False(File.Exists(_folder.File("y.safetensors")));

        static Task<Outcome> WithoutLibtorch(string[] arguments) =>
            Moga.FinishAsync(
                Moga.StartOther("env", null, null, ["MOGA_TORCH_SHIM=/nonexistent/libmogatorch.so", .. Moga.Command, .. arguments])
            );
    }

    [Fact]
    public async Task Without_features_there_are_logits_only()
    {
        string card = Fixtures.WriteModel(_folder, Fixtures.Small);
        WriteInput(FormulaWeights.Input(new Shape(3, 3, 5, 9)));
        (await Forward(card)).Succeeded();
        using Checkpoint results = Checkpoint.Open(_folder.File("y.safetensors"));
        Assert.Equal("logits: Float32 3x10", Assert.Single(results.Tensors).ToString());
    }

    [Fact]
    public async Task Bad_inputs_leave_nothing_behind()
    {
        string card = Fixtures.WriteModel(_folder, Fixtures.Small);
        foreach (Shape shape in new Shape[] { new(1, 4, 8, 8), new(3, 8, 8), new(3), new(1, 3, 8, 8, 1), new(1, 3, 0, 8), default })
        {
            WriteInput(new Tensor(shape));
            (await Forward(card)).Failed(2, $"The network takes images of shape (N, 3, H, W), it got {shape}.");
        }

        CheckpointWriter.SaveSafetensors(_folder.File("x.safetensors"), [TensorEntry.FromTensor("x", new Tensor(new Shape(1)))]);
        (await Forward(card)).Failed(2, "holds no tensor 'input'; it holds x");
        WriteInput(new Tensor(new Shape(1, 3, 8, 8)));
        (
            await Moga.RunAsync(
                "forward",
                "--model",
                card,
                "--input",
                _folder.File("x.safetensors"),
                "--output",
                _folder.File("x.safetensors")
            )
        ).Failed(2, "is read and written");
        (
            await Moga.RunAsync(
                "forward",
                "--model",
                card,
                "--input",
                _folder.File("x.safetensors"),
                "--output",
                _folder.File("no/y.safetensors")
            )
        ).Failed(2, "there is no folder");
        (await Moga.RunAsync("forward", "--model", card, "--input", _folder.FullName, "--output", _folder.File("y.safetensors"))).Failed(
            2,
            "is a folder"
        );
        Assert.Equal(["card.json", "weights.safetensors", "x.safetensors"], _folder.FileNames.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("os_system.pth")]
    [InlineData("zip_bomb.pth")]
    [InlineData("html_page.pth.tar")]
    [InlineData("st_overlap.safetensors")]
    [InlineData("truncated_60pct.pth")]
    public async Task Hostile_weights_are_refused(string name)
    {
        string card = Fixtures.WriteModel(_folder, Fixtures.Small);
        WriteInput(new Tensor(new Shape(1, 3, 8, 8)));
        (await Forward(card, "--weights", Fixtures.Checkpoint("hostile", name))).Failed(1, name);
        Assert.False(File.Exists(_folder.File("y.safetensors")));
    }

    private void WriteInput(Tensor input) =>
        CheckpointWriter.SaveSafetensors(_folder.File("x.safetensors"), [TensorEntry.FromTensor("input", input)]);

    private Task<Outcome> Forward(string card, params string[] more) =>
        Moga.RunAsync([
            "forward",
            "--model",
            card,
            "--input",
            _folder.File("x.safetensors"),
            "--output",
            _folder.File("y.safetensors"),
            .. more,
        ]);
}
