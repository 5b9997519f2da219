using MogaSharp.Graph;

namespace MogaSharp.Tasks;

/// <summary>Makes maps of any target: what classifiers, segmentation models and detectors have in common. Safe for concurrent
/// use.</summary>
internal sealed class CamSession : IDisposable
{
    private readonly CamOptions _options;
    private readonly ComputationGraph _graph;
    private readonly (string Name, Value Value)[] _layers;
    private readonly IGradientSession? _gradients;
    private readonly IInferenceSession? _forward;
    private readonly FullGradient? _full;
    private readonly ChannelScores? _scores;

    /// <summary>Prepares a network.</summary>
    /// <param name="graph">The network, from an image, and the regions of each image if any, to the outputs that targets name.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="options">The method, the layers.</param>
    /// <param name="layers">The layers of this graph that are looked at; none for <see cref="CamMethod.FullGrad"/>.</param>
    /// <param name="engine">Computes forward; it must outlive this.</param>
    /// <param name="gradients">Computes gradients; null for one over <paramref name="engine"/>.</param>
    public CamSession(
        ComputationGraph graph,
        WeightSet weights,
        CamOptions options,
        (string Name, Value Value)[] layers,
        IInferenceEngine engine,
        IGradientEngine? gradients
    )
    {
        (_graph, _options, _layers) = (graph, options, layers);
        gradients ??= new Cpu.CpuGradientEngine(engine);
        Value[] values = [.. layers.Select(layer => layer.Value)];
        if (options.Method == CamMethod.FullGrad)
            _full = new FullGradient(graph, weights, gradients);
        else if (options.Method.ReadsGradients())
            _gradients = gradients.CreateGradientSession(graph, weights, values);
        else
            _forward = engine.CreateSession(
                graph.WithOutputs([.. graph.Outputs, .. values.Select(value => new GraphOutput($"%{value.Index}", value))]),
                weights
            );
        if (options.Method is CamMethod.ScoreCam or CamMethod.AblationCam)
            _scores = new ChannelScores(graph, weights, engine, options);
    }

    /// <summary>Makes the maps.</summary>
    /// <param name="inputs">Images (N, 3, H, W), and regions (N, 5) for each further input of the graph, one of each image.</param>
    /// <param name="choose">Chooses the target of each image by the outputs.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    public CamResult Explain(
        Tensor[] inputs,
        Func<Func<string, Tensor>, IReadOnlyList<CamTarget>> choose,
        CancellationToken cancellationToken
    )
    {
        if (_full is not null)
            return _full.Explain(inputs, choose, cancellationToken);
        Tensor input = inputs[0];
        (Func<Value, Tensor> known, IGradientPass? pass) = Forward(inputs, cancellationToken);
        int images = input.Shape[0];
        Tensor Output(string name) => known(_graph.Outputs.First(output => output.Name == name).Value);
        IReadOnlyList<CamTarget> targets = choose(Output);
        Dictionary<string, Tensor> raws = [],
            activations = [],
            slopes = [],
            weights = [];
        var gradients = pass?.Back(Factors(_graph, targets), cancellationToken);
        var size = (Height: input.Shape[2], Width: input.Shape[3]);
        var map = new Tensor(new Shape(images, size.Height, size.Width));
        foreach ((string name, Value layer) in _layers)
        {
            Tensor a = activations[name] = known(layer);
            if (gradients is not null)
                slopes[name] = gradients[layer];
            double[][]? channels = _scores?.Weights(layer, inputs, a, Output, targets, cancellationToken);
            if (channels is not null)
                weights[name] = new Tensor(new Shape(images, a.Shape[1]), [.. channels.SelectMany(row => row.Select(x => (float)x))]);
            var raw = new Tensor(new Shape(images, a.Shape[2], a.Shape[3]));
            for (int i = 0; i < images; i++)
            {
                int pixels = a.Shape[2] * a.Shape[3],
                    length = a.Shape[1] * pixels;
                double[] weighted = CamMaps.Weighted(
                    _options.Method,
                    a.Span.Slice(i * length, length),
                    gradients is null ? [] : gradients[layer].Span.Slice(i * length, length),
                    pixels,
                    channels?[i]
                );
                double[] one = CamMaps.Combine(_options.Method, weighted, pixels, _options.EigenSmooth);
                for (int p = 0; p < pixels; p++)
                    raw.Data[(i * pixels) + p] = (float)one[p];
                double[] large = CamMaps.Resize(CamMaps.Scale([.. one.Select(x => Math.Max(x, 0))]), (a.Shape[2], a.Shape[3]), size);
                for (int p = 0; p < large.Length; p++)
                    map.Data[(i * large.Length) + p] += (float)(large[p] / _layers.Length);
            }

            raws[name] = raw;
        }

        return new CamResult
        {
            Logits = known(_graph.Outputs[0].Value),
            Targets = [.. targets.Select(target => target.Class)],
            Raw = raws,
            Map = Rescaled(map),
            Activations = activations,
            Gradients = slopes,
            Weights = weights,
        };
    }

    /// <summary>Frees the sessions.</summary>
    public void Dispose()
    {
        _gradients?.Dispose();
        _forward?.Dispose();
        _full?.Dispose();
        _scores?.Dispose();
    }

    /// <summary>The factors of a graph's outputs.</summary>
    internal static Dictionary<Value, Tensor> Factors(ComputationGraph graph, IReadOnlyList<CamTarget> targets) =>
        CamTarget.Together(targets).ToDictionary(pair => graph.Outputs.First(output => output.Name == pair.Key).Value, pair => pair.Value);

    private (Func<Value, Tensor> Known, IGradientPass? Pass) Forward(Tensor[] inputs, CancellationToken cancellationToken)
    {
        if (_gradients?.Run(inputs, cancellationToken) is { } pass)
            return (value => pass[value], pass);
        IInferenceSession session = _forward!;
        Tensor[] outputs = session.CreateOutputs([.. inputs.Select(input => input.Shape)]);
        session.Run(inputs, outputs, cancellationToken);
        var values = new Dictionary<Value, Tensor>();
        foreach ((GraphOutput output, Tensor tensor) in session.Graph.Outputs.Zip(outputs))
            values[output.Value] = tensor;
        return (value => values[value], null);
    }

    /// <summary>Each image's map from 0 to 1.</summary>
    internal static Tensor Rescaled(Tensor maps)
    {
        int pixels = maps.Shape[1] * maps.Shape[2];
        for (int i = 0; i < maps.Shape[0]; i++)
        {
            Span<float> one = maps.Span.Slice(i * pixels, pixels);
            double[] scaled = CamMaps.Scale([.. one.ToArray().Select(x => (double)x)]);
            for (int p = 0; p < pixels; p++)
                one[p] = (float)scaled[p];
        }

        return maps;
    }
}
