using System.Buffers.Binary;
using MogaSharp.Imaging;
using MogaSharp.Testing;
using SkiaSharp;

namespace MogaSharp.Drawing.Tests;

/// <summary>Text, and characters that the shipped font lacks.</summary>
public sealed class TextTests
{
    // A character of CJK extension B, which is in hardly any font.
    private const int Rare = 0x2070E;
    private static readonly string RareText = char.ConvertFromUtf32(Rare);

    [Theory]
    [InlineData("Latin ÀÉÎÕÜßøåæŁŻžğİ")]
    [InlineData("Ελληνικά Кириллица Українська Հայերեն ქართული")]
    [InlineData("0123456789 .,;:!?%°±²³×÷µ€£→←≤≥≈∞∑√")]
    public void The_shipped_font_has_what_labels_are_made_of(string text)
    {
        (SKTypeface font, string run) = Assert.Single(new TextLine(text, 12, new FontSet(new SystemFonts([]))).Runs);
        Assert.Equal(("DejaVu Sans", text), (font.FamilyName, run));
    }

    [Fact]
    public void Without_any_other_font_there_is_a_box()
    {
        var line = new TextLine(RareText, 40, new FontSet(new SystemFonts([])));
        Assert.Same(FontSet.Main, Assert.Single(line.Runs).Font);
        Assert.InRange(line.Width, 10, 60);
        Assert.Contains(Draw(line).All(), pixel => pixel.Color == RgbColor.Black);
    }

    [Fact]
    public void A_font_of_the_system_is_taken_for_the_characters_that_it_has()
    {
        using var folder = new TemporaryFolder();
        folder.File("Rare.ttf", FontWith(Rare));
        folder.File("Broken.ttf", [1, 2, 3]);
        var fonts = new FontSet(new SystemFonts([folder.FullName, folder.File("missing")]));
        var line = new TextLine($"a{RareText}b", 40, fonts);
        Assert.Equal(["a", RareText, "b"], line.Runs.Select(run => run.Text));
        Assert.NotSame(FontSet.Main, line.Runs[1].Font);
        Assert.Same(FontSet.Main, line.Runs[2].Font);
        Assert.NotEqual(
            Draw(new TextLine(RareText, 40, new FontSet(new SystemFonts([])))).Pixels,
            Draw(new TextLine(RareText, 40, fonts)).Pixels
        );
        Assert.Same(line.Runs[1].Font, fonts.ForAll($"a{RareText}"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\ud800")]
    [InlineData("a\0b\tc\r\nd")]
    [InlineData("\u200e\u200f\ufeff\ufe0f")]
    [InlineData("👩‍👩‍👧 👍🏽")]
    [InlineData("مرحبا שלום हिन्दी ไทย")]
    [InlineData("e\u0301\u0302\u0303")]
    public void Any_text_is_drawn(string text)
    {
        var line = new TextLine(text, 20);
        Draw(line);
        Assert.True(line.Width >= 0);
        Assert.NotNull(TextLine.Fit(text, 20, 1000));
        TextLine.Fit(text, 20, 5);
        RgbImage image = Pictures.Plain(100, 80, RgbColor.White);
        Pictures.Drawn(
            image,
            canvas =>
            {
                canvas.DrawLegend(new([new(text, Palette.Color(0))]) { Title = text });
                canvas.DrawCaption(text);
                canvas.DrawBoxes([new(10, 10, 50, 50, Palette.Color(0), text)]);
            }
        );
    }

    [Fact]
    public void Text_is_cut_off_between_what_people_see_as_letters()
    {
        const string Text = "e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301";
        for (float width = 12; width < new TextLine(Text, 20).Width; width++)
        {
            if (TextLine.Fit(Text, 20, width) is not { } cut)
                continue;
            Assert.InRange(cut.Width, 1, width);
            Assert.Equal(1, string.Concat(cut.Runs.Select(run => run.Text)).Length % 2);
        }

        Assert.Null(TextLine.Fit("text", 20, 1));
    }

    [Fact]
    public void Skia_needs_no_fontconfig()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the native library is another one");
        string[] libraries = Directory.GetFiles(AppContext.BaseDirectory, "libSkiaSharp.so", SearchOption.AllDirectories);
        Assert.NotEmpty(libraries);
        Assert.All(libraries, library => Assert.Equal(-1, File.ReadAllBytes(library).AsSpan().IndexOf("libfontconfig"u8)));
    }

    [Fact]
    public void A_library_that_cannot_be_loaded_is_named()
    {
        string reason = SkiaLibrary.Try(() =>
            throw new TypeInitializationException("X", new DllNotFoundException("Unable to load shared library 'libSkiaSharp'.\nmore"))
        )!;
        Assert.StartsWith("Nothing can be drawn: libSkiaSharp for ", reason, StringComparison.Ordinal);
        Assert.EndsWith("cannot be used. Unable to load shared library 'libSkiaSharp'.", reason, StringComparison.Ordinal);
        Assert.Null(SkiaLibrary.Try(() => { }));
    }

    private static RgbImage Draw(TextLine line)
    {
        using SKBitmap bitmap = PixelCopy.NewBitmap(300, 60);
        using var canvas = new SKCanvas(bitmap);
        canvas.Clear(SKColors.White);
        line.Draw(canvas, 4, 4, RgbColor.Black);
        return PixelCopy.ToImage(bitmap);
    }

    // The shipped font, whose last character is made another one.
    private static byte[] FontWith(int character)
    {
        using Stream source = typeof(Canvas).Assembly.GetManifestResourceStream("DejaVuSans.ttf")!;
        byte[] font = new byte[source.Length];
        source.ReadExactly(font);
        int tables = BinaryPrimitives.ReadUInt16BigEndian(font.AsSpan(4));
        int cmap = Enumerable
            .Range(0, tables)
            .Select(i => 12 + (16 * i))
            .Where(at => font.AsSpan(at, 4).SequenceEqual("cmap"u8))
            .Select(at => Number(at + 8))
            .Single();
        int wide = Enumerable
            .Range(0, BinaryPrimitives.ReadUInt16BigEndian(font.AsSpan(cmap + 2)))
            .Select(i => cmap + Number(cmap + 4 + (8 * i) + 4))
            .First(at => BinaryPrimitives.ReadUInt16BigEndian(font.AsSpan(at)) == 12);
        int last = wide + 16 + (12 * (Number(wide + 12) - 1));
        BinaryPrimitives.WriteInt32BigEndian(font.AsSpan(last), character);
        BinaryPrimitives.WriteInt32BigEndian(font.AsSpan(last + 4), character);
        return font;

        int Number(int at) => BinaryPrimitives.ReadInt32BigEndian(font.AsSpan(at));
    }
}
