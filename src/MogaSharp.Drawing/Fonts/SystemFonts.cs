using SkiaSharp;

namespace MogaSharp.Drawing;

/// <summary>
/// Fonts that are installed, for characters that the shipped one lacks. Windows and macOS are asked; on Linux, where our Skia comes without
/// fontconfig, the usual folders are searched.
/// </summary>
internal sealed class SystemFonts(IEnumerable<string> folders)
{
    // Each character that no font has costs a look into all of them.
    private const int MaxFiles = 400;
    private static readonly string[] Extensions = [".ttf", ".otf", ".ttc"];
    private static readonly string[] Styles = ["Bold", "Italic", "Oblique", "Light", "Thin", "Black", "Medium", "Condensed"];
    private readonly Lazy<string[]> _files = new(() => Files(folders));

    public static IEnumerable<string> DefaultFolders =>
        !OperatingSystem.IsLinux()
            ? []
            :
            [
                "/usr/share/fonts",
                "/usr/local/share/fonts",
                Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "fonts"),
                Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".fonts"),
            ];

    /// <summary>A font that has a character; null where there is none.</summary>
    public SKTypeface? Find(int character)
    {
        if (SKFontManager.Default.MatchCharacter(character) is { } match)
        {
            if (Has(match, character))
                return match;
            match.Dispose();
        }

        foreach (string file in _files.Value)
        {
            SKTypeface? font = SKTypeface.FromFile(file);
            if (font is not null && Has(font, character))
                return font;
            font?.Dispose();
        }

        return null;
    }

    /// <summary>Whether a font has a character.</summary>
    public static bool Has(SKTypeface font, int character)
    {
        using var sized = new SKFont(font);
        return sized.ContainsGlyph(character);
    }

    // Upright regular fonts come before others, and else names decide, so that the same machine takes the same font each time.
    private static string[] Files(IEnumerable<string> folders)
    {
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            IgnoreInaccessible = true,
            MaxRecursionDepth = 4,
        };
        return
        [
            .. folders
                .Where(Directory.Exists)
                .SelectMany(folder => Directory.EnumerateFiles(folder, "*", options))
                .Where(file => Extensions.Contains(Path.GetExtension(file).ToLowerInvariant()))
                .OrderBy(file => Styles.Count(style => Path.GetFileName(file).Contains(style, StringComparison.OrdinalIgnoreCase)))
                .ThenBy(file => file, StringComparer.Ordinal)
                .Take(MaxFiles),
        ];
    }
}
