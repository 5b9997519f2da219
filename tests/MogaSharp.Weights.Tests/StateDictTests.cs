using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Weights.Tests;

public class StateDictTests
{
    private const string Small = "b0_state_dict_small.pth";

    [Theory]
    [InlineData("a_timm_saver.pth.tar", 10)]
    [InlineData("d_model_module_prefix.pth", 10)]
    [InlineData("g_openmixup.pth", 10)]
    [InlineData("g2_mm_backbone_only.pth", null)]
    public void The_number_of_classes_is_that_of_the_head(string name, int? classes)
    {
        using Checkpoint checkpoint = Open(name);
        Assert.Equal(classes, StateDict.From(checkpoint).InferClassCount());
    }

    [Fact]
    public void Ema_weights_are_taken_when_asked_for()
    {
        using Checkpoint checkpoint = Open("a_timm_saver.pth.tar");
        StateDict plain = StateDict.From(checkpoint);
        StateDict ema = StateDict.From(checkpoint, new StateDictOptions { Ema = true });
        Assert.Equal(plain.Tensors.Select(tensor => tensor.Name), ema.Tensors.Select(tensor => tensor.Name));
        Assert.Equal($"{checkpoint.FileName} (state_dict_ema)", ema.Source);
        Assert.NotEqual(plain.Tensors[0].ToBytes(), ema.Tensors[0].ToBytes());
    }

