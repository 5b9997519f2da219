using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Vision;
using MogaSharp.Weights;

namespace MogaSharp.Cli;

/// <summary>What <c>moga forward --features</c> makes of a segmentation network's output, with the names of the official code.</summary>
internal static class SegmentationForward
{
    public static IEnumerable<TensorEntry> Derive(ForwardRun run, CancellationToken cancellationToken)
    {
        Tensor logits = run.Results[ISegmentationDefinition.Logits];
        (int height, int width) = (run.Input.Shape[2], run.Input.Shape[3]);
        // What was padded on the right and below is no part of the image.
        (int seenHeight, int seenWidth) = run.Size("img_shape") ?? (height, width);
        if (seenHeight > height || seenWidth > width)
            throw new UsageException($"Img_shape is {seenHeight}x{seenWidth}, the input {height}x{width}.");
        AxisTaps rows = AxisTaps.Resize(logits.Shape[2], height).First(seenHeight),
            columns = AxisTaps.Resize(logits.Shape[3], width).First(seenWidth);
        foreach (TensorEntry entry in Maps(logits, "", rows, columns, cancellationToken))
            yield return entry;
        if (run.Size("ori_shape") is not { } original)
            yield break;
        rows = rows.Then(AxisTaps.Resize(seenHeight, original.Height));
        columns = columns.Then(AxisTaps.Resize(seenWidth, original.Width));
        foreach (TensorEntry entry in Maps(logits, "_ori", rows, columns, cancellationToken))
            yield return entry;
    }

    private static TensorEntry[] Maps(Tensor logits, string suffix, AxisTaps rows, AxisTaps columns, CancellationToken cancellationToken)
    {
        (int images, int classes) = (logits.Shape[0], logits.Shape[1]);
        var size = new ImageSize(logits.Shape[3], logits.Shape[2]);
        int length = classes * size.Width * size.Height,
            pixels = checked(rows.Length * columns.Length);
        var all = new Tensor(new Shape(images, classes, rows.Length, columns.Length));
        var labels = new byte[checked(images * pixels)];
        for (int i = 0; i < images; i++)
        {
            var map = new LogitMap(classes, rows, columns);
            map.Write(logits.Data.AsMemory(i * length, length), size, threads: Environment.ProcessorCount);
            map.Labels(Environment.ProcessorCount, cancellationToken).Labels.CopyTo(labels, i * pixels);
            map.WritePlanes(all.Span.Slice(i * classes * pixels, classes * pixels));
        }

        return
        [
            TensorEntry.FromTensor("logits" + suffix, all),
            TensorEntry.FromBytes("labels" + suffix, DType.UInt8, new Shape(images, rows.Length, columns.Length), labels),
        ];
    }
}
