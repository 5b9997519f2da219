using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Weights.Tests;

/// <summary>Where a network's weights are found, and what is left aside or refused.</summary>
public sealed class NetworkWeightsTests : IDisposable
{
    private static readonly string[] Names = ["stem.weight", "blocks1.0.weight", "blocks1.1.weight", "head.weight"];

    private static readonly ParameterSpec[] Specs =
    [
        .. Names.Select(name => new ParameterSpec(name, new Shape(2), ParameterKind.Parameter, Initializer.Zeros)),
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("", 0)]
    [InlineData("module.", 0)]
    [InlineData("_orig_mod.module.", 0)]
    [InlineData("module._orig_mod.model.net.", 0)]
    [InlineData("state_dict/net._orig_mod.", 0)]
    [InlineData("model_state_dict/", 0)]
    [InlineData("model/state_dict/", 0)]
    [InlineData("my_wrapper.", 1)]
    [InlineData("checkpoint/weights_of_mine/", 1)]
    public void Weights_are_found_under_any_key_and_prefix(string before, int notes)
    {
        StateDict state = Read(false, null, [.. Names.Select((name, i) => One(before + name, i))]);
        WeightSet bound = state.Bind(Specs);
        for (int i = 0; i < Names.Length; i++)
            Assert.Equal([i, i], bound[Names[i]].Data);
        Assert.Equal(notes, state.Notes.Count);
    }

    [Fact]
    public void Optimizers_and_averages_are_never_taken_for_weights()
    {
        TensorEntry[] tensors = [.. Set("optimizer/exp_avg/", 1), .. Set("ema_model.", 2), .. Set("model.", 3)];
        Assert.Equal([3, 3], Read(false, null, tensors).Bind(Specs)["stem.weight"].Data);
        Assert.Equal([2, 2], Read(true, null, tensors).Bind(Specs)["stem.weight"].Data);
        Assert.Throws<WeightMismatchException>(() =>
            Read(false, null, [.. Set("optimizer/exp_avg/", 1), One("state_dict/x.weight", 1)]).Bind(Specs)
        );
    }

