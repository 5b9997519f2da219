using MogaSharp.Imaging;

namespace MogaSharp.Cli;

/// <summary>What was seen, what followed (no frames where it is not known) and what was predicted, as pictures.</summary>
internal sealed record ClipPictures(IReadOnlyList<RgbImage> Input, IReadOnlyList<RgbImage> Truth, IReadOnlyList<RgbImage> Predicted)
{
    private const int Gap = 4;
    private const byte Paper = 255;
    private const int LeastSide = 128;
    private const int FrameMilliseconds = 100;

    /// <summary>The rows, or the panels, that there are.</summary>
    private IReadOnlyList<RgbImage>[] Rows => Truth.Count > 0 ? [Input, Truth, Predicted] : [Input, Predicted];

    /// <summary>One picture: a row of what was seen, of what followed, of what was predicted, and of their difference (black is none).</summary>
    public RgbImage Strip()
    {
        IReadOnlyList<RgbImage>[] rows = Truth.Count > 0 ? [.. Rows, Differences()] : Rows;
        (int height, int width) = (Input[0].Height, Input[0].Width);
        RgbImage sheet = Sheet((rows.Max(row => row.Count) * (width + Gap)) - Gap, (rows.Length * (height + Gap)) - Gap);
        for (int row = 0; row < rows.Length; row++)
            for (int i = 0; i < rows[row].Count; i++) Draw(rows[row][i], sheet, i * (width + Gap), row * (height + Gap), 1);
        return sheet;
    }

    /// <summary>Side by side what was seen, what followed and what was predicted, each from its first frame on. Small frames are enlarged.</summary>
    public GifAnimation SideBySide()
    {
        (int height, int width) = (Input[0].Height, Input[0].Width);
        int scale = Math.Max(1, LeastSide / Math.Min(height, width));
        IEnumerable<RgbImage> frames = Enumerable.Range(0, Rows.Max(row => row.Count)).Select(i =>
        {
            RgbImage sheet = Sheet((Rows.Length * ((width * scale) + Gap)) - Gap, height * scale);
            for (int panel = 0; panel < Rows.Length; panel++)
                Draw(Rows[panel][Math.Min(i, Rows[panel].Count - 1)], sheet, panel * ((width * scale) + Gap), 0, scale);
            return sheet;
        });
        RgbImage[] all = [.. frames];
        return new GifAnimation(all, Enumerable.Repeat(FrameMilliseconds, all.Length));
    }

    private RgbImage[] Differences() => [.. Truth.Zip(Predicted, (truth, predicted) =>
        new RgbImage(truth.Width, truth.Height, [.. truth.Pixels.Zip(predicted.Pixels, (a, b) => (byte)Math.Abs(a - b))]))];

    private static RgbImage Sheet(int width, int height)
    {
        var sheet = new RgbImage(width, height, new byte[checked(width * height * 3)]);
        Array.Fill(sheet.Pixels, Paper);
        return sheet;
    }

    private static void Draw(RgbImage image, RgbImage sheet, int left, int top, int scale)
    {
        if (scale > 1) image = image.Resize(image.Width * scale, image.Height * scale, ResizeFilter.Nearest);
        for (int y = 0; y < image.Height; y++) image.Row(y).CopyTo(sheet.Row(top + y)[(left * 3)..]);
    }
}
