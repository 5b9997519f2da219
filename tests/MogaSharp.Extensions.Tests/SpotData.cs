using System.Collections;
using System.Globalization;
using Microsoft.Extensions.Logging;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Training;
using MogaSharp.Vision;

namespace MogaSharp.Extensions.Tests;

/// <summary>An annotation of somebody's own.</summary>
/// <param name="X">The column of the spot's center.</param>
/// <param name="Y">Its row.</param>
public sealed record SpotCenter(double X, double Y) : Annotation
{
    public override Annotation Apply(in AffineMap map, ImageSize target)
    {
        (double x, double y) = map.Apply(X, Y);
        return new SpotCenter(x, y);
    }
}

/// <summary>Images of somebody's own, drawn when they are read.</summary>
internal sealed class SpotItem(string name, int seed) : ImageItem(name)
{
    private const int Side = 32;

    private (int X, int Y) Place => (new Random(seed).Next(6, Side - 6), new Random(seed + 1000).Next(6, Side - 6));

    // Known only after reading, as where annotations are files of their own.
    public override System.Collections.Immutable.ImmutableArray<Annotation> ReadAnnotations() =>
        [new SpotCenter(Place.X + 0.5, Place.Y + 0.5)];

    public override PixelBlock ReadPixels(ImageLimits? limits = null, DecodeBuffers? buffers = null)
    {
        byte[] pixels = new byte[Side * Side * 3];
        for (int y = Place.Y - 4; y <= Place.Y + 4; y++)
            pixels.AsSpan(((y * Side) + Place.X - 4) * 3, 27).Fill(250);
        return new PixelBlock(pixels, Side, Side, PixelLayout.Rgb);
    }
}

/// <summary>A data set of somebody's own.</summary>
internal sealed class SpotSet(int count, int seed) : IImageDataset
{
    public IReadOnlyList<string> ClassNames => [];

    public int Count => count;

    public ImageItem this[int index] => new SpotItem($"spot {index}", seed + index);

    public IEnumerator<ImageItem> GetEnumerator() => Enumerable.Range(0, count).Select(i => this[i]).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>An order of somebody's own: the even images before the odd ones, each half shuffled together.</summary>
internal sealed class EvenFirst(int count, long seed, ProcessShare share) : Sampler(count, share)
{
    public override int Length => Count / Share.Count;

    public override int[] Draw(int epoch)
    {
        int[] order = [.. Shuffled(seed, epoch).OrderBy(i => i % 2)];
        return [.. Enumerable.Range(0, Length).Select(i => order[GlobalPosition(i)])];
    }
}

/// <summary>Batches of somebody's own.</summary>
internal sealed class SpotBatch(ReadOnlyMemory<float> inputs, Shape shape, float[] xs, float[] ys) : TrainingBatch(inputs, shape)
{
    public float[] Xs => xs;

    public float[] Ys => ys;
}

internal sealed class SpotReading : ITrainingData
{
    private readonly BatchLoader _train;
    private readonly BatchLoader _eval;
    private readonly int _size;

    public SpotReading(SpotSet train, SpotSet eval, TrainingRecipe recipe, PreprocessCard preprocess, int workers, ProcessShare share)
    {
        var loading = new LoaderOptions(recipe.BatchSize / share.Count) { Workers = workers, Seed = recipe.Seed };
        _size = recipe.ImageSize;
        Count = train.Count;
        EvalCount = eval.Count;
        var transform = new TrainingTransform(ImageTrainingData.Augmentation(recipe, preprocess));
        _train = new BatchLoader(train, new EvenFirst(train.Count, recipe.Seed, share), transform, loading, LoaderUse.Training);
        var plain = new EvaluationTransform(preprocess.ToOptions());
        _eval = new BatchLoader(eval, new OrderedSampler(eval.Count, share), plain, loading, LoaderUse.Evaluation);
    }

    public long Count { get; }

    public int BatchesPerEpoch => _train.BatchesPerEpoch;

    public long EvalCount { get; }

    public int EvalBatches => _eval.BatchesPerEpoch;

    public IEnumerable<TrainingBatch> Train(int epoch, int firstBatch, CancellationToken cancellationToken) =>
        Read(_train, epoch, firstBatch, cancellationToken);

    public IEnumerable<TrainingBatch> Evaluate(CancellationToken cancellationToken) => Read(_eval, 0, 0, cancellationToken);

    public void Dispose()
    {
        _train.Dispose();
        _eval.Dispose();
    }

    private IEnumerable<TrainingBatch> Read(BatchLoader loader, int epoch, int first, CancellationToken cancellationToken)
    {
        foreach (Batch batch in loader.ReadAsync(epoch, first, cancellationToken).ToBlockingEnumerable(cancellationToken))
        {
            using (batch)
            {
                SpotCenter[] centers = [.. batch.Annotations.Select(all => all.OfType<SpotCenter>().Single())];
                yield return new SpotBatch(
                    batch.Images,
                    new Shape(batch.Count, batch.Channels, batch.Height, batch.Width),
                    [.. centers.Select(center => (float)(center.X / _size))],
                    [.. centers.Select(center => (float)(center.Y / _size))]
                );
            }
        }
    }
}

/// <summary>The data as a run opens it: <c>spots:TRAIN,EVAL</c>.</summary>
internal sealed class SpotTrainingSet : TrainingSet
{
    private readonly SpotSet _train;
    private readonly SpotSet _eval;

    public SpotTrainingSet(string text, ModelCard model)
    {
        int[] counts = [.. text.Split(':')[1].Split(',').Select(part => int.Parse(part, CultureInfo.InvariantCulture))];
        (_train, _eval, Model) = (new SpotSet(counts[0], 0), new SpotSet(counts[1], 5000), model);
    }

    public override ModelCard Model { get; }

    public override IReadOnlyList<string> Notes => ["spots are drawn, not photographed"];

    public override int TrainCount => _train.Count;

    public override int? EvalCount => _eval.Count;

    public override string Describe => "one spot";

    public override void RequireSame(ModelCard begun, string folder) { }

    public override PreprocessCard Preprocessing(TrainingRecipe recipe, PreprocessCard model) => model;

    public override ITrainingData Read(TrainingRecipe recipe, PreprocessCard preprocess, int workers, ProcessShare share, ILogger logger) =>
        new SpotReading(_train, _eval, recipe, preprocess, workers, share);
}
