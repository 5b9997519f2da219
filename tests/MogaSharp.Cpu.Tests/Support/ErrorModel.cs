using MogaSharp.Graph;

namespace MogaSharp.Cpu.Tests.Support;

/// <summary>
/// How far a float32 computation of a graph may be off. The graph is computed in double precision with the errors that
/// float32 arithmetic makes put in at every op: each operand is moved by up to four units of rounding, each activation by
/// the bound that its kernel states. What comes out at the outputs is how this graph, with these weights and inputs,
/// amplifies rounding; the bound is a small multiple of it. A relative tolerance alone would be too wide for most graphs
/// and too narrow for those that cancel.
/// </summary>
internal static class ErrorModel
{
    private const double UnitOfRounding = 1.0 / (1 << 24);

    // Sums of many products in a row err by more than one operand's rounding; see the class.
    private const double Multiple = 8;

    /// <summary>The largest absolute error of each output, in the graph's order.</summary>
    public static double[] Bounds(GraphCase c, ReferenceTensor[] exact)
    {
        var bounds = new double[exact.Length];
        for (int run = 0; run < 4; run++)
        {
            double[][] noisy = Noisy(c, new Random(run));
            for (int i = 0; i < bounds.Length; i++)
                bounds[i] = Math.Max(bounds[i], Largest(exact[i].Data, noisy[c.Graph.Outputs[i].Value.Index]));
        }

        for (int i = 0; i < bounds.Length; i++)
            bounds[i] = Multiple * (bounds[i] + (UnitOfRounding * exact[i].Data.Max(Math.Abs)));
        return bounds;
    }

    /// <summary>Asserts that results lie within the bounds of the exact ones.</summary>
    public static void AssertClose(GraphCase c, ReferenceTensor[] exact, IEnumerable<double[]> results)
    {
        double[] bounds = Bounds(c, exact);
        int i = 0;
        foreach (double[] result in results)
        {
            Assert.Equal(exact[i].Data.Length, result.Length);
            double error = Largest(exact[i].Data, result);
            Assert.True(
                error <= bounds[i],
                $"Output '{c.Graph.Outputs[i].Name}' {exact[i].Shape} is {error:g3} off; at most {bounds[i]:g3} is rounding."
            );
            i++;
        }

        Assert.Equal(exact.Length, i);
    }

    /// <inheritdoc cref="AssertClose(GraphCase, ReferenceTensor[], IEnumerable{double[]})"/>
    public static void AssertClose(GraphCase c, IEnumerable<Tensor> results) =>
        AssertClose(c, c.Reference(), results.Select(tensor => Array.ConvertAll(tensor.Data, x => (double)x)));

    /// <inheritdoc cref="AssertClose(GraphCase, ReferenceTensor[], IEnumerable{double[]})"/>
    public static void AssertClose(GraphCase c, IEnumerable<ReferenceTensor> results) =>
        AssertClose(c, c.Reference(), results.Select(tensor => tensor.Data));

    private static double[][] Noisy(GraphCase c, Random random)
    {
        var results = new double[c.Graph.Values.Count][];
        Shape[] shapes = c.Graph.InferShapes([.. c.Inputs.Select(input => input.Shape)]);
        int next = 0;
        foreach (Value value in c.Graph.Values)
        {
            if (value.Op is Input)
            {
                results[value.Index] = Array.ConvertAll(c.Inputs[next++].Data, x => (double)x);
                continue;
            }

            Tensor[] operands =
            [
                .. value.Inputs.Select(
                    (input, i) => new Tensor(shapes[input.Index], Array.ConvertAll(results[input.Index], MovedIn(new(value, i))))
                ),
            ];
            double[] result = Alone(c.Graph, value.Op, operands, c.Weights);
            double stated = value.Op is Activation { Function: not ActivationKind.Relu } ? 1e-6 : 0;
            results[value.Index] = stated == 0 ? result : Array.ConvertAll(result, x => x + (stated * Signed()));
        }

        return results;

        double Signed() => (2 * random.NextDouble()) - 1;

        // Where regions lie is not rounded: all compute it in the same steps.
        Converter<double, float> MovedIn(ValueReader reader) => RoiAlign.ReadsRegions(reader) ? x => (float)x : Moved;

        float Moved(double x) => (float)(x * (1 + (4 * UnitOfRounding * Signed())));
    }

    private static double[] Alone(ComputationGraph graph, Op op, Tensor[] operands, WeightSet weights)
    {
        var builder = new GraphBuilder();
        foreach (ParameterSpec spec in graph.Parameters)
            if (op.Parameters.Contains(spec.Name))
                builder.Declare(spec);
        Value y = builder.Add("", op, [.. operands.Select((operand, i) => builder.Input($"{i}", operand.Shape))]);
        return new ReferenceInterpreter(builder.Build(new GraphOutput("y", y)), weights).RunAll(operands)[y.Index].Data;
    }

    private static double Largest(double[] exact, double[] other)
    {
        double largest = 0;
        for (int i = 0; i < exact.Length; i++)
        {
            double difference = Math.Abs(exact[i] - other[i]);
            if (!(difference <= largest))
                largest = difference;
        }

        return largest;
    }
}
