using MogaSharp.Graph;

namespace MogaSharp.Tasks;

/// <summary>
/// How well a classifier does while more and more patches of its images are dropped (Naseer et al., NeurIPS 2021). A run draws an order of
/// the patches, and each step drops as many of the first ones as it says. Safe for concurrent use.
/// </summary>
public sealed class PatchOcclusion : IDisposable
{
    private readonly MaskedNetwork _network;
    private readonly ClassActivation? _cam;
    private readonly OcclusionOptions _options;
    private readonly float[] _fill;

    /// <summary>Prepares a network.</summary>
    /// <param name="graph">The network of a classifier, with logits (N, classes) as its first output, for images of the size that is
    /// looked at.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="options">Which patches are dropped, and what they show.</param>
    /// <param name="engine">What computes; it must outlive this.</param>
    /// <param name="mean">What was subtracted from pixels of 0 to 1: a number for each channel, or one for all.</param>
    /// <param name="standardDeviation">What they were divided by then, likewise.</param>
    /// <exception cref="ExplainException">The network does not classify, the grid does not suit its images, or there is no map to tell
    /// what is salient.</exception>
    public PatchOcclusion(
        ComputationGraph graph,
        WeightSet weights,
        OcclusionOptions options,
        IInferenceEngine engine,
        ReadOnlySpan<float> mean,
        ReadOnlySpan<float> standardDeviation
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Runs, 1);
        _network = new MaskedNetwork(graph, weights, engine, options.Grid, options.Batch);
        _options = options;
        _fill = new float[_network.Channels];
        if (options.Baseline == OcclusionBaseline.Black)
            for (int channel = 0; channel < _fill.Length; channel++)
                _fill[channel] = -mean[channel % mean.Length] / standardDeviation[channel % standardDeviation.Length];
        try
        {
            _cam =
                options.Drop == OcclusionDrop.Random ? null : new ClassActivation(graph, weights, new() { Batch = options.Batch }, engine);
        }
        catch
        {
            _network.Dispose();
            throw;
        }
    }

    /// <summary>The grid.</summary>
    public PatchGrid Grid => _network.Grid;

    /// <summary>The logits of images of which the same patches are dropped.</summary>
    /// <param name="images">Images as the network takes them, (N, C, H, W).</param>
    /// <param name="dropped">The patches to drop.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <returns>(N, classes).</returns>
    /// <exception cref="ExplainException">The images have another size.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Tensor Logits(Tensor images, IReadOnlyList<int> dropped, CancellationToken cancellationToken = default)
    {
        int count = images.Shape[0];
        _network.Check(images, new int[count]);
        PatchMask present = PatchMask.Of(Grid.Count, [.. Enumerable.Range(0, Grid.Count).Except(dropped)]);
        var logits = new Tensor(new Shape(count, _network.Classes));
        _network.Run(
            [.. Enumerable.Range(0, count).Select(image => new MaskedImage(MaskedNetwork.ImageOf(images, image), present))],
            _fill,
            (image, row) => row.CopyTo(logits.Span[(image * _network.Classes)..]),
            null,
            cancellationToken
        );
        return logits;
    }

    /// <summary>Counts what is right of some images.</summary>
    /// <param name="images">Images as the network takes them, (N, C, H, W).</param>
    /// <param name="labels">Their true classes.</param>
    /// <param name="first">The number of the first image in its data set, which decides what is drawn.</param>
    /// <param name="progress">Told the share that is done, 0 to 1; null for nobody.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="ExplainException">A class is out of range, or the images have another size.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public OcclusionCounts Measure(
        Tensor images,
        IReadOnlyList<int> labels,
        int first = 0,
        IProgress<double>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        _network.Check(images, labels);
        Tensor? maps = _cam?.Explain(images, cancellationToken: cancellationToken).Map;
        int runs = _cam is null ? _options.Runs : 1;
        int[] counts = OcclusionOptions.Counts(Grid.Count);
        // Nothing is dropped in the first step, whatever the run: its images are run once.
        var items = new List<(int Run, int Step, int Image, MaskedImage Masked)>();
        for (int image = 0; image < labels.Count; image++)
        for (int run = 0; run < runs; run++)
        {
            int[] order = Order(image, run, first, maps);
            for (int step = run == 0 ? 0 : 1; step < counts.Length; step++)
                items.Add(
                    (
                        run,
                        step,
                        image,
                        new MaskedImage(MaskedNetwork.ImageOf(images, image), PatchMask.Of(Grid.Count, order.AsSpan(counts[step])))
                    )
                );
        }

        int[][] correct = [.. Enumerable.Range(0, runs).Select(_ => new int[counts.Length])];
        _network.Run(
            [.. items.Select(item => item.Masked)],
            _fill,
            (at, logits) =>
            {
                (int run, int step, int image, _) = items[at];
                if (System.Numerics.Tensors.TensorPrimitives.IndexOfMax(logits) == labels[image])
                    correct[run][step]++;
            },
            done => progress?.Report((double)done / items.Count),
            cancellationToken
        );
        foreach (int[] run in correct)
            run[0] = correct[0][0];
        return new(labels.Count, [.. correct.Select(run => System.Collections.Immutable.ImmutableArray.Create(run))]);
    }

    /// <summary>Frees the sessions.</summary>
    public void Dispose()
    {
        _network.Dispose();
        _cam?.Dispose();
    }

    // The patches in the order in which they are dropped.
    private int[] Order(int image, int run, int first, Tensor? maps)
    {
        int[] order = [.. Enumerable.Range(0, Grid.Count)];
        if (maps is null)
        {
            int of = _options.IsDrawShared ? first : first + image;
            new Random(unchecked(_options.Seed + (1000 * of) + (7919 * run))).Shuffle(order);
            return order;
        }

        int pixels = maps.Shape[1] * maps.Shape[2];
        double[] salience = Grid.Average(maps.Span.Slice(image * pixels, pixels));
        return _options.Drop == OcclusionDrop.Salient
            ? [.. order.OrderByDescending(patch => salience[patch])]
            : [.. order.OrderBy(patch => salience[patch])];
    }
}
