namespace MogaSharp.Drawing;

/// <summary>One line of text with a margin left and right.</summary>
internal sealed record LabelText(TextLine Line, int Padding)
{
    public int Width => (int)MathF.Ceiling(Line.Width) + (2 * Padding);

    public int Height => HeightOf(Line.Size);

    /// <summary>The text in an image: somewhat smaller where it does not fit, then cut off; null where there is no room.</summary>
    public static LabelText? Within(string text, DrawingScale scale, int width, int height)
    {
        float size = scale.FontSize,
            least = Math.Min(size, DrawingScale.MinFor(width, height));
        while (size > least && (HeightOf(size) > height || new TextLine(text, size).Width > width - (2 * PaddingOf(size))))
            size = Math.Max(least, size * 0.95f);
        int padding = PaddingOf(size);
        return HeightOf(size) <= height && TextLine.Fit(text, size, width - (2 * padding)) is { } line ? new(line, padding) : null;
    }

    private static int PaddingOf(float size) => Math.Max(1, (int)MathF.Round(size * 0.25f));

    private static int HeightOf(float size) => (int)MathF.Ceiling(TextLine.LineHeight(size));
}
