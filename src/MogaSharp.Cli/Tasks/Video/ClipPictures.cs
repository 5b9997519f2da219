using MogaSharp.Drawing;
using MogaSharp.Imaging;

namespace MogaSharp.Cli;

/// <summary>What was seen, what followed (no frames where it is not known) and what was predicted, as images.</summary>
internal sealed record ClipPictures(IReadOnlyList<RgbImage> Input, IReadOnlyList<RgbImage> Truth, IReadOnlyList<RgbImage> Predicted)
{
    private const int LeastSide = 128;
    private const int FrameMilliseconds = 100;

    /// <summary>The rows, or the panels, that there are.</summary>
    private IReadOnlyList<RgbImage>[] Rows => Truth.Count > 0 ? [Input, Truth, Predicted] : [Input, Predicted];

    /// <summary>One image: a row of what was seen, of what followed, of what was predicted, and of their difference (black is
    /// none).</summary>
    public RgbImage Strip()
    {
        IReadOnlyList<RgbImage>[] rows = Truth.Count > 0 ? [.. Rows, Differences()] : Rows;
        return new ImageStrip([.. rows.Select(row => new StripRow([.. row]))]).Draw();
    }

    /// <summary>Side by side what was seen, what followed and what was predicted, each from its first frame on. Small frames are
    /// enlarged.</summary>
    public GifAnimation SideBySide()
    {
        int enlargement = Math.Max(1, LeastSide / Math.Min(Input[0].Height, Input[0].Width));
        RgbImage[] frames =
        [
            .. Enumerable
                .Range(0, Rows.Max(row => row.Count))
                .Select(i => new StripRow([.. Rows.Select(row => row[Math.Min(i, row.Count - 1)])]))
                .Select(panels => new ImageStrip([panels]) { Enlargement = enlargement }.Draw()),
        ];
        return new GifAnimation(frames, Enumerable.Repeat(FrameMilliseconds, frames.Length));
    }

    private RgbImage[] Differences() =>
        [
            .. Truth.Zip(
                Predicted,
                (truth, predicted) =>
                    new RgbImage(truth.Width, truth.Height, [.. truth.Pixels.Zip(predicted.Pixels, (a, b) => (byte)Math.Abs(a - b))])
            ),
        ];
}
