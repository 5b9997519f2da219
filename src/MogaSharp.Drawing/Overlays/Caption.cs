using SkiaSharp;

namespace MogaSharp.Drawing;

/// <summary>Lines of text with a margin around them.</summary>
internal sealed class Caption
{
    private readonly List<TextLine> _lines;
    private readonly int _padding,
        _lineHeight;

    private Caption(List<TextLine> lines, int padding)
    {
        (_lines, _padding) = (lines, padding);
        _lineHeight = (int)MathF.Ceiling(lines[0].Height);
        Width = (int)MathF.Ceiling(lines.Max(line => line.Width)) + (2 * padding);
        Height = (lines.Count * _lineHeight) + (2 * padding);
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>The text in a room, cut off where there is no more of it; null where there is none, or nothing to write.</summary>
    public static Caption? Within(string text, float size, int width, int height)
    {
        size = Math.Min(size, height / 2f);
        if (size < DrawingScale.MinFont || string.IsNullOrWhiteSpace(text))
            return null;
        int padding = Math.Max(1, (int)MathF.Round(size * 0.3f));
        int most = (height - (2 * padding)) / (int)MathF.Ceiling(TextLine.LineHeight(size)),
            room = width - (2 * padding) - 1;
        if (most < 1 || room < 1)
            return null;
        string[] lines = [.. text.Split('\n').SelectMany(line => Wrap(line, size, room))];
        if (lines.Length > most)
            lines = [.. lines[..(most - 1)], lines[most - 1] + " …"];
        List<TextLine> fitted = [.. lines.Select(line => TextLine.Fit(line, size, room) ?? new TextLine("", size))];
        return fitted.TrueForAll(line => line.Width == 0) ? null : new(fitted, padding);
    }

    /// <summary>Draws the text; the ground is there.</summary>
    public void Draw(SKCanvas canvas, SKRectI place)
    {
        for (int i = 0; i < _lines.Count; i++)
            _lines[i].Draw(canvas, place.Left + _padding, place.Top + _padding + (i * _lineHeight), RgbColor.White);
    }

    private static IEnumerable<string> Wrap(string line, float size, float width)
    {
        string current = "";
        foreach (string word in line.Split(' '))
        {
            string longer = current.Length == 0 ? word : $"{current} {word}";
            if (current.Length > 0 && new TextLine(longer, size).Width > width)
            {
                yield return current;
                longer = word;
            }

            current = longer;
        }

        yield return current;
    }
}
