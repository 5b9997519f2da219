using MogaSharp.Cpu.Passes;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Tests.Passes;

/// <summary>That the passes about linear layers, layer norms and windows fire where they should, and only there.</summary>
public sealed class TokenPassTests : PassFixture
{
    [Fact]
    public void A_linear_layer_on_a_map_is_a_convolution()
    {
        Rewritten y = Apply(new LinearToPointwise(), Root.Linear("fc", Map(4), 6));
        Assert.True(y.Fired);
        Assert.Equal(["Input", "Conv2d"], y.Kinds);
    }

    [Fact]
    public void A_linear_layer_on_a_vector_stays() =>
        Assert.False(Apply(new LinearToPointwise(), Root.Linear("fc", Root.SpatialMean(Map(4)), 6)).Fired);

    [Fact]
    public void A_linear_layer_with_a_weight_that_is_not_finite_stays() =>
        Assert.False(Apply(new LinearToPointwise(), Root.Linear("fc", Map(4), 6), poison: ("fc.weight", float.NaN)).Fired);

    [Fact]
    public void A_constant_factor_after_a_convolution_becomes_an_affine_map() =>
        Assert.Equal(
            ["Input", "Conv2d", "ChannelAffine"],
            Apply(new ConstantFactorToAffine(), Root.Add(new ScalarMultiply(0.5), Root.DepthwiseConv("dw", Map(4), 3))).Kinds
        );

    [Fact]
    public void A_constant_factor_elsewhere_stays() =>
        Assert.False(Apply(new ConstantFactorToAffine(), Root.Add(new ScalarMultiply(0.5), Map(4))).Fired);

    [Fact]
    public void A_layer_norm_on_a_map_is_split() =>
        Assert.Equal(["Input", "LayerNorm", "ChannelAffine"], Apply(new SplitLayerNorm(), Root.LayerNorm("norm", Map(4))).Kinds);

    [Fact]
    public void A_layer_norm_on_a_vector_is_not_split() =>
        Assert.False(Apply(new SplitLayerNorm(), Root.LayerNorm("norm", Root.SpatialMean(Map(4)))).Fired);

    [Fact]
    public void An_affine_map_after_a_layer_norm_goes_into_it()
    {
        Rewritten y = Apply(new AffineIntoLayerNorm(), Affine("a", Root.LayerNorm("norm", Map(4))));
        Assert.True(y.Fired);
        Assert.Equal(["Input", "LayerNorm"], y.Kinds);
    }

    [Fact]
    public void An_affine_map_that_is_not_finite_stays_after_a_layer_norm() =>
        Assert.False(
            Apply(new AffineIntoLayerNorm(), Affine("a", Root.LayerNorm("norm", Map(4))), poison: ("a.scale", float.PositiveInfinity)).Fired
        );

    [Fact]
    public void Ranges_of_ranges_are_ranges()
    {
        Rewritten y = Apply(new MergeSlices(), Root.Slice(Root.Slice(Map(9), 2, 6), 1, 3));
        Assert.Equal(["Input", "ChannelSlice"], y.Kinds);
        Assert.Equal(new ChannelSlice(3, 3), y.Graph.Values[1].Op);
    }

    [Fact]
    public void Windows_are_cut_after_what_works_on_pixels() =>
        Assert.Equal(
            ["Input", "Conv2d", "WindowPartition"],
            Apply(new WindowsNextToAttention(), Root.Conv("c", Root.Add(new WindowPartition(3, 1), Square(4)), 6, 1)).Kinds
        );

    [Fact]
    public void Windows_are_put_together_before_what_works_on_pixels()
    {
        Value x = Square(4);
        Value windows = Root.Activate(ActivationKind.Relu, Root.Add(new AveragePool2d(3), Root.Add(new WindowPartition(3), x)));
        Rewritten y = Apply(new WindowsNextToAttention(), Root.Add(new WindowMerge(3), windows, x));
        Assert.Equal(["Input", "WindowPartition", "AveragePool2d", "WindowMerge", "Relu"], y.Kinds);
    }

    [Fact]
    public void Windows_stay_before_a_convolution_that_sees_where_they_end()
    {
        Value x = Square(4);
        Value convolved = Root.Conv("c", Root.Add(new WindowPartition(3), x), 4, 3, padding: 1);
        Assert.False(Apply(new WindowsNextToAttention(), Root.Add(new WindowMerge(3), convolved, x)).Fired);
    }

    [Fact]
    public void Windows_that_others_read_stay()
    {
        Value windows = Root.Add(new WindowPartition(3), Square(4));
        Assert.False(Apply(new WindowsNextToAttention(), Root.Conv("c", windows, 4, 1) + windows).Fired);
    }

    [Fact]
    public void A_size_is_taken_from_where_it_is_first_known()
    {
        Value x = Square(4);
        Value norm = Root.LayerNorm("norm", x);
        Value windows = Root.Add(new WindowMerge(3), Root.Add(new WindowPartition(3), x), norm);
        Assert.Equal(["Input", "WindowPartition", "WindowMerge"], Apply(new SizeFromSource(), windows).Kinds);
    }

    [Fact]
    public void A_size_that_a_stride_makes_is_not_looked_for_before_it()
    {
        Value pooled = Root.Conv("c", Square(4), 4, 3, stride: 2, padding: 1);
        Value fourier = Root.Add(new InverseRealFft2d(), Root.Add(new RealFft2d(), pooled), pooled);
        Assert.False(Apply(new SizeFromSource(), fourier).Fired);
    }

    private Value Square(int channels) => Root.Builder.Input("x", new Shape(2, channels, 6, 9));
}
