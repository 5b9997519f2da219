namespace MogaSharp.Graph.Tests;

public sealed class WeightInitializerTests
{
    private static float[] Draw(Initializer initializer, int seed = 1, int count = 100_000) =>
        WeightInitializer.Create([new("w", new Shape(count), ParameterKind.Parameter, initializer)], seed)["w"].Data;

    [Fact]
    public void Truncated_normals_stay_in_absolute_bounds_and_are_scaled_afterwards()
    {
        float[] wide = Draw(new Initializer.TruncatedNormal(3));
        Assert.InRange(wide.Max(), 1.99f, 2);
        Assert.InRange(wide.Min(), -2, -1.99f);
        // A normal of deviation 3 cut at 2: nearly uniform, variance 9 (1 - 2 a phi(a) / (2 Phi(a) - 1)) with a = 2/3.
        Assert.InRange(wide.Average(x => (double)x * x), 1.2565 * 0.98, 1.2565 * 1.02);
        float[] half = Draw(new Initializer.TruncatedNormal(3, 0.5));
        Assert.Equal(wide.Select(x => x / 2), half);
        Assert.InRange(Math.Sqrt(Draw(new Initializer.TruncatedNormal(0.02)).Average(x => (double)x * x)), 0.0198, 0.0202);
    }

    [Fact]
    public void Normals_have_the_stated_moments()
    {
        float[] values = Draw(new Initializer.Normal(0.25));
        // Four standard errors of 100 000 draws.
        Assert.InRange(values.Average(x => (double)x), -0.0032, 0.0032);
        Assert.InRange(Math.Sqrt(values.Average(x => (double)x * x)), 0.25 * 0.991, 0.25 * 1.009);
        // P(|z| > 2) = 4.55 %: the tails are not cut.
        Assert.InRange(values.Count(x => Math.Abs(x) > 0.5), 4290, 4810);
    }

    [Fact]
    public void Constants_fill()
    {
        Assert.All(Draw(new Initializer.Constant(-1.5f), count: 10), x => Assert.Equal(-1.5f, x));
        Assert.All(Draw(Initializer.Zeros, count: 10), x => Assert.Equal(0, x));
        Assert.All(Draw(Initializer.Ones, count: 10), x => Assert.Equal(1, x));
    }

    [Fact]
    public void Uniforms_reach_their_bounds_and_no_further()
    {
        float[] values = Draw(new Initializer.Uniform(0.25));
        Assert.InRange(values.Max(), 0.2499f, 0.25f);
        Assert.InRange(values.Min(), -0.25f, -0.2499f);
        Assert.InRange(values.Average(x => (double)x), -0.002, 0.002);
        Assert.InRange(values.Average(x => (double)x * x), 0.25 * 0.25 / 3 * 0.98, 0.25 * 0.25 / 3 * 1.02);
    }

    [Fact]
    public void Computed_numbers_are_those_of_their_places_and_take_nothing_from_the_seed()
    {
        Assert.Equal([0, 2, 4, 6], Draw(new Initializer.Computed(i => 2 * i), count: 4));
        ParameterSpec drawn = new("b", new Shape(3), ParameterKind.Parameter, new Initializer.Normal(1));
        ParameterSpec computed = new("a", new Shape(3), ParameterKind.Buffer, new Initializer.Computed(i => i), IsOptional: true);
        Assert.Equal(WeightInitializer.Create([drawn], 3)["b"].Data, WeightInitializer.Create([computed, drawn], 3)["b"].Data);
    }

    [Fact]
    public void A_seed_decides_and_tensors_differ()
    {
        var initializer = new Initializer.Normal(1);
        Assert.Equal(Draw(initializer, seed: 5, count: 50), Draw(initializer, seed: 5, count: 50));
        Assert.NotEqual(Draw(initializer, seed: 5, count: 50), Draw(initializer, seed: 6, count: 50));
        ParameterSpec spec = new("a", new Shape(2, 3), ParameterKind.Parameter, initializer);
        WeightSet set = WeightInitializer.Create([spec, spec with { Name = "b" }], seed: 5);
        Assert.Equal(new Shape(2, 3), set["a"].Shape);
        Assert.NotEqual(set["a"].Data, set["b"].Data);
    }
}
