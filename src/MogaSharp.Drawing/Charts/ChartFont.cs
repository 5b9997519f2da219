using ScottPlot;
using SkiaSharp;

namespace MogaSharp.Drawing;

/// <summary>Gives ScottPlot our fonts, under names of their own, so that it asks for none of the system.</summary>
internal sealed class ChartFont : IFontResolver
{
    private const string Prefix = "MogaSharp ";
    private static readonly Lazy<ChartFont> Registered = new(Register);
    private readonly Dictionary<string, SKTypeface> _fonts = [];
    private readonly Lock _lock = new();

    /// <summary>The name of a font that has all characters of some text, or else of the shipped one.</summary>
    public static string NameFor(string text) => Registered.Value.Name(FontSet.Default.ForAll(text));

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing)
    {
        lock (_lock)
            return _fonts.GetValueOrDefault(fontName);
    }

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) =>
        CreateTypeface(fontName, FontWeight.Normal, FontSlant.Upright, FontSpacing.Normal);

    private static ChartFont Register()
    {
        var fonts = new ChartFont();
        Fonts.FontResolvers.Insert(0, fonts);
        return fonts;
    }

    private string Name(SKTypeface font)
    {
        string name = Prefix + font.FamilyName;
        lock (_lock)
            _fonts.TryAdd(name, font);
        return name;
    }
}
