using MogaSharp.Cpu.Passes;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Tests.Passes;

/// <summary>That the passes about linear layers, layer norms and windows fire where they should, and only there.</summary>
public sealed class TokenPassTests : PassFixture
{
    [Fact]
    public void A_linear_layer_on_a_map_is_a_convolution()
    {
        Rewritten y = Apply(new LinearToPointwise(), x => Root.Linear("fc", x, 6));
        Assert.True(y.Fired);
        Assert.Equal(["Input", "Conv2d"], y.Kinds);
    }

    [Fact]
    public void A_linear_layer_on_a_vector_stays() =>
        Assert.False(Apply(new LinearToPointwise(), x => Root.Linear("fc", Root.SpatialMean(x), 6)).Fired);

    [Fact]
    public void A_linear_layer_with_a_weight_that_is_not_finite_stays() =>
        Assert.False(Apply(new LinearToPointwise(), x => Root.Linear("fc", x, 6), poison: ("fc.weight", float.NaN)).Fired);

    [Fact]
    public void A_constant_factor_after_a_convolution_becomes_an_affine_map() =>
        Assert.Equal(
            ["Input", "Conv2d", "ChannelAffine"],
            Apply(new ConstantFactorToAffine(), x => Root.Add(new ScalarMultiply(0.5), Root.DepthwiseConv("dw", x, 3))).Kinds
        );

    [Fact]
    public void A_constant_factor_elsewhere_stays() =>
        Assert.False(Apply(new ConstantFactorToAffine(), x => Root.Add(new ScalarMultiply(0.5), x)).Fired);

    [Fact]
    public void A_layer_norm_on_a_map_is_split() =>
        Assert.Equal(["Input", "LayerNorm", "ChannelAffine"], Apply(new SplitLayerNorm(), x => Root.LayerNorm("norm", x)).Kinds);

    [Fact]
    public void A_layer_norm_on_a_vector_is_not_split() =>
        Assert.False(Apply(new SplitLayerNorm(), x => Root.LayerNorm("norm", Root.SpatialMean(x))).Fired);

    [Fact]
    public void An_affine_map_after_a_layer_norm_goes_into_it()
    {
        Rewritten y = Apply(new AffineIntoLayerNorm(), x => Affine("a", Root.LayerNorm("norm", x)));
        Assert.True(y.Fired);
        Assert.Equal(["Input", "LayerNorm"], y.Kinds);
    }

    [Fact]
    public void An_affine_map_that_is_not_finite_stays_after_a_layer_norm() =>
        Assert.False(
            Apply(new AffineIntoLayerNorm(), x => Affine("a", Root.LayerNorm("norm", x)), poison: ("a.scale", float.PositiveInfinity)).Fired
        );

    [Fact]
    public void Ranges_of_ranges_are_ranges()
    {
        Rewritten y = Apply(new MergeSlices(), x => Root.Slice(Root.Slice(x, 1, 3), 1, 2));
        Assert.Equal(["Input", "ChannelSlice"], y.Kinds);
        Assert.Equal(new ChannelSlice(2, 2), y.Graph.Values[1].Op);
    }

    [Fact]
    public void Windows_are_cut_after_what_works_on_pixels() =>
        Assert.Equal(
            ["Input", "Conv2d", "WindowPartition"],
            Apply(new WindowsNextToAttention(), x => Root.Conv("c", Root.Add(new WindowPartition(3, 1), x), 6, 1)).Kinds
        );

    [Fact]
    public void Windows_are_put_together_before_what_works_on_pixels()
    {
        Rewritten y = Apply(
            new WindowsNextToAttention(),
            x =>
            {
                Value windows = Root.Activate(ActivationKind.Relu, Root.Add(new AveragePool2d(3), Root.Add(new WindowPartition(3), x)));
                return Root.Add(new WindowMerge(3), windows, x);
            }
        );
        Assert.Equal(["Input", "WindowPartition", "AveragePool2d", "WindowMerge", "Relu"], y.Kinds);
    }

    [Fact]
    public void Windows_stay_before_a_convolution_that_sees_where_they_end()
    {
        Assert.False(Apply(new WindowsNextToAttention(), x => Root.Add(new WindowMerge(3), Convolved(x), x)).Fired);

        Value Convolved(Value x) => Root.Conv("c", Root.Add(new WindowPartition(3), x), 4, 3, padding: 1);
    }

    [Fact]
    public void Windows_that_others_read_stay()
    {
        Assert.False(Apply(new WindowsNextToAttention(), x => Read(Root.Add(new WindowPartition(3), x))).Fired);

        Value Read(Value windows) => Root.Conv("c", windows, 4, 1) + windows;
    }

    [Fact]
    public void A_size_is_taken_from_where_it_is_first_known()
    {
        Assert.Equal(
            ["Input", "WindowPartition", "WindowMerge"],
            Apply(
                new SizeFromSource(),
                x => Root.Add(new WindowMerge(3), Root.Add(new WindowPartition(3), x), Root.LayerNorm("norm", x))
            ).Kinds
        );
    }

    [Fact]
    public void A_size_that_a_stride_makes_is_not_looked_for_before_it()
    {
        Assert.False(Apply(new SizeFromSource(), x => Fourier(Root.Conv("c", x, 4, 3, stride: 2, padding: 1))).Fired);

        Value Fourier(Value pooled) => Root.Add(new InverseRealFft2d(), Root.Add(new RealFft2d(), pooled), pooled);
    }
}
