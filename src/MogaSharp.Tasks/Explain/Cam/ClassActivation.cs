using MogaSharp.Graph;

namespace MogaSharp.Tasks;

/// <summary>
/// Class activation maps of a classifier: where an image speaks for a class. Gradients are exact and computed without anything native
/// (<see cref="Cpu.CpuGradientEngine"/>) unless another engine is given. The maps are those of pytorch-grad-cam, but for what is wrong
/// there: biases are paired with the gradients of their own layers, ablation does what its paper says, and principal components have a
/// sign. Safe for concurrent use.
/// </summary>
public sealed class ClassActivation : IDisposable
{
    private static readonly double[] Brightness = [0.9, 1, 1.1];

    private readonly CamOptions _options;
    private readonly (string Name, Value Value)[] _layers;
    private readonly Value _logits;
    private readonly IGradientSession? _gradients;
    private readonly IInferenceSession? _forward;
    private readonly FullGradient? _full;
    private readonly ChannelScores? _scores;

    /// <summary>Prepares a network.</summary>
    /// <param name="graph">The network of a classifier, with logits (N, classes) as its first output.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="options">The method, the layers.</param>
    /// <param name="engine">Computes forward; it must outlive this.</param>
    /// <param name="gradients">Computes gradients; null for one over <paramref name="engine"/>.</param>
    /// <exception cref="ExplainException">A layer does not exist, or the network does not suit the method.</exception>
    /// <exception cref="GradientException">An op after a layer has no gradient by this engine.</exception>
    public ClassActivation(
        ComputationGraph graph,
        WeightSet weights,
        CamOptions options,
        IInferenceEngine engine,
        IGradientEngine? gradients = null
    )
    {
        _options = options;
        _logits = graph.Outputs[0].Value;
        if (_logits.Shape.Rank != 2)
            throw new ExplainException($"The network gives {_logits.Shape} and no logits of classes, so that no class has a map.");
        graph = graph.WithOutputs(graph.Outputs[0]);
        _layers = options.Method == CamMethod.FullGrad ? [] : Layers(graph, options.Layers);
        gradients ??= new Cpu.CpuGradientEngine(engine);
        Value[] values = [.. _layers.Select(layer => layer.Value)];
        if (options.Method == CamMethod.FullGrad)
            _full = new FullGradient(graph, weights, gradients);
        else if (options.Method.ReadsGradients())
            _gradients = gradients.CreateGradientSession(graph, weights, values);
        else
            _forward = engine.CreateSession(
                graph.WithOutputs([graph.Outputs[0], .. values.Select(value => new GraphOutput($"%{value.Index}", value))]),
                weights
            );
        if (options.Method is CamMethod.ScoreCam or CamMethod.AblationCam)
            _scores = new ChannelScores(graph, weights, engine, options);
    }

