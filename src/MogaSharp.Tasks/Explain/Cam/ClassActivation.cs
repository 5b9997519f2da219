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
    private readonly GraphOutput _logits;
    private readonly CamSession _session;

    /// <summary>Prepares a network.</summary>
    /// <param name="graph">The network of a classifier, with logits (N, classes) as its first output.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="options">The method, the layers.</param>
    /// <param name="engine">Computes forward; it must outlive this.</param>
    /// <param name="gradients">Computes gradients; null for one over <paramref name="engine"/>.</param>
    /// <exception cref="ExplainException">A layer does not exist, or the network does not suit the method.</exception>
    public ClassActivation(
        ComputationGraph graph,
        WeightSet weights,
        CamOptions options,
        IInferenceEngine engine,
        IGradientEngine? gradients = null
    )
    {
        (_options, _logits) = (options, graph.Outputs[0]);
        Shape logits = _logits.Value.Shape;
        if (logits.Rank != 2)
            throw new ExplainException($"The network gives {logits} and no logits of classes, so that no class has a map.");
        graph = graph.WithOutputs(_logits);
        _session = new CamSession(
            graph,
            weights,
            options,
            options.Method == CamMethod.FullGrad ? [] : Layers(graph, options.Layers),
            engine,
            gradients
        );
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
    public void Dispose() => _session.Dispose();

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

    private CamResult Once(Tensor input, IReadOnlyList<int>? targets, CancellationToken cancellationToken) =>
        _session.Explain(
            [input],
            outputs =>
            {
                Tensor logits = outputs(_logits.Name);
                return [.. (targets ?? Best(logits)).Select(target => CamTarget.OfClass(_logits.Name, logits.Shape, target))];
            },
            cancellationToken
        );

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

    private static Tensor Changed(Tensor images, bool isMirrored, float factor)
    {
        int width = images.Shape[images.Shape.Rank - 1];
        var result = new Tensor(images.Shape);
        for (int i = 0; i < result.Data.Length; i++)
            result.Data[i] = factor * images.Data[isMirrored ? i + width - 1 - (2 * (i % width)) : i];
        return result;
    }
}
