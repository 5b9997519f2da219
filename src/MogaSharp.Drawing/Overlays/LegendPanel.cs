using SkiaSharp;

namespace MogaSharp.Drawing;

/// <summary>How a legend is laid out: columns of colors and names below a title.</summary>
internal sealed class LegendPanel
{
    private readonly Legend _legend;
    private readonly TextLine? _title;
    private readonly TextLine[] _names;
    private readonly float _size;
    private readonly int _rows,
        _rowHeight,
        _swatch,
        _padding,
        _columnWidth;

    private LegendPanel(Legend legend, float size, int most, int height, float nameWidth)
    {
        (_legend, _size) = (legend, size);
        _rowHeight = (int)MathF.Ceiling(size * 1.4f);
        _swatch = Math.Max(3, (int)MathF.Round(size * 0.85f));
        _padding = Math.Max(2, (int)MathF.Round(size * 0.4f));
        _title = legend.Title is { Length: > 0 } title ? TextLine.Fit(title, size, nameWidth + _swatch + _padding) : null;
        int rest = legend.Entries.Length - most;
        Shown = most;
        IEnumerable<string> names = legend.Entries.Take(most).Select(entry => entry.Name);
        if (rest > 0)
            names = names.Append($"+ {rest} more");
        _names = [.. names.Select(name => TextLine.Fit(name, size, nameWidth) ?? new TextLine("", size))];
        _rows = Math.Clamp((height - (2 * _padding) - (_title is null ? 0 : _rowHeight)) / _rowHeight, 1, Math.Max(1, _names.Length));
        int columns = (_names.Length + _rows - 1) / _rows;
        // Columns of the same length look better than a last one with what is left.
        _rows = Math.Max(1, (_names.Length + columns - 1) / Math.Max(1, columns));
        _columnWidth = _swatch + (3 * _padding) + (int)MathF.Ceiling(_names.Select(name => name.Width).Append(0).Max());
        Width = Math.Max(columns * _columnWidth, _title is null ? 0 : (int)MathF.Ceiling(_title.Width) + (2 * _padding));
        Height = (_rows * _rowHeight) + (2 * _padding) + (_title is null ? 0 : _rowHeight);
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>The entries that it shows.</summary>
    public int Shown { get; }

    /// <summary>All entries, in as many columns as a height makes necessary.</summary>
    public static LegendPanel Whole(Legend legend, float size, int height) => new(legend, size, legend.Entries.Length, height, size * 30);

    /// <summary>As many entries as there is room for; null when there are none, or there is no room.</summary>
    public static LegendPanel? Within(Legend legend, float size, int width, int height)
    {
        if (legend.Entries.IsEmpty)
            return null;
        for (float smaller = size; smaller > DrawingScale.MinFont; smaller *= 0.85f)
        {
            var whole = new LegendPanel(legend, smaller, legend.Entries.Length, height, width);
            if (whole.Fits(width, height))
                return whole;
        }

        LegendPanel? best = null;
        (int least, int most) = (1, legend.Entries.Length);
        while (least <= most)
        {
            int middle = (least + most) / 2;
            // The names may have what is left of the width by color and margins.
            var part = new LegendPanel(legend, DrawingScale.MinFont, middle, height, width - 11);
            if (part.Fits(width, height))
                (best, least) = (part, middle + 1);
            else
                most = middle - 1;
        }

        return best;
    }

    /// <summary>Draws text and colors; the ground is there.</summary>
    public void Draw(SKCanvas canvas, SKRectI place)
    {
        int top = place.Top + _padding;
        float lift = (_rowHeight - TextLine.LineHeight(_size)) / 2;
        _title?.Draw(canvas, place.Left + _padding, top + lift, RgbColor.Black);
        if (_title is not null)
            top += _rowHeight;
        using var fill = new SKPaint();
        using var edge = new SKPaint { Color = RgbColor.Black.ToSkia(0.35), IsStroke = true };
        for (int i = 0; i < _names.Length; i++)
        {
            int left = place.Left + _padding + (i / _rows * _columnWidth),
                y = top + (i % _rows * _rowHeight);
            if (i < Shown)
            {
                SKRectI swatch = SKRectI.Create(left, y + ((_rowHeight - _swatch) / 2), _swatch, _swatch);
                fill.Color = _legend.Entries[i].Color.ToSkia();
                canvas.DrawRect(swatch, fill);
                canvas.DrawRect(SKRect.Inflate(swatch, 0.5f, 0.5f), edge);
            }

            _names[i].Draw(canvas, left + _swatch + _padding, y + lift, RgbColor.Black);
        }
    }

    private bool Fits(int width, int height) => Width <= width && Height <= height;
}
