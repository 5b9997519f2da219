using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;

namespace MogaSharp.Weights.Tests;

/// <summary>Official files whose names are not those that everyone uses, and tensors that follow from the network itself.</summary>
public sealed class OtherNetworkNamesTests
{
    private static readonly ConvNeXtOptions Small = new()
    {
        Dims = [8, 16],
        Depths = [1, 2],
        NumClasses = 3,
    };

    // The names of facebookresearch/ConvNeXt, and timm 0.6.13's for the same tensors (checkpoint_filter_fn of convnext.py).
    [Theory]
    [InlineData("downsample_layers.0.0.weight", "stem.0.weight")]
    [InlineData("downsample_layers.0.1.bias", "stem.1.bias")]
    [InlineData("downsample_layers.1.0.weight", "stages.1.downsample.0.weight")]
    [InlineData("downsample_layers.3.1.bias", "stages.3.downsample.1.bias")]
    [InlineData("stages.0.0.gamma", "stages.0.blocks.0.gamma")]
    [InlineData("stages.2.26.dwconv.weight", "stages.2.blocks.26.conv_dw.weight")]
    [InlineData("stages.2.0.norm.weight", "stages.2.blocks.0.norm.weight")]
    [InlineData("stages.3.2.pwconv1.weight", "stages.3.blocks.2.mlp.fc1.weight")]
    [InlineData("stages.3.2.pwconv2.bias", "stages.3.blocks.2.mlp.fc2.bias")]
    [InlineData("norm.weight", "head.norm.weight")]
    [InlineData("head.bias", "head.fc.bias")]
    public void ConvNeXt_s_original_names_become_timm_s(string original, string name)
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(name, Read(folder, One("model/stages.0.0.dwconv.weight"), One("model/" + original)).Tensors[1].Name);
        // HorNet's names begin alike and stay.
        Assert.Equal(original, Read(folder, One("model/stages.0.0.gnconv.dwconv.weight"), One("model/" + original)).Tensors[1].Name);
    }

    [Fact]
    public void An_original_ConvNeXt_file_binds()
    {
        IReadOnlyList<ParameterSpec> specs = Small.CreateDefinition().Build(new Shape(1, 3, 32, 32)).Parameters;
        WeightSet weights = FormulaWeights.Create(specs);
        using var folder = new TemporaryFolder();
        StateDict read = Read(folder, [.. weights.Names.Select(name => TensorEntry.FromTensor("model/" + Original(name), weights[name]))]);
        Assert.Equal(3, read.InferClassCount("head.fc"));
        Assert.Null(read.InferClassCount());
        WeightSet bound = read.Bind(specs);
        Assert.All(weights.Names, name => Assert.Equal(weights[name].Data, bound[name].Data));

        static string Original(string name) =>
            name.Replace("stem.", "downsample_layers.0.", StringComparison.Ordinal)
                .Replace("stages.1.downsample.", "downsample_layers.1.", StringComparison.Ordinal)
                .Replace(".blocks.", ".", StringComparison.Ordinal)
                .Replace("conv_dw", "dwconv", StringComparison.Ordinal)
                .Replace("mlp.fc", "pwconv", StringComparison.Ordinal)
                .Replace("head.norm.", "norm.", StringComparison.Ordinal)
                .Replace("head.fc.", "head.", StringComparison.Ordinal);
    }

    [Fact]
    public void ParC_Net_s_second_copy_of_a_block_is_left_aside()
    {
        using var folder = new TemporaryFolder();
        StateDict read = Read(folder, One("residual.block.red_1x1.block.conv.weight"), One("layer_5.0.block.red_1x1.block.conv.weight"));
        Assert.Equal(["layer_5.0.block.red_1x1.block.conv.weight"], read.Tensors.Select(tensor => tensor.Name));
        Assert.Equal(["residual.x"], Read(folder, One("residual.x")).Tensors.Select(tensor => tensor.Name));
    }

    [Fact]
    public void What_follows_from_the_network_is_computed_whatever_the_file_has()
    {
        SwinOptions options = new()
        {
            EmbedDim = 8,
            Depths = [2],
            Heads = [2],
            Window = 2,
            NumClasses = 3,
        };
        IReadOnlyList<ParameterSpec> large = options.CreateDefinition().Build(new Shape(1, 3, 32, 32)).Parameters,
            small = options.CreateDefinition().Build(new Shape(1, 3, 16, 16)).Parameters;
        WeightSet fresh = WeightInitializer.Create(small, 1);
        StateDict saved = StateDict.From(fresh);
        Assert.True(saved.TryGet("layers.0.blocks.0.attn.relative_position_index", out TensorEntry? index) && index.DType == DType.Int64);
        Assert.True(
            saved.TryGet("layers.0.blocks.1.attn_mask", out TensorEntry? mask)
                && mask.DType == DType.Float32
                && mask.Shape == new Shape(4, 4, 4)
        );

        // A mask of another picture size, and none at all.
        WeightSet bound = saved.Bind(large);
        WeightSet bare = new StateDict(
            saved.Tensors.Where(tensor =>
                !tensor.Name.Contains("attn_mask", StringComparison.Ordinal) && !tensor.Name.Contains("index", StringComparison.Ordinal)
            ),
            "bare"
        ).Bind(large);
        foreach (WeightSet set in new[] { bound, bare })
        {
            Assert.Equal(new Shape(16, 4, 4), set["layers.0.blocks.1.attn_mask"].Shape);
            Assert.Equal(WeightInitializer.Create(large, 2)["layers.0.blocks.1.attn_mask"].Data, set["layers.0.blocks.1.attn_mask"].Data);
            Assert.Equal(
                fresh["layers.0.blocks.0.attn.relative_position_index"].Data,
                set["layers.0.blocks.0.attn.relative_position_index"].Data
            );
            Assert.Equal(fresh["layers.0.blocks.0.attn.qkv.weight"].Data, set["layers.0.blocks.0.attn.qkv.weight"].Data);
        }
    }

    private static TensorEntry One(string name) => TensorEntry.FromTensor(name, new Tensor(new Shape(1)));

    private static StateDict Read(TemporaryFolder folder, params TensorEntry[] tensors)
    {
        string path = folder.File("original.pth");
        CheckpointWriter.SavePyTorch(path, tensors);
        using Checkpoint checkpoint = Checkpoint.Open(path);
        StateDict state = StateDict.From(checkpoint, new StateDictOptions { Forms = ModelFamilies.Forms });
        return new StateDict(state.Tensors.Select(tensor => TensorEntry.FromTensor(tensor.Name, tensor.ToTensor())), state.Source);
    }
}
