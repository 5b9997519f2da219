using MogaSharp.Testing;

namespace MogaSharp.Graph.Tests;

public sealed class SpecialFunctionsTests
{
    private static readonly FixtureFile Exact = new(Repository.Fixture("graph", "special.safetensors"));

    public static TheoryData<string> Functions => ["erf", "gelu", "silu"];

    [Theory]
    [MemberData(nameof(Functions))]
    public void Values_are_right_to_a_few_units_in_the_last_place(string name)
    {
        (double[] xs, double[] exact) = (Exact.Doubles("x"), Exact.Doubles(name));
        for (int i = 0; i < xs.Length; i++)
        {
            // The exponential carries the rounding of its argument into the tail.
            double bound =
                Math.Abs(exact[i])
                * 1e-15
                * name switch
                {
                    "erf" => 2,
                    "gelu" => 2 + (xs[i] * xs[i]),
                    _ => 2 + Math.Abs(xs[i]),
                };
            // 1 + erf loses what erf has rounded off; beyond -3 GELU does not go that way.
            if (name == "gelu" && Math.Abs(xs[i]) <= 3)
                bound += 1e-15 * Math.Abs(xs[i]) / 2;
            Assert.True(
                Math.Abs(Apply(name, xs[i]) - exact[i]) <= bound + 1e-307,
                $"{name}({xs[i]:R}) = {Apply(name, xs[i]):R}, exact {exact[i]:R}"
            );
        }
    }

    [Fact]
    public void Not_a_number_stays_so()
    {
        Assert.All(Functions.Select(row => row.Data), name => Assert.True(double.IsNaN(Apply(name, double.NaN))));
    }

    [Fact]
    public void Infinities_give_the_limits_or_what_the_formula_gives()
    {
        Assert.Equal(1, SpecialFunctions.Erf(double.PositiveInfinity));
        Assert.Equal(-1, SpecialFunctions.Erf(double.NegativeInfinity));
        Assert.Equal(double.PositiveInfinity, SpecialFunctions.Gelu(double.PositiveInfinity));
        Assert.Equal(double.PositiveInfinity, SpecialFunctions.Silu(double.PositiveInfinity));
        Assert.Equal(double.MaxValue, SpecialFunctions.Gelu(double.MaxValue));
        Assert.Equal(0, SpecialFunctions.Gelu(-double.MaxValue));
        Assert.Equal(0, SpecialFunctions.Silu(-double.MaxValue));
        // -inf * 0, as PyTorch.
        Assert.True(double.IsNaN(SpecialFunctions.Gelu(double.NegativeInfinity)));
        Assert.True(double.IsNaN(SpecialFunctions.Silu(double.NegativeInfinity)));
    }

    [Fact]
    public void Signs_of_zero_are_kept()
    {
        Assert.True(double.IsNegative(SpecialFunctions.Erf(-0.0)));
        Assert.False(double.IsNegative(SpecialFunctions.Erf(0.0)));
    }

    private static double Apply(string name, double x) =>
        name switch
        {
            "erf" => SpecialFunctions.Erf(x),
            "gelu" => SpecialFunctions.Gelu(x),
            _ => SpecialFunctions.Silu(x),
        };
}
