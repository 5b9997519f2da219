using MogaSharp.Graph;

namespace MogaSharp.Tasks;

/// <summary>The channels' weights of the methods that ask the network itself, with one run for each channel.</summary>
internal sealed class ChannelScores(ComputationGraph graph, WeightSet weights, IInferenceEngine engine, CamOptions options) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Value, IInferenceSession> _after = [];
    private readonly IInferenceSession? _whole = options.Method == CamMethod.ScoreCam ? engine.CreateSession(graph, weights) : null;

    /// <summary>The weights of a layer's channels, of each image.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="inputs">The images, and a region of each for every further input.</param>
    /// <param name="a">The layer's maps.</param>
    /// <param name="outputs">The outputs of the images.</param>
    /// <param name="targets">The target of each image.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    public double[][] Weights(
        Value layer,
        Tensor[] inputs,
        Tensor a,
        Func<string, Tensor> outputs,
        IReadOnlyList<CamTarget> targets,
        CancellationToken cancellationToken
    )
    {
        Tensor input = inputs[0];
        IInferenceSession session =
            _whole ?? (_after.TryGetValue(layer, out IInferenceSession? known) ? known : _after[layer] = After(layer));
        var result = new double[targets.Count][];
        for (int i = 0; i < result.Length; i++)
        {
            Action<int, Memory<float>> write = _whole is null ? Without(a, i) : Seen(input, a, i);
            // What follows a layer has that layer for its only input.
            Tensor[] regions = _whole is null ? [] : [.. inputs[1..].Select(all => Region(all, i))];
            double[] scores = Run(
                session,
                _whole is null ? a.Shape : input.Shape,
                a.Shape[1],
                regions,
                targets[i],
                write,
                cancellationToken
            );
            double own = targets[i].Value(outputs, i);
            result[i] = _whole is null ? [.. scores.Select(score => (own - score) / own)] : Softmax(scores);
        }

        return result;
    }

    public void Dispose()
    {
        _whole?.Dispose();
        foreach (IInferenceSession session in _after.Values)
            session.Dispose();
    }

    private IInferenceSession After(Value layer)
    {
        lock (_lock)
        {
            if (_after.TryGetValue(layer, out IInferenceSession? known))
                return known;
            try
            {
                return _after[layer] = engine.CreateSession(GraphLayers.After(graph, layer), weights);
            }
            catch (GraphException wrong)
            {
                throw new ExplainException($"A channel of '{layer.Scope}' cannot be taken away: what follows reads more than it.", wrong);
            }
        }
    }

    // The layer's maps with a channel set to zero.
    private static Action<int, Memory<float>> Without(Tensor a, int image)
    {
        int pixels = a.Shape[2] * a.Shape[3],
            length = a.Shape[1] * pixels;
        return (channel, target) =>
        {
            a.Data.AsSpan(image * length, length).CopyTo(target.Span);
            target.Span.Slice(channel * pixels, pixels).Clear();
        };
    }

    // The image through a channel: its map enlarged, from 0 to 1, times the image.
    private static Action<int, Memory<float>> Seen(Tensor input, Tensor a, int image)
    {
        int pixels = a.Shape[2] * a.Shape[3],
            plane = input.Shape[2] * input.Shape[3];
        return (channel, target) =>
        {
            double[] map = [.. a.Data.AsSpan(((image * a.Shape[1]) + channel) * pixels, pixels).ToArray().Select(x => (double)x)];
            double[] mask = CamMaps.Resize(map, (a.Shape[2], a.Shape[3]), (input.Shape[2], input.Shape[3]), alignCorners: true);
            (double least, double most) = (mask.Min(), mask.Max());
            ReadOnlySpan<float> from = input.Data.AsSpan(image * input.Shape[1] * plane, input.Shape[1] * plane);
            for (int i = 0; i < from.Length; i++)
                target.Span[i] = (float)(from[i] * (mask[i % plane] - least) / (most - least + 1e-8));
        };
    }

    private double[] Run(
        IInferenceSession session,
        Shape shape,
        int channels,
        Tensor[] regions,
        CamTarget target,
        Action<int, Memory<float>> write,
        CancellationToken cancellationToken
    )
    {
        var scores = new double[channels];
        for (int first = 0; first < channels; first += options.Batch)
        {
            int count = Math.Min(options.Batch, channels - first);
            var batch = new Tensor(shape.With(0, count));
            int length = batch.Data.Length / count;
            int start = first;
            Parallel.For(0, count, i => write(start + i, batch.Data.AsMemory(i * length, length)));
            Tensor[] given = [batch, .. regions.Select(region => Repeated(region, count))],
                results = session.CreateOutputs([.. given.Select(one => one.Shape)]);
            session.Run(given, results, cancellationToken);
            for (int i = 0; i < count; i++)
                scores[first + i] = target.Value(name => results[Place(session.Graph, name)], i);
        }

        return scores;
    }

    private static int Place(ComputationGraph graph, string name) => graph.Outputs.Index().First(output => output.Item.Name == name).Index;

    private static Tensor Region(Tensor regions, int image) =>
        new(regions.Shape.With(0, 1), regions.Span.Slice(image * regions.Shape[1], regions.Shape[1]).ToArray());

    // The same region of each image of a batch; its first number says which.
    private static Tensor Repeated(Tensor region, int count)
    {
        int length = region.Data.Length;
        var result = new Tensor(region.Shape.With(0, count));
        for (int i = 0; i < count; i++)
        {
            region.Data.CopyTo(result.Data, i * length);
            result.Data[i * length] = i;
        }

        return result;
    }

    private static double[] Softmax(double[] scores)
    {
        double largest = scores.Max(),
            sum = scores.Sum(score => Math.Exp(score - largest));
        return [.. scores.Select(score => Math.Exp(score - largest) / sum)];
    }
}