    [Fact]
    public void Ema_weights_that_are_not_there_are_an_error_that_says_what_is()
    {
        using Checkpoint checkpoint = Open("g_openmixup.pth");
        var problem = Assert.Throws<CheckpointFormatException>(() => StateDict.From(checkpoint, new StateDictOptions { Ema = true }));
        Assert.Contains("no EMA weights", problem.Message, StringComparison.Ordinal);
        Assert.Contains("state_dict (237 tensors)", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_without_state_dict_is_an_error_that_says_what_it_has()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("a.safetensors");
        CheckpointWriter.SaveSafetensors(
            path,
            [TensorEntry.FromInt64("deep/inside/x", new Shape(1), [1]), TensorEntry.FromInt64("deep/within/x", new Shape(1), [1])]
        );
        using Checkpoint checkpoint = Checkpoint.Open(path);
        var problem = Assert.Throws<CheckpointFormatException>(() => StateDict.From(checkpoint));
        Assert.Contains("It has: deep/inside (1 tensors), deep/within (1 tensors)", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_can_be_kept()
    {
        using Checkpoint checkpoint = Open("g_openmixup.pth");
        StateDict kept = StateDict.From(checkpoint, new StateDictOptions { KeepNames = true });
        Assert.True(kept.TryGet("head.fc.weight", out _));
        Assert.True(kept.TryGet("backbone.patch_embed1.projection.0.weight", out _));
    }

    [Fact]
    public void Another_name_neither_wraps_a_tensor_again_nor_forgets_what_its_conversion_lost()
    {
        TensorEntry tensor = TensorEntry.FromTensor("a", new Tensor(new Shape(2), [1, 1e-30f])).ConvertTo(DType.Float16);
        TensorEntry renamed = tensor.WithName("b").WithName("c");
        Assert.Equal(("c", DType.Float16, new Shape(2)), (renamed.Name, renamed.DType, renamed.Shape));
        Assert.Equal([1, 0], renamed.ToTensor().Data);
        Assert.Same(tensor.Losses, renamed.Losses);
        Assert.Same(tensor, tensor.WithName("a"));
    }

    [Fact]
    public void Names_that_meet_without_their_prefixes_are_an_error()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("a.safetensors");
        CheckpointWriter.SaveSafetensors(
            path,
            [TensorEntry.FromInt64("backbone.x", new Shape(1), [1]), TensorEntry.FromInt64("x", new Shape(1), [1])]
        );
        using Checkpoint checkpoint = Checkpoint.Open(path);
        var problem = Assert.Throws<CheckpointFormatException>(() => StateDict.From(checkpoint));
        Assert.Contains("named 'x' once their prefixes are removed", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Binding_gives_float32_under_official_names()
    {
        using Checkpoint checkpoint = Open("g_openmixup.pth");
        StateDict weights = StateDict.From(checkpoint);
        WeightSet bound = weights.Bind(SpecsOf(weights));
        Assert.Equal(weights.Tensors.Count, bound.Names.Count);
        Assert.Equal(weights.Tensors[0].ToTensor().Data, bound[weights.Tensors[0].Name].Data);
    }

    [Fact]
    public void Binding_lists_every_difference_counts_first()
    {
        using Checkpoint checkpoint = Open(Small);
        StateDict weights = StateDict.From(checkpoint);
        List<ParameterSpec> specs = SpecsOf(weights);
        specs.RemoveAll(spec => spec.Name == "norm1.weight" || spec.Name == "norm1.bias");
        specs.Add(new ParameterSpec("extra.weight", new Shape(2), ParameterKind.Parameter, Initializer.Zeros));
        int head = specs.FindIndex(spec => spec.Name == "head.weight");
        specs[head] = specs[head] with { Shape = new Shape(1000, 16) };

        var problem = Assert.Throws<WeightMismatchException>(() => weights.Bind(specs));
        Assert.Equal(["extra.weight"], problem.Mismatch.Missing);
        Assert.Equal(["norm1.weight", "norm1.bias"], problem.Mismatch.Unexpected);
        Assert.Equal([new ShapeMismatch("head.weight", new Shape(1000, 16), new Shape(10, 16))], problem.Mismatch.WrongShape);
        Assert.Equal(
            $"""
            The weights of {checkpoint.FileName} do not fit the network: 1 missing, 2 unexpected, 1 of wrong shape.
            Missing: extra.weight.
            Unexpected: norm1.weight, norm1.bias.
            Wrong shape: head.weight (needs 1000x16, has 10x16).
            """,
            problem.Message
        );
    }

    [Fact]
    public void Missing_buffers_are_an_error_unless_filled()
    {
        using Checkpoint checkpoint = Open("b3_plain_dict_of_parameters.pth");
        using Checkpoint complete = Open(Small);
        List<ParameterSpec> specs = SpecsOf(StateDict.From(complete));
        StateDict weights = StateDict.From(checkpoint);

        var problem = Assert.Throws<WeightMismatchException>(() => weights.Bind(specs));
        Assert.NotEmpty(problem.Mismatch.Missing);
        Assert.All(problem.Mismatch.Missing, name => Assert.Contains("running_", name, StringComparison.Ordinal));

        WeightSet filled = weights.Bind(specs, new BindOptions { FillMissingBuffers = true });
        Assert.Equal(specs.Count, filled.Names.Count);
        Assert.All(filled["norm1.running_var"].Data, value => Assert.Equal(1, value));
        Assert.All(filled["norm1.running_mean"].Data, value => Assert.Equal(0, value));
        Assert.Equal([0f], filled["norm1.num_batches_tracked"].Data);
    }

    [Fact]
    public void A_backbone_may_lack_its_head_when_told_so()
    {
        using Checkpoint checkpoint = Open("g2_mm_backbone_only.pth");
        using Checkpoint complete = Open(Small);
        List<ParameterSpec> specs = SpecsOf(StateDict.From(complete));
        StateDict weights = StateDict.From(checkpoint);
        Assert.Equal(["head.weight", "head.bias"], Assert.Throws<WeightMismatchException>(() => weights.Bind(specs)).Mismatch.Missing);
        WeightSet bound = weights.Bind(specs, new BindOptions { IgnoreMissing = ["head."] });
        Assert.False(bound.TryGet("head.weight", out _));
        Assert.Equal(specs.Count - 2, bound.Names.Count);
    }

    [Fact]
    public void Unexpected_tensors_can_be_left_aside()
    {
        using Checkpoint checkpoint = Open(Small);
        StateDict weights = StateDict.From(checkpoint);
        List<ParameterSpec> specs = [.. SpecsOf(weights).Where(spec => !spec.Name.StartsWith("head.", StringComparison.Ordinal))];
        Assert.Throws<WeightMismatchException>(() => weights.Bind(specs));
        Assert.Equal(specs.Count, weights.Bind(specs, new BindOptions { IgnoreUnexpected = ["head."] }).Names.Count);
    }

    [Fact]
    public void A_weight_set_becomes_a_state_dict_with_integer_counters()
    {
        var counter = new Tensor(new Shape(), [3]);
        var weights = new WeightSet([
            KeyValuePair.Create("b.weight", new Tensor(new Shape(2), [1, 2])),
            KeyValuePair.Create("a.num_batches_tracked", counter),
        ]);
        StateDict dict = StateDict.From(weights);
        Assert.Equal(["a.num_batches_tracked: Int64 scalar", "b.weight: Float32 2"], dict.Tensors.Select(tensor => tensor.ToString()));
        Assert.Equal([3], dict.Tensors[0].ToInt64());
    }

    private static Checkpoint Open(string name) => Checkpoint.Open(Fixtures.PathOf(name));

    /// <summary>Specs that a complete state dict fits, with the initialisers that batch norms have.</summary>
    private static List<ParameterSpec> SpecsOf(StateDict weights) =>
        [
            .. weights.Tensors.Select(tensor =>
            {
                string last = tensor.Name[(tensor.Name.LastIndexOf('.') + 1)..];
                return last switch
                {
                    "num_batches_tracked" => new ParameterSpec(
                        tensor.Name,
                        tensor.Shape,
                        ParameterKind.Buffer,
                        Initializer.Zeros,
                        IsOptional: true
                    ),
                    "running_mean" => new ParameterSpec(tensor.Name, tensor.Shape, ParameterKind.Buffer, Initializer.Zeros),
                    "running_var" => new ParameterSpec(tensor.Name, tensor.Shape, ParameterKind.Buffer, Initializer.Ones),
                    _ => new ParameterSpec(tensor.Name, tensor.Shape, ParameterKind.Parameter, new Initializer.TruncatedNormal(0.02)),
                };
            }),
        ];
}
