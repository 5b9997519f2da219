using System.Collections.Immutable;
using MogaSharp.Graph;

namespace MogaSharp.Tasks;

/// <summary>
/// Multi-order interaction strength (Deng et al., ICLR 2022; figure 2 of MogaNet's paper): how much two patches tell together beyond what
/// each tells alone, while m others are visible. Absent patches are 0 in the normalized image, the mean color. Made from the formula; the
/// settings are those of MogaNet's authors. Safe for concurrent use.
/// </summary>
public sealed class MultiOrderInteraction : IDisposable
{
    /// <summary>The largest grid of which all sets of patches can be looked at: 65,536 of 4x4.</summary>
    public const int LargestExactGrid = 4;

    private readonly MaskedNetwork _network;
    private readonly InteractionOptions _options;
    private readonly float[] _mean;

    /// <summary>Prepares a network.</summary>
    /// <param name="graph">The network of a classifier, with logits (N, classes) as its first output, for images of the size that is
    /// looked at.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="options">What is measured.</param>
    /// <param name="engine">What computes; it must outlive this.</param>
    /// <exception cref="ExplainException">The network does not classify, or has one class while the value compares classes; or the grid
    /// does not suit its images.</exception>
    public MultiOrderInteraction(ComputationGraph graph, WeightSet weights, InteractionOptions options, IInferenceEngine engine)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Pairs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Contexts, 1);
        _network = new MaskedNetwork(graph, weights, engine, options.Grid, options.Batch);
        (_options, _mean) = (options, new float[_network.Channels]);
        if (_network.Classes > 1 || options.Value == InteractionValue.Logit)
            return;
        _network.Dispose();
        throw new ExplainException(
            $"The network has one class, of which {InteractionValues.NameOf(options.Value)} says nothing; take "
                + $"{InteractionValues.NameOf(InteractionValue.Logit)}."
        );
    }

    /// <summary>The grid.</summary>
    public PatchGrid Grid => _network.Grid;

    /// <summary>Measures an image with pairs and contexts.</summary>
    /// <param name="image">The image as the network takes it, (1, C, H, W).</param>
    /// <param name="label">The true class.</param>
    /// <param name="draw">The pairs and contexts, see <see cref="InteractionDraw.Create"/>.</param>
    /// <param name="progress">Told the share that is done, 0 to 1; null for nobody.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="ExplainException">The class is out of range, or the image has another size.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ImageInteractions Measure(
        Tensor image,
        int label,
        InteractionDraw draw,
        IProgress<double>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        _network.Check(image, [label]);
        var known = new Dictionary<PatchMask, double>();
        int orders = draw.Orders.Length,
            contexts = draw.Contexts[0][0].Length;
        var values = ImmutableArray.CreateBuilder<double>(orders * draw.Pairs.Length * contexts * 4);
        for (int order = 0; order < orders; order++)
        {
            // All sets of an order are collected before they are run, each once, so that batches are full.
            PatchMask[] masks = [.. draw.Pairs.SelectMany((pair, at) => draw.Contexts[order][at].SelectMany(set => Corners(set, pair)))];
            PatchMask[] missing = [.. masks.Distinct().Where(mask => !known.ContainsKey(mask))];
            double[] found = Run(image, label, missing, share => progress?.Report((order + share) / orders), cancellationToken);
            for (int i = 0; i < missing.Length; i++)
                known[missing[i]] = found[i];
            values.AddRange(masks.Select(mask => known[mask]));
            progress?.Report((order + 1.0) / orders);
        }

        ImmutableArray<double> all = values.MoveToImmutable();
        return new()
        {
            Grid = Grid.Side,
            Orders = draw.Orders,
            Pairs = draw.Pairs,
            Interactions = Means(all, orders, draw.Pairs.Length, contexts, 0, 1),
            Halves =
                contexts < 2 ? [] : [.. Enumerable.Range(0, 2).Select(half => Means(all, orders, draw.Pairs.Length, contexts, half, 2))],
            Values = all,
            Passes = known.Count,
        };
    }

    /// <summary>Measures all pairs of an image in all contexts.</summary>
    /// <param name="image">The image as the network takes it, (1, C, H, W).</param>
    /// <param name="label">The true class.</param>
    /// <param name="progress">Told the share that is done, 0 to 1; null for nobody.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="ExplainException">The grid is larger than <see cref="LargestExactGrid"/>, the class is out of range, or the image
    /// has another size.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ImageInteractions MeasureAll(
        Tensor image,
        int label,
        IProgress<double>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        if (Grid.Side > LargestExactGrid)
            throw new ExplainException(
                $"A grid of {Grid.Side}x{Grid.Side} has too many sets of patches; all of them are looked at up to "
                    + $"{LargestExactGrid}x{LargestExactGrid}."
            );
        _network.Check(image, [label]);
        PatchMask[] masks = [.. Enumerable.Range(0, 1 << Grid.Count).Select(bits => PatchMask.OfBits(Grid.Count, bits))];
        double[] values = Run(image, label, masks, share => progress?.Report(share), cancellationToken);
        return ImageInteractions.OfAllSets(Grid.Side, values) with { Passes = masks.Length };
    }

    /// <summary>Frees the session.</summary>
    public void Dispose() => _network.Dispose();

    private static IEnumerable<PatchMask> Corners(PatchMask set, PatchPair pair)
    {
        PatchMask first = set.With(pair.First);
        return [first.With(pair.Second), first, set.With(pair.Second), set];
    }

    private static ImmutableArray<ImmutableArray<double>> Means(
        ImmutableArray<double> values,
        int orders,
        int pairs,
        int contexts,
        int first,
        int step
    )
    {
        return
        [
            .. Enumerable.Range(0, orders).Select(order => Enumerable.Range(0, pairs).Select(pair => Mean(order, pair)).ToImmutableArray()),
        ];

        double Mean(int order, int pair)
        {
            double sum = 0;
            int count = 0;
            for (int context = first; context < contexts; context += step, count++)
            {
                int at = 4 * ((((order * pairs) + pair) * contexts) + context);
                sum += values[at] - values[at + 1] - values[at + 2] + values[at + 3];
            }

            return sum / count;
        }
    }

    private double[] Run(Tensor image, int label, PatchMask[] masks, Action<double> done, CancellationToken cancellationToken)
    {
        double[] values = new double[masks.Length];
        ReadOnlyMemory<float> pixels = image.Data;
        _network.Run(
            [.. masks.Select(mask => new MaskedImage(pixels, mask))],
            _mean,
            (at, logits) => values[at] = InteractionValues.Of(_options.Value, logits, label),
            count => done((double)count / masks.Length),
            cancellationToken
        );
        return values;
    }
}
