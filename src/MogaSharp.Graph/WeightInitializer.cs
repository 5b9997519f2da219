namespace MogaSharp.Graph;

/// <summary>Makes the weights of a fresh network from its parameter specs.</summary>
public static class WeightInitializer
{
    /// <summary>Fills every parameter and buffer by its initializer.</summary>
    /// <param name="specs">What to fill.</param>
    /// <param name="seed">The same seed gives the same weights on every machine.</param>
    public static WeightSet Create(IEnumerable<ParameterSpec> specs, int seed)
    {
        var random = new Random(seed);
        return new WeightSet(specs.Select(spec => KeyValuePair.Create(spec.Name, Create(spec, random))));
    }

    private static Tensor Create(ParameterSpec spec, Random random)
    {
        if (spec.Initializer is Initializer.Computed computed)
            return Create(spec.Shape, computed);
        var tensor = new Tensor(spec.Shape);
        Func<double> next = spec.Initializer switch
        {
            Initializer.Constant constant => () => constant.Value,
            Initializer.Normal normal => () => Gauss(random) * normal.StandardDeviation,
            Initializer.TruncatedNormal normal => () => normal.Scale * Truncated(random, normal.StandardDeviation),
            Initializer.Uniform uniform => () => uniform.Bound * ((2 * random.NextDouble()) - 1),
            _ => throw new GraphException($"Unknown initializer {spec.Initializer}."),
        };
        for (int i = 0; i < tensor.Data.Length; i++)
            tensor.Data[i] = (float)next();
        return tensor;
    }

    /// <summary>A tensor of given numbers.</summary>
    /// <param name="shape">Its shape.</param>
    /// <param name="computed">The numbers.</param>
    public static Tensor Create(Shape shape, Initializer.Computed computed)
    {
        var tensor = new Tensor(shape);
        for (int i = 0; i < tensor.Data.Length; i++)
            tensor.Data[i] = computed.Element(i);
        return tensor;
    }

    private static double Truncated(Random random, double deviation)
    {
        while (true)
        {
            double value = Gauss(random) * deviation;
            if (Math.Abs(value) <= 2)
                return value;
        }
    }

    // Box-Muller; 1 - u keeps the logarithm's argument above 0.
    private static double Gauss(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
