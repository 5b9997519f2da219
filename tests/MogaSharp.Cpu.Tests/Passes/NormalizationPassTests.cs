using MogaSharp.Cpu.Passes;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Tests.Passes;

/// <summary>That the passes about affine maps fire where they should, and only there.</summary>
public sealed class NormalizationPassTests : PassFixture
{
    [Fact]
    public void A_batch_norm_becomes_an_affine_map()
    {
        Rewritten y = Apply(new BatchNormToAffine(), Root.BatchNorm("norm", Map(4)));
        Assert.True(y.Fired);
        Assert.Equal(["Input", "ChannelAffine"], y.Kinds);
        Assert.Equal(["norm|scale", "norm|shift"], y.Graph.Parameters.Select(spec => spec.Name));
    }

    [Fact]
    public void A_batch_norm_of_negative_variance_stays() =>
        Assert.False(Apply(new BatchNormToAffine(), Root.BatchNorm("norm", Map(4)), poison: ("norm.running_var", -1)).Fired);

    [Fact]
    public void Two_affine_maps_become_one_even_with_another_reader()
    {
        Assert.Equal(["Input", "ChannelAffine"], Apply(new MergeAffines(), Affine("b", Affine("a", Map(4)))).Kinds);
        NewGraph();
        Value inner = Root["a"].Scale("scale", Map(4), 1);
        Rewritten y = Apply(new MergeAffines(), Root["c"].Scale("scale", inner, 1) + inner);
        Assert.True(y.Fired);
        Assert.Equal(["Input", "ChannelAffine", "ChannelAffine", "Add"], y.Kinds);
    }

    [Fact]
    public void Affine_maps_that_overflow_together_stay()
    {
        Value y = Root["b"].Scale("scale", Root["a"].Scale("scale", Map(4), 1), 1);
        Assert.False(Apply(new MergeAffines(), y, ("a.scale", 1e30f), ("b.scale", 1e30f)).Fired);
        Assert.False(Apply(new MergeAffines(), y, ("a.scale", float.NaN)).Fired);
    }

    [Fact]
    public void A_pool_goes_before_an_affine_map_where_it_keeps_its_dimensions()
    {
        Value affine = Root["a"].Scale("scale", Map(4), 1);
        Rewritten y = Apply(new PoolBeforeAffine(), Root.GlobalAveragePool(affine));
        Assert.True(y.Fired);
        Assert.Equal(["Input", "GlobalAveragePool", "ChannelAffine"], y.Kinds);
        NewGraph();
        Assert.False(Apply(new PoolBeforeAffine(), Root.SpatialMean(Affine("a", Map(4)))).Fired);
    }

    [Theory]
    [InlineData(1, 1, 0, 1, true)]
    [InlineData(3, 1, 0, 1, true)]
    [InlineData(3, 2, 0, 4, true)]
    [InlineData(3, 1, 1, 1, false)]
    [InlineData(1, 1, 1, 1, false)]
    [InlineData(3, 1, 1, 4, false)]
    public void An_affine_map_goes_into_the_next_convolution_unless_that_pads(int kernel, int stride, int padding, int groups, bool fires)
    {
        Value y = Root.Conv("conv", Affine("a", Map(4)), 8, kernel, stride, padding, groups: groups);
        Rewritten rewritten = Apply(new FoldAffineIntoNextConv(), y);
        Assert.Equal(fires, rewritten.Fired);
        if (fires)
            Assert.Equal(["Input", "Conv2d"], rewritten.Kinds);
    }

    [Fact]
    public void An_affine_map_read_twice_still_goes_into_the_next_convolution()
    {
        Value affine = Affine("a", Map(4));
        Rewritten y = Apply(new FoldAffineIntoNextConv(), Root.Conv("conv", affine, 4, 1) + affine);
        Assert.True(y.Fired);
        Assert.Equal(["Input", "ChannelAffine", "Conv2d", "Add"], y.Kinds);
    }

    [Theory]
    [InlineData(1, 0, 1)]
    [InlineData(3, 1, 1)]
    [InlineData(3, 2, 4)]
    public void An_affine_map_goes_into_the_convolution_before(int kernel, int padding, int groups)
    {
        Rewritten y = Apply(
            new FoldAffineIntoPreviousConv(),
            Affine("a", Root.Conv("conv", Map(4), 8, kernel, padding: padding, groups: groups))
        );
        Assert.True(y.Fired);
        Assert.Equal(["Input", "Conv2d"], y.Kinds);
    }

    [Fact]
    public void An_affine_map_does_not_go_into_a_convolution_that_others_read()
    {
        Value conv = Root.Conv("conv", Map(4), 4, 1);
        Assert.False(Apply(new FoldAffineIntoPreviousConv(), Affine("a", conv) + conv).Fired);
        Assert.False(Apply(new FoldAffineIntoPreviousConv(), [Affine("b", conv), conv]).Fired);
    }

    [Theory]
    [InlineData("a.scale")]
    [InlineData("a.shift")]
    [InlineData("conv.weight")]
    [InlineData("conv.bias")]
    public void Nothing_is_folded_with_weights_that_are_not_finite(string name)
    {
        Value x = Map(4);
        Assert.False(Apply(new FoldAffineIntoNextConv(), Root.Conv("conv", Affine("a", x), 4, 1), (name, float.PositiveInfinity)).Fired);
        NewGraph();
        Assert.False(Apply(new FoldAffineIntoPreviousConv(), Affine("a", Root.Conv("conv", Map(4), 4, 1)), (name, float.NaN)).Fired);
    }

    [Fact]
    public void An_affine_map_is_distributed_over_a_sum_that_can_take_it()
    {
        Value x = Map(4);
        Rewritten y = Apply(new DistributeAffineOverSum(), Affine("a", Root.Conv("conv", x, 4, 1) + x));
        Assert.True(y.Fired);
        Assert.Equal(["Input", "Conv2d", "ChannelAffine", "ChannelAffine", "Add"], y.Kinds);
        NewGraph();
        x = Map(4);
        Value sum = Root.Conv("conv", x, 4, 1) + x;
        Assert.False(Apply(new DistributeAffineOverSum(), [Affine("a", sum), sum]).Fired);
        NewGraph();
        x = Map(4);
        Assert.False(Apply(new DistributeAffineOverSum(), Affine("a", x + Root.Activate(ActivationKind.Relu, x))).Fired);
        NewGraph();
        x = Map(4);
        Assert.False(Apply(new DistributeAffineOverSum(), Affine("a", Root.Conv("conv", x, 4, 1) + Root.Conv("one", x, 1, 1))).Fired);
    }

    [Fact]
    public void Shortcuts_of_the_same_value_become_one()
    {
        Value x = Map(4);
        Rewritten y = Apply(new MergeShortcuts(), x + (Root.Conv("conv", x, 4, 1) + Affine("a", x)));
        Assert.True(y.Fired);
        Assert.Equal(["Input", "Conv2d", "ChannelAffine", "Add"], y.Kinds);
        NewGraph();
        x = Map(4);
        Value sum = Affine("a", x) + Root.Conv("conv", x, 4, 1);
        Assert.True(Apply(new MergeShortcuts(), sum + x).Fired);
        Assert.False(Apply(new MergeShortcuts(), [sum + x, sum]).Fired);
        Value other = Root.Activate(ActivationKind.Relu, x);
        Assert.False(Apply(new MergeShortcuts(), sum + other).Fired);
    }
}
