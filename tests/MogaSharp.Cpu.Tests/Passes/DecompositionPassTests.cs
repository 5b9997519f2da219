using MogaSharp.Cpu.Passes;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Tests.Passes;

/// <summary>That the two decompositions are recognised where they stand, and only there.</summary>
public sealed class DecompositionPassTests : PassFixture
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_feature_decomposition_after_a_pointwise_convolution_becomes_a_bias_per_image(bool flipped)
    {
        Rewritten rewritten = Apply(
            new FoldFeatureDecomposition(),
            x =>
            {
                Value y = Root.Conv("conv", x, 6, 1),
                    z = Root.Scale("sigma", y - Root.GlobalAveragePool(y), 1);
                return flipped ? z + y : y + z;
            }
        );
        Assert.True(rewritten.Fired);
        Assert.Equal(["Input", "Conv2d", "GlobalAveragePool", "Conv2d", "Add"], rewritten.Kinds);
        Assert.Equal(new Shape(2, 4, 1, 1), rewritten.Graph.Values[2].Shape);
    }

    [Fact]
    public void What_is_no_feature_decomposition_stays()
    {
        Stays(x => Decomposed(Root.Conv("conv", x, 6, 3, padding: 1)));
        Stays(x => Decomposed(Root.Conv("conv", x, 4, 1, groups: 2)));
        Stays(x => Decomposed(x));
        // The mean of something else.
        Stays(x => Root.Conv("conv", x, 4, 1) is var y ? y + Root.Scale("sigma", y - Root.GlobalAveragePool(x), 1) : y);
        // Added to something else; the difference the other way round; a difference of sums.
        Stays(x => Root.Conv("conv", x, 4, 1) is var y ? x + Root.Scale("sigma", y - Root.GlobalAveragePool(y), 1) : y);
        Stays(x => Root.Conv("conv", x, 4, 1) is var y ? y + Root.Scale("sigma", Root.GlobalAveragePool(y) - y, 1) : y);
        Stays(x => Root.Conv("conv", x, 4, 1) is var y ? y + Affine("sigma", y - Root.GlobalAveragePool(y)) : y);

        void Stays(Func<Value, Value> make) => Assert.False(Apply(new FoldFeatureDecomposition(), make).Fired);
    }

    [Theory]
    [InlineData("sigma")]
    [InlineData("conv.weight")]
    [InlineData("conv.bias")]
    public void A_feature_decomposition_with_weights_that_are_not_finite_stays(string name) =>
        Assert.False(Apply(new FoldFeatureDecomposition(), x => Decomposed(Root.Conv("conv", x, 6, 1)), (name, float.NaN)).Fired);

    [Fact]
    public void A_channel_aggregation_before_a_pointwise_convolution_becomes_a_product_of_rank_one()
    {
        Rewritten y = Apply(
            new FoldChannelAggregation(),
            h =>
            {
                Value t = Root.Activate(ActivationKind.Gelu, Root.Conv("decompose", h, 1, 1));
                return Root.Conv("fc2", h + Root.Scale("sigma", h - t, 1), 6, 1);
            }
        );
        Assert.True(y.Fired);
        Assert.Equal(["Input", "Conv2d", "Gelu", "Conv2d", "Conv2d", "Add"], y.Kinds);
        Assert.Equal(1, Assert.IsType<Conv2d>(y.Graph.Values[4].Op).InChannels);
    }

    [Fact]
    public void What_is_no_channel_aggregation_stays()
    {
        Stays((h, t) => Root.Conv("fc2", h + Root.Scale("sigma", h - t, 1), 6, 3, padding: 1));
        Stays((h, t) => Root.Conv("fc2", h + Root.Scale("sigma", h - t, 1), 4, 1, groups: 2));
        Stays((h, t) => Root.Conv("fc2", h + Affine("sigma", h - t), 6, 1));
        Stays((h, t) => Root.Conv("fc2", h - Root.Scale("sigma", h - t, 1), 6, 1));
        Stays((h, t) => Root.Conv("fc2", h + Root.Scale("sigma", h - h, 1), 6, 1));

        void Stays(Func<Value, Value, Value> make) =>
            Assert.False(Apply(new FoldChannelAggregation(), h => make(h, Root.Conv("decompose", h, 1, 1))).Fired);
    }

    [Theory]
    [InlineData("sigma")]
    [InlineData("fc2.weight")]
    [InlineData("fc2.bias")]
    public void A_channel_aggregation_with_weights_that_are_not_finite_stays(string name)
    {
        Assert.False(Apply(new FoldChannelAggregation(), Aggregated, (name, float.NegativeInfinity)).Fired);

        Value Aggregated(Value h) => Root.Conv("fc2", h + Root.Scale("sigma", h - Root.Conv("decompose", h, 1, 1), 1), 6, 1);
    }

    [Fact]
    public void A_decomposition_with_a_second_reader_keeps_that_readers_value()
    {
        Rewritten rewritten = Apply(new FoldFeatureDecomposition(), x => Root.Conv("conv", x, 6, 1) is var y ? [Decomposed(y), y] : []);
        Assert.Equal(3, rewritten.Kinds.Count(kind => kind == "Conv2d"));
    }

    private Value Decomposed(Value y) => y + Root.Scale("sigma", y - Root.GlobalAveragePool(y), 1);
}
