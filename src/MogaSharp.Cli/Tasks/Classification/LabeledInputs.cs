using System.Collections.Concurrent;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Imaging;

namespace MogaSharp.Cli;

/// <summary>Images of a data set as a classifier takes them.</summary>
/// <param name="Input">(N, 3, H, W), zeros where an image could not be read.</param>
/// <param name="Labels">Their classes.</param>
/// <param name="IsRead">Which could be read.</param>
internal sealed record LabeledBatch(Tensor Input, int[] Labels, bool[] IsRead)
{
    /// <summary>Those that could be read; without labels where none could.</summary>
    public LabeledBatch OnlyRead()
    {
        int[] read = [.. IsRead.Index().Where(one => one.Item).Select(one => one.Index)];
        if (read.Length == IsRead.Length || read.Length == 0)
            return read.Length == 0 ? this with { Labels = [], IsRead = [] } : this;
        int length = Input.Data.Length / IsRead.Length;
        return new(
            new Tensor(Input.Shape.With(0, read.Length), [.. read.SelectMany(i => Input.Data.AsSpan(i * length, length).ToArray())]),
            [.. read.Select(i => Labels[i])],
            [.. read.Select(_ => true)]
        );
    }
}

/// <summary>An image that could not be read.</summary>
internal sealed record SkippedImage(string Path, string Error);

/// <summary>Makes inputs of a data set's images. As timm, it passes over what cannot be read; but it says so.</summary>
/// <param name="set">The data set.</param>
/// <param name="preprocessor">Makes an input of an image.</param>
/// <param name="shape">The input's shape, of any batch.</param>
internal sealed class LabeledInputs(IImageDataset set, Preprocessor preprocessor, Shape shape)
{
    private readonly ConcurrentDictionary<string, string> _skipped = new(StringComparer.Ordinal);

    /// <summary>Reads images.</summary>
    /// <param name="places">Their places in the data set.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public LabeledBatch Read(int[] places, CancellationToken cancellationToken)
    {
        int count = places.Length;
        var input = new Tensor(shape.With(0, count));
        int length = input.Data.Length / count;
        bool[] isRead = new bool[count];
        int[] labels = new int[count];
        Parallel.For(
            0,
            count,
            new ParallelOptions { CancellationToken = cancellationToken },
            i =>
            {
                ImageItem item = set[places[i]];
                labels[i] = item.Label;
                isRead[i] = TryWrite(item, input.Data.AsSpan(i * length, length));
            }
        );
        return new(input, labels, isRead);
    }

    /// <summary>Says on stderr which images could not be read so far, and returns them.</summary>
    public SkippedImage[] ReportSkipped()
    {
        SkippedImage[] skipped =
        [
            .. _skipped.Select(pair => new SkippedImage(pair.Key, pair.Value)).OrderBy(image => image.Path, StringComparer.Ordinal),
        ];
        foreach (SkippedImage image in skipped)
            Failure.Report($"{image.Path}: {image.Error}", ExitCode.Failure);
        return skipped;
    }

    private bool TryWrite(ImageItem item, Span<float> input)
    {
        try
        {
            PixelBlock pixels = item.ReadPixels();
            Notices.OfThisRun.Count(pixels.Conversions, item.Name);
            preprocessor.Process(pixels.Pixels.Span, pixels.Width, pixels.Height, pixels.Layout, 0, input);
            return true;
        }
        catch (Exception e) when (e is ImageFormatException or IOException or UnauthorizedAccessException)
        {
            _skipped[item.Name] = Failure.WhyUnreadable(item.Name, e);
            return false;
        }
    }
}
