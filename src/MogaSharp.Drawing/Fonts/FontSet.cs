using System.Collections.Concurrent;
using System.Text;
using SkiaSharp;

namespace MogaSharp.Drawing;

/// <summary>The font that ships with us, and the system's for characters that it lacks. Nothing is loaded before text is drawn.</summary>
internal sealed class FontSet(SystemFonts system)
{
    private const string Resource = "DejaVuSans.ttf";
    private static readonly Lazy<SKTypeface> Shipped = new(Load);
    private readonly ConcurrentDictionary<int, SKTypeface> _fallbacks = new();

    /// <summary>The fonts that everything is drawn with.</summary>
    public static FontSet Default { get; } = new(new SystemFonts(SystemFonts.DefaultFolders));

    /// <summary>DejaVu Sans: Latin, Greek, Cyrillic, Georgian, Armenian, symbols.</summary>
    public static SKTypeface Main => Shipped.Value;

    /// <summary>The font for a character; the shipped one, which shows a box, where none has it.</summary>
    public SKTypeface For(Rune character) => SystemFonts.Has(Main, character.Value) ? Main : _fallbacks.GetOrAdd(character.Value, Fallback);

    /// <summary>One font for a whole text: the one for the first character that the shipped font lacks, if it has the rest too.</summary>
    public SKTypeface ForAll(string text)
    {
        SKTypeface other = text.EnumerateRunes().Select(For).FirstOrDefault(font => font != Main) ?? Main;
        return text.EnumerateRunes().All(character => SystemFonts.Has(other, character.Value)) ? other : Main;
    }

    // One that was found for another character comes first: words stay in one font.
    private SKTypeface Fallback(int character) =>
        _fallbacks.Values.FirstOrDefault(font => font != Main && SystemFonts.Has(font, character)) ?? system.Find(character) ?? Main;

    private static SKTypeface Load()
    {
        using Stream font =
            typeof(FontSet).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The resource {Resource} is missing.");
        using var data = SKData.Create(font);
        return SKTypeface.FromData(data) ?? throw new InvalidOperationException($"The resource {Resource} is not a font.");
    }
}
