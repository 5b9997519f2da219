using MogaSharp.Graph;

namespace MogaSharp.Tasks;

/// <summary>Full gradients: the input times its gradient, and the bias of every convolution and batch norm times the gradient of that
/// module's own result.</summary>
internal sealed class FullGradient : IDisposable
{
    private readonly Value _input;
    private readonly Value _logits;
    private readonly (Value Value, double[] Bias)[] _biases;
    private readonly IGradientSession _session;

    public FullGradient(ComputationGraph graph, WeightSet weights, IGradientEngine gradients)
    {
        (_input, _logits) = (graph.Inputs[0], graph.Outputs[0].Value);
        _biases =
        [
            .. graph.Values.Where(value => BiasOf(value.Op, weights) is not null).Select(value => (value, BiasOf(value.Op, weights)!)),
        ];
        _session = gradients.CreateGradientSession(graph, weights, [_input, .. _biases.Select(bias => bias.Value)]);
    }

    /// <inheritdoc cref="ClassActivation.Explain"/>
    public CamResult Explain(Tensor input, IReadOnlyList<int>? targets, CancellationToken cancellationToken)
    {
        IGradientPass pass = _session.Run([input], cancellationToken);
        Tensor logits = pass[_logits];
        int[] classes = [.. targets ?? ClassActivation.Best(logits)];
        var gradients = pass.Back(
            new Dictionary<Value, Tensor> { [_logits] = ClassActivation.OneHot(logits.Shape, classes) },
            cancellationToken
        );
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
            Logits = logits,
            Targets = [.. classes],
            Raw = new Dictionary<string, Tensor> { ["input"] = raw },
            Map = ClassActivation.Rescaled(new Tensor(raw.Shape, [.. raw.Data])),
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
