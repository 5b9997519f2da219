using MogaSharp.Graph;

namespace MogaSharp.Tasks;

/// <summary>Full gradients: the input times its gradient, and the bias of every convolution and batch norm times the gradient of that
/// module's own result.</summary>
internal sealed class FullGradient : IDisposable
{
    private readonly Value _input;
    private readonly ComputationGraph _graph;
    private readonly (Value Value, double[] Bias)[] _biases;
    private readonly IGradientSession _session;

    public FullGradient(ComputationGraph graph, WeightSet weights, IGradientEngine gradients)
    {
        (_input, _graph) = (graph.Inputs[0], graph);
        _biases =
        [
            .. graph.Values.Where(value => BiasOf(value.Op, weights) is not null).Select(value => (value, BiasOf(value.Op, weights)!)),
        ];
        _session = gradients.CreateGradientSession(graph, weights, [_input, .. _biases.Select(bias => bias.Value)]);
    }

    /// <inheritdoc cref="CamSession.Explain"/>
    public CamResult Explain(
        Tensor[] inputs,
        Func<Func<string, Tensor>, IReadOnlyList<CamTarget>> choose,
        CancellationToken cancellationToken
    )
    {
        Tensor input = inputs[0];
        IGradientPass pass = _session.Run(inputs, cancellationToken);
        IReadOnlyList<CamTarget> targets = choose(name => pass[_graph.Outputs.First(output => output.Name == name).Value]);
        var gradients = pass.Back(CamSession.Factors(_graph, targets), cancellationToken);
        var size = (Height: input.Shape[2], Width: input.Shape[3]);
        var raw = new Tensor(new Shape(input.Shape[0], size.Height, size.Width));
        int plane = size.Height * size.Width;
        for (int i = 0; i < input.Shape[0]; i++)
        {
            var sum = new double[plane];
            Tensor slopes = gradients[_input];
            for (int c = 0; c < input.Shape[1]; c++)
                Add(sum, p => (double)slopes.Data[At(c, p)] * input.Data[At(c, p)], size, size);
            foreach ((Value value, double[] bias) in _biases)
            {
                Tensor g = gradients[value];
                int pixels = g.Shape[2] * g.Shape[3];
                for (int c = 0; c < bias.Length; c++)
                    Add(sum, p => bias[c] * g.Data[(((i * bias.Length) + c) * pixels) + p], (g.Shape[2], g.Shape[3]), size);
            }

            for (int p = 0; p < plane; p++)
                raw.Data[(i * plane) + p] = (float)sum[p];

            int At(int channel, int pixel) => (((i * input.Shape[1]) + channel) * plane) + pixel;
        }

        return new CamResult
        {
            Logits = pass[_graph.Outputs[0].Value],
            Targets = [.. targets.Select(target => target.Class)],
            Raw = new Dictionary<string, Tensor> { ["input"] = raw },
            Map = CamSession.Rescaled(new Tensor(raw.Shape, [.. raw.Data])),
            Activations = new Dictionary<string, Tensor>(),
            Gradients = new Dictionary<string, Tensor>(),
            Weights = new Dictionary<string, Tensor>(),
        };
    }

    public void Dispose() => _session.Dispose();

    private static void Add(double[] sum, Func<int, double> value, (int Height, int Width) from, (int Height, int Width) to)
    {
        double[] map = [.. Enumerable.Range(0, from.Height * from.Width).Select(p => Math.Abs(value(p)))];
        double[] large = CamMaps.Resize(CamMaps.Scale(map), from, to);
        System.Numerics.Tensors.TensorPrimitives.Add(sum, large, sum);
    }

    private static double[]? BiasOf(Op op, WeightSet weights) =>
        op switch
        {
            Conv2d { Bias: { } bias } => [.. weights[bias].Data.Select(x => (double)x)],
            BatchNorm2d norm =>
            [
                .. weights[norm.Bias]
                    .Data.Select(
                        (bias, c) =>
                            bias
                            - (
                                weights[norm.RunningMean].Data[c]
                                * weights[norm.Weight].Data[c]
                                / Math.Sqrt(weights[norm.RunningVariance].Data[c] + norm.Epsilon)
                            )
                    ),
            ],
            _ => null,
        };
}