    /// <summary>Makes the maps.</summary>
    /// <param name="input">Images as the network takes them, (N, 3, H, W).</param>
    /// <param name="targets">The class of each image; null for the one with the largest logit.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="ExplainException">A class is out of range, or there are not as many as images.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public CamResult Explain(Tensor input, IReadOnlyList<int>? targets = null, CancellationToken cancellationToken = default)
    {
        if (targets is not null && targets.Count != input.Shape[0])
            throw new ExplainException($"{targets.Count} classes were named for {input.Shape[0]} images.");
        int classes = _logits.Shape[1];
        foreach (int target in targets ?? [])
            if (target < 0 || target >= classes)
                throw new ExplainException($"There is no class {target}; the network has {classes}, from 0 on.");
        CamResult result = Once(input, targets, cancellationToken);
        if (!_options.AugmentationSmooth)
            return result;
        // The classes are those of the image itself in all six passes.
        var sum = new double[result.Map.Data.Length];
        foreach (bool isMirrored in (bool[])[false, true])
        foreach (double factor in Brightness)
        {
            Tensor changed = Changed(input, isMirrored, (float)factor);
            Tensor map = Changed(Once(changed, result.Targets, cancellationToken).Map, isMirrored, 1);
            for (int i = 0; i < sum.Length; i++)
                sum[i] += map.Data[i] / (2 * Brightness.Length);
        }

        return result with
        {
            Map = new Tensor(result.Map.Shape, Array.ConvertAll(sum, x => (float)x)),
            Raw = new Dictionary<string, Tensor>(),
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

    /// <summary>The layers of some names, or the last map before pooling.</summary>
    /// <exception cref="ExplainException">One does not exist.</exception>
    internal static (string Name, Value Value)[] Layers(ComputationGraph graph, IReadOnlyList<string> names)
    {
        if (names.Count == 0)
        {
            Value last =
                GraphLayers.BeforePooling(graph)
                ?? throw new ExplainException("The network pools no feature map at its end; name a layer.");
            return [(last.Scope, last)];
        }

        return
        [
            .. names.Select(name =>
                (
                    name,
                    GraphLayers.Find(graph, name)
                        ?? throw new ExplainException(
                            $"The network has no layer '{name}' with a feature map. Near to it are "
                                + $"{string.Join(", ", Models.NameDistance.Nearest(name, GraphLayers.Names(graph)))}."
                        )
                )
            ),
        ];
    }

    private CamResult Once(Tensor input, IReadOnlyList<int>? targets, CancellationToken cancellationToken)
    {
        if (_full is not null)
            return _full.Explain(input, targets, cancellationToken);
        (Func<Value, Tensor> known, IGradientPass? pass) = Forward(input, cancellationToken);
        Tensor logits = known(_logits);
        int images = input.Shape[0];
        int[] classes = [.. targets ?? Best(logits)];
        Dictionary<string, Tensor> raws = [],
            activations = [],
            slopes = [],
            weights = [];
        var gradients = pass?.Back(new Dictionary<Value, Tensor> { [_logits] = OneHot(logits.Shape, classes) }, cancellationToken);
        var size = (Height: input.Shape[2], Width: input.Shape[3]);
        var map = new Tensor(new Shape(images, size.Height, size.Width));
        foreach ((string name, Value layer) in _layers)
        {
            Tensor a = activations[name] = known(layer);
            if (gradients is not null)
                slopes[name] = gradients[layer];
            double[][]? channels = _scores?.Weights(layer, input, a, logits, classes, cancellationToken);
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
            Logits = logits,
            Targets = [.. classes],
            Raw = raws,
            Map = Rescaled(map),
            Activations = activations,
            Gradients = slopes,
            Weights = weights,
        };
    }

    private (Func<Value, Tensor> Known, IGradientPass? Pass) Forward(Tensor input, CancellationToken cancellationToken)
    {
        if (_gradients?.Run([input], cancellationToken) is { } pass)
            return (value => pass[value], pass);
        IReadOnlyDictionary<string, Tensor> outputs = _forward!.Run(input, cancellationToken);
        return (value => value == _logits ? outputs[_forward!.Graph.Outputs[0].Name] : outputs[$"%{value.Index}"], null);
    }

    /// <summary>The class with the largest logit of each image.</summary>
    internal static int[] Best(Tensor logits)
    {
        int classes = logits.Shape[1];
        return
        [
            .. Enumerable
                .Range(0, logits.Shape[0])
                .Select(i => System.Numerics.Tensors.TensorPrimitives.IndexOfMax<float>(logits.Span.Slice(i * classes, classes))),
        ];
    }

    /// <summary>Ones at the classes, zeros elsewhere.</summary>
    internal static Tensor OneHot(Shape logits, int[] classes)
    {
        var result = new Tensor(logits);
        for (int i = 0; i < classes.Length; i++)
            result.Data[(i * logits[1]) + classes[i]] = 1;
        return result;
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

    private static Tensor Changed(Tensor images, bool isMirrored, float factor)
    {
        int width = images.Shape[images.Shape.Rank - 1];
        var result = new Tensor(images.Shape);
        for (int i = 0; i < result.Data.Length; i++)
            result.Data[i] = factor * images.Data[isMirrored ? i + width - 1 - (2 * (i % width)) : i];
        return result;
    }
}
