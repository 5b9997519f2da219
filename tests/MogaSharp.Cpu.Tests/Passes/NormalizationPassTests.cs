using MogaSharp.Cpu.Passes;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Tests.Passes;

/// <summary>That the passes about affine maps fire where they should, and only there.</summary>
public sealed class NormalizationPassTests : PassFixture
{
    [Fact]
    public void A_batch_norm_becomes_an_affine_map()
    {
        Rewritten y = Apply(new BatchNormToAffine(), x => Root.BatchNorm("norm", x));
        Assert.True(y.Fired);
        Assert.Equal(["Input", "ChannelAffine"], y.Kinds);
        Assert.Equal(["norm|scale", "norm|shift"], y.Graph.Parameters.Select(spec => spec.Name));
    }

    [Fact]
    public void A_batch_norm_of_negative_variance_stays() =>
        Assert.False(Apply(new BatchNormToAffine(), x => Root.BatchNorm("norm", x), poison: ("norm.running_var", -1)).Fired);

    [Fact]
    public void Two_affine_maps_become_one() =>
        Assert.Equal(["Input", "ChannelAffine"], Apply(new MergeAffines(), x => Affine("b", Affine("a", x))).Kinds);

    [Fact]
    public void Two_affine_maps_become_one_even_with_another_reader()
    {
        Rewritten y = Apply(new MergeAffines(), x => Root["a"].Scale("scale", x, 1) is var a ? Root["c"].Scale("scale", a, 1) + a : a);
        Assert.True(y.Fired);
        Assert.Equal(["Input", "ChannelAffine", "ChannelAffine", "Add"], y.Kinds);
        // Both maps read the input now.
        Assert.All(y.Graph.Values.Where(value => value.Op is ChannelAffine), value => Assert.IsType<Input>(value.Inputs[0].Op));
    }

    [Fact]
    public void Affine_maps_that_overflow_together_stay()
    {
        Assert.False(Apply(new MergeAffines(), Two, ("a.scale", 1e30f), ("b.scale", 1e30f)).Fired);
        Assert.False(Apply(new MergeAffines(), Two, ("a.scale", float.NaN)).Fired);

        Value Two(Value x) => Root["b"].Scale("scale", Root["a"].Scale("scale", x, 1), 1);
    }

    [Fact]
    public void A_pool_goes_before_an_affine_map_where_it_keeps_its_dimensions()
    {
        Rewritten y = Apply(new PoolBeforeAffine(), x => Root.GlobalAveragePool(Root["a"].Scale("scale", x, 1)));
        Assert.True(y.Fired);
        Assert.Equal(["Input", "GlobalAveragePool", "ChannelAffine"], y.Kinds);
        Assert.False(Apply(new PoolBeforeAffine(), x => Root.SpatialMean(Affine("a", x))).Fired);
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
        Rewritten y = Apply(
            new FoldAffineIntoNextConv(),
            x => Root.Conv("conv", Affine("a", x), 8, kernel, stride, padding, groups: groups)
        );
        Assert.Equal(fires, y.Fired);
        Assert.Equal(fires ? ["Input", "Conv2d"] : ["Input", "ChannelAffine", "Conv2d"], y.Kinds);
    }

    [Fact]
    public void An_affine_map_read_twice_still_goes_into_the_next_convolution()
    {
        Rewritten y = Apply(new FoldAffineIntoNextConv(), x => Affine("a", x) is var a ? Root.Conv("conv", a, 4, 1) + a : a);
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
            x => Affine("a", Root.Conv("conv", x, 8, kernel, padding: padding, groups: groups))
        );
        Assert.True(y.Fired);
        Assert.Equal(["Input", "Conv2d"], y.Kinds);
    }

    [Fact]
    public void An_affine_map_does_not_go_into_a_convolution_that_others_read()
    {
        Assert.False(Apply(new FoldAffineIntoPreviousConv(), x => Conv(x) is var y ? Affine("a", y) + y : y).Fired);
        Assert.False(Apply(new FoldAffineIntoPreviousConv(), x => Conv(x) is var y ? [Affine("a", y), y] : []).Fired);
    }

    [Theory]
    [InlineData("a.scale")]
    [InlineData("a.shift")]
    [InlineData("conv.weight")]
    [InlineData("conv.bias")]
    public void Nothing_is_folded_with_weights_that_are_not_finite(string name)
    {
        Assert.False(Apply(new FoldAffineIntoNextConv(), x => Conv(Affine("a", x)), (name, float.PositiveInfinity)).Fired);
        Assert.False(Apply(new FoldAffineIntoPreviousConv(), x => Affine("a", Conv(x)), (name, float.NaN)).Fired);
    }

    [Fact]
    public void An_affine_map_is_distributed_over_a_sum_that_can_take_it()
    {
        Rewritten y = Apply(new DistributeAffineOverSum(), x => Affine("a", Conv(x) + x));
        Assert.True(y.Fired);
        Assert.Equal(["Input", "Conv2d", "ChannelAffine", "ChannelAffine", "Add"], y.Kinds);
        Stays(x => Conv(x) + x is var sum ? [Affine("a", sum), sum] : []);
        Stays(x => [Affine("a", x + Root.Activate(ActivationKind.Relu, x))]);
        Stays(x => [Affine("a", Conv(x) + Root.Conv("one", x, 1, 1))]);

        void Stays(Func<Value, Value[]> make) => Assert.False(Apply(new DistributeAffineOverSum(), make).Fired);
    }

    [Fact]
    public void Shortcuts_of_the_same_value_become_one()
    {
        Rewritten y = Apply(new MergeShortcuts(), x => x + (Conv(x) + Affine("a", x)));
        Assert.True(y.Fired);
        Assert.Equal(["Input", "Conv2d", "ChannelAffine", "Add"], y.Kinds);
        Assert.True(Apply(new MergeShortcuts(), x => Affine("a", x) + Conv(x) + x).Fired);
    }

    [Fact]
    public void Shortcuts_of_different_values_or_in_sums_that_others_read_stay()
    {
        Assert.False(Apply(new MergeShortcuts(), x => Affine("a", x) + Conv(x) is var sum ? [sum + x, sum] : []).Fired);
        Assert.False(Apply(new MergeShortcuts(), x => Affine("a", x) + Conv(x) + Root.Activate(ActivationKind.Relu, x)).Fired);
    }

    private Value Conv(Value x) => Root.Conv("conv", x, 4, 1);
}
