using MogaSharp.Graph;

namespace MogaSharp.Tasks;

/// <summary>
/// Effective receptive fields (Luo et al. 2016): the gradient of what the middle of a layer's maps says with respect to the input, where it
/// is positive, summed over channels and averaged over images, as RepLKNet (Ding et al. 2022) measures it. Not safe for concurrent use.
/// </summary>
public sealed class EffectiveReceptiveField : IDisposable
{
    private readonly (string Name, Value Value)[] _layers;
    private readonly Value _input;
    private readonly IGradientSession _session;
    private readonly double[][] _sums;
    private readonly Shape _shape;
    private int _images;

    /// <summary>Prepares a network.</summary>
    /// <param name="graph">The network, of one input (N, C, H, W).</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="layers">The modules to look at; none for the graph's outputs that are feature maps.</param>
    /// <param name="engine">Computes forward; it must outlive this.</param>
    /// <param name="gradients">Computes gradients; null for one over <paramref name="engine"/>.</param>
    /// <exception cref="ExplainException">A layer does not exist, or no output is a feature map.</exception>
    public EffectiveReceptiveField(
        ComputationGraph graph,
        WeightSet weights,
        IReadOnlyList<string> layers,
        IInferenceEngine engine,
        IGradientEngine? gradients = null
    )
    {
        _input = graph.Inputs[0];
        _shape = _input.Shape;
        _layers =
            layers.Count > 0
                ? ClassActivation.Layers(graph, layers)
                : [.. graph.Outputs.Where(output => output.Value.Shape.Rank == 4).Select(output => (output.Name, output.Value))];
        if (_layers.Length == 0)
            throw new ExplainException("The network gives no feature maps; name a layer.");
        ComputationGraph seen = graph.WithOutputs([.. _layers.Select((layer, i) => new GraphOutput($"layer{i}", layer.Value))]).Pruned();
        // Pruning moves values; outputs and inputs keep their order.
        _layers = [.. _layers.Select((layer, i) => (layer.Name, seen.Outputs[i].Value))];
        _input = seen.Inputs[0];
        _session = (gradients ?? new Cpu.CpuGradientEngine(engine)).CreateGradientSession(seen, weights, [_input]);
        _sums = [.. _layers.Select(_ => new double[_shape[2] * _shape[3]])];
    }

    /// <summary>The mean over the images so far.</summary>
    public IReadOnlyList<ReceptiveFieldMap> Maps =>
        [
            .. _layers.Select(
                (layer, i) =>
                    new ReceptiveFieldMap(
                        layer.Name,
                        _shape[2],
                        _shape[3],
                        [.. _sums[i].Select(sum => _images == 0 ? 0 : sum / _images)],
                        _images
                    )
            ),
        ];

    /// <summary>Lets images count.</summary>
    /// <param name="input">Images as the network takes them, (N, C, H, W), of the graph's size.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="GraphException">The images are of another size.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; what was added of the images is undefined.</exception>
    public void Add(Tensor input, CancellationToken cancellationToken = default)
    {
        if (input.Shape != _shape.With(0, input.Shape[0]))
            throw new GraphException($"The network was prepared for images {_shape}, not {input.Shape}.");
        IGradientPass pass = _session.Run([input], cancellationToken);
        int plane = _shape[2] * _shape[3];
        for (int i = 0; i < _layers.Length; i++)
        {
            Tensor map = pass[_layers[i].Value];
            var factors = new Tensor(map.Shape);
            (int height, int width) = (map.Shape[2], map.Shape[3]);
            for (int channel = 0; channel < map.Shape[0] * map.Shape[1]; channel++)
            {
                int middle = (((channel * height) + (height / 2)) * width) + (width / 2);
                factors.Data[middle] = map.Data[middle] > 0 ? 1 : 0;
            }

            Tensor gradient = pass.Back(new Dictionary<Value, Tensor> { [_layers[i].Value] = factors }, cancellationToken)[_input];
            for (int j = 0; j < gradient.Data.Length; j++)
                _sums[i][j % plane] += Math.Max(gradient.Data[j], 0);
        }

        _images += input.Shape[0];
    }

    /// <summary>Frees the session.</summary>
    public void Dispose() => _session.Dispose();
}
