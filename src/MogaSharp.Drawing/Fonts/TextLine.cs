using System.Globalization;
using System.Text;
using SkiaSharp;

namespace MogaSharp.Drawing;

/// <summary>
/// One line of text of a size in pixels, from left to right, without shaping. Control characters become blanks; characters without a form
/// of their own are left out.
/// </summary>
internal sealed class TextLine
{
    private const string Ellipsis = "…";
    private readonly List<(SKTypeface Font, string Text)> _runs = [];

    public TextLine(string text, float size, FontSet? fonts = null)
    {
        Size = size;
        var run = new StringBuilder();
        SKTypeface? current = null;
        foreach (Rune character in Clean(text).EnumerateRunes())
        {
            SKTypeface font = (fonts ?? FontSet.Default).For(character);
            if (current is not null && font != current)
            {
                _runs.Add((current, run.ToString()));
                run.Clear();
            }

            current = font;
            run.Append(character.ToString());
        }

        if (current is not null)
            _runs.Add((current, run.ToString()));
        foreach ((SKTypeface font, string part) in _runs)
        {
            using SKFont sized = Sized(font);
            Width += sized.MeasureText(part);
        }
    }

    public float Size { get; }

    /// <summary>The advance in pixels.</summary>
    public float Width { get; }

    /// <summary>The height of a line with its ascenders and descenders, in pixels.</summary>
    public float Height => LineHeight(Size);

    /// <summary>The text in its fonts, from left to right.</summary>
    public IReadOnlyList<(SKTypeface Font, string Text)> Runs => _runs;

    /// <summary>The height of a line of a size.</summary>
    public static float LineHeight(float size) => size * 1.25f;

    /// <summary>A text that is cut off, with an ellipsis, where it is too wide; null when not even the ellipsis fits.</summary>
    public static TextLine? Fit(string text, float size, float width)
    {
        var line = new TextLine(text, size);
        if (line.Width <= width)
            return line;
        var starts = StringInfo.ParseCombiningCharacters(text);
        (int least, int most) = (0, starts.Length - 1);
        TextLine? best = null;
        while (least <= most)
        {
            int middle = (least + most) / 2;
            var cut = new TextLine(text[..starts[middle]].TrimEnd() + Ellipsis, size);
            if (cut.Width <= width)
                (best, least) = (cut, middle + 1);
            else
                most = middle - 1;
        }

        return best;
    }

    /// <summary>Draws the line with its top left corner at a place.</summary>
    public void Draw(SKCanvas canvas, float left, float top, RgbColor color)
    {
        using var paint = new SKPaint { Color = color.ToSkia(), IsAntialias = true };
        // Capitals with accents are 0.95 high, and descenders go 0.24 down.
        float baseline = MathF.Round(top + (Size * 0.97f));
        foreach ((SKTypeface font, string text) in _runs)
        {
            using SKFont sized = Sized(font);
            canvas.DrawText(text, left, baseline, SKTextAlign.Left, sized, paint);
            left += sized.MeasureText(text);
        }
    }

    private SKFont Sized(SKTypeface font) =>
        new(font, Size)
        {
            Edging = SKFontEdging.Antialias,
            Subpixel = true,
            Hinting = SKFontHinting.Slight,
        };

    private static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (Rune character in text.EnumerateRunes())
        {
            bool isVariation = character.Value is >= 0xFE00 and <= 0xFE0F;
            if (Rune.IsControl(character))
                clean.Append(' ');
            else if (Rune.GetUnicodeCategory(character) != UnicodeCategory.Format && !isVariation)
                clean.Append(character.ToString());
        }

        return clean.ToString();
    }
}