    [Fact]
    public void Several_sets_that_fit_are_told_apart_by_a_key()
    {
        TensorEntry[] tensors = [.. Set("student/", 1), .. Set("teacher/", 2)];
        var problem = Assert.Throws<CheckpointFormatException>(() => Read(false, null, tensors));
        Assert.Contains("'student' (4 tensors), 'teacher' (4 tensors). Name one with --key", problem.Message, StringComparison.Ordinal);
        Assert.Equal([2, 2], Read(false, "teacher", tensors).Bind(Specs)["stem.weight"].Data);
        Assert.Equal([2, 2], Read(false, "teacher", [.. Set("student.", 1), .. Set("teacher.", 2)]).Bind(Specs)["stem.weight"].Data);
        Assert.Contains(
            "no weights under 'master'",
            Assert.Throws<CheckpointFormatException>(() => Read(false, "master", tensors)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Averages_of_mmcv_s_hook_are_taken_when_asked_for()
    {
        TensorEntry[] tensors =
        [
            .. Set("state_dict/backbone.", 1),
            .. Names.Select(name => One($"state_dict/ema_backbone_{name.Replace('.', '_')}", 2)),
        ];
        StateDict plain = Read(false, null, tensors);
        Assert.Equal([1, 1], plain.Bind(Specs)["stem.weight"].Data);
        Assert.Contains("4 tensors of a moving average left aside", Assert.Single(plain.Notes), StringComparison.Ordinal);
        Assert.Equal([2, 2], Read(true, null, tensors).Bind(Specs)["stem.weight"].Data);
    }

    [Fact]
    public void Heads_beside_the_network_are_left_aside()
    {
        StateDict state = Read(false, null, [.. Set("", 1), One("aux_head.weight", 5), One("neck.conv.weight", 5)]);
        Assert.Equal(["2 tensors beside the network's left aside (aux_head.weight, neck.conv.weight)"], state.Notes);
        Assert.Equal(4, state.Bind(Specs).Names.Count);
    }

    [Theory]
    [InlineData("blocks1.2.weight")]
    [InlineData("blocks2.0.weight")]
    [InlineData("stem.bias")]
    [InlineData("pos_embed")]
    public void Tensors_that_mean_another_network_are_refused(string name)
    {
        var problem = Assert.Throws<WeightMismatchException>(() => Read(false, null, [.. Set("", 1), One(name, 5)]).Bind(Specs));
        Assert.Equal([name], problem.Mismatch.Unexpected);
    }

    [Fact]
    public void A_missing_tensor_is_refused_whatever_lies_beside() =>
        Assert.Throws<WeightMismatchException>(() => Read(false, null, [.. Set("", 1)[1..], One("aux_head.weight", 5)]).Bind(Specs));

    [Fact]
    public void A_message_about_many_differences_is_short()
    {
        TensorEntry[] tensors =
        [
            .. Enumerable.Range(0, 1000).Select(i => One($"my_own_wrapper.some.other.network.with.long.names.{i}.weight", 1)),
        ];
        var problem = Assert.Throws<WeightMismatchException>(() => Read(false, null, tensors).Bind(Specs));
        Assert.Equal(1000, problem.Mismatch.Unexpected.Count);
        Assert.InRange(problem.Message.Length, 100, 2000);
        Assert.Contains("and 995 more", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Values_beyond_the_range_of_float16_are_refused_and_nothing_is_left()
    {
        TensorEntry big = TensorEntry.FromTensor("norm.running_var", new Tensor(new Shape(2), [1e5f, 1])).ConvertTo(DType.Float16);
        string path = _folder.File("half.safetensors");
        var problem = Assert.Throws<WeightRangeException>(() => CheckpointWriter.SaveSafetensors(path, [big]));
        Assert.Contains("1 finite values are beyond its range of ±65504", problem.Message, StringComparison.Ordinal);
        Assert.Contains("100000 in 'norm.running_var'; store as bfloat16 or float32", problem.Message, StringComparison.Ordinal);
        Assert.Throws<WeightRangeException>(() => CheckpointWriter.SavePyTorch(path, [big]));
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(path)!));
        TensorEntry small = TensorEntry.FromTensor("w", new Tensor(new Shape(2), [1e-9f, float.PositiveInfinity])).ConvertTo(DType.Float16);
        Assert.Equal(
            "1 values that are too small for float16 became zero, in 1 tensor (the first: w)",
            Assert.Single(CheckpointWriter.SaveSafetensors(path, [small]))
        );
    }

    [Theory]
    [InlineData("model.safetensors.index.json", 0)]
    [InlineData("model-00002-of-00002.safetensors", 1)]
    public void A_checkpoint_in_parts_is_opened_as_one(string name, int notes)
    {
        WriteParts("model-00002-of-00002.safetensors");
        using Checkpoint checkpoint = Checkpoint.Open(_folder.File(name));
        Assert.Equal(["a", "b"], checkpoint.Tensors.Select(tensor => tensor.Name));
        Assert.Equal(notes, checkpoint.Notes.Count);
    }

    [Fact]
    public void An_index_may_begin_with_a_mark_of_the_byte_order()
    {
        WriteParts("model-00002-of-00002.safetensors");
        string path = _folder.File("model.safetensors.index.json");
        File.WriteAllBytes(path, [0xEF, 0xBB, 0xBF, .. File.ReadAllBytes(path)]);
        using Checkpoint checkpoint = Checkpoint.Open(path);
        Assert.Equal(["a", "b"], checkpoint.Tensors.Select(tensor => tensor.Name));
    }

    [Theory]
    [InlineData("../x.safetensors", "not a weight file beside it")]
    [InlineData("/etc/passwd", "not a weight file beside it")]
    [InlineData("missing.safetensors", "'missing.safetensors' that the index names is not there")]
    [InlineData("model-00001-of-00002.safetensors", "lacks the tensor 'b'")]
    public void An_index_that_names_other_files_is_refused(string part, string reason)
    {
        WriteParts(part);
        var problem = Assert.Throws<CheckpointFormatException>(() => Checkpoint.Open(_folder.File("model.safetensors.index.json")));
        Assert.Contains(reason, problem.Message, StringComparison.Ordinal);
    }

    private void WriteParts(string second)
    {
        CheckpointWriter.SaveSafetensors(_folder.File("model-00001-of-00002.safetensors"), [One("a", 1)]);
        CheckpointWriter.SaveSafetensors(_folder.File("model-00002-of-00002.safetensors"), [One("b", 2)]);
        File.WriteAllText(
            _folder.File("model.safetensors.index.json"),
            $$$"""{"metadata":{},"weight_map":{"a":"model-00001-of-00002.safetensors","b":"{{{second}}}"}}"""
        );
    }

    private static TensorEntry[] Set(string before, float value) => [.. Names.Select(name => One(before + name, value))];

    private static TensorEntry One(string name, float value) => TensorEntry.FromTensor(name, new Tensor(new Shape(2), [value, value]));

    private StateDict Read(bool ema, string? key, TensorEntry[] tensors)
    {
        string path = _folder.File($"{Guid.NewGuid():N}.safetensors");
        CheckpointWriter.SaveSafetensors(path, tensors);
        // Tensors are read after this; the folder outlives them.
        return StateDict.For(Checkpoint.Open(path), Specs, new StateDictOptions { Ema = ema, Key = key });
    }
}
