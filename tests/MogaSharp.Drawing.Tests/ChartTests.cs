using System.Globalization;
using System.Xml.Linq;
using MogaSharp.Imaging;
using MogaSharp.Testing;

namespace MogaSharp.Drawing.Tests;

/// <summary>Charts as pixels and as SVG.</summary>
public sealed class ChartTests
{
    private static readonly LineChart Two = new([
        new("train <a> & \"b\"", [1, 2, 3, 4], [4, 3, 2.5, 2]),
        new("валидация", [1, 2, 3, 4], [4.5, 3.5, 3, 2.75]) { Band = new([4, 3, 2.5, 2.5], [5, 4, 3.5, 3]) },
    ])
    {
        Title = "a title",
        XTitle = "epoch",
        YTitle = "loss",
        IsXWhole = true,
    };

    private static readonly ChartSheet Sheet = new([Two, Two with { IsYLogarithmic = true }]) { Title = "moganet_tiny <test> & more" };

    [Fact]
    public void The_same_charts_give_the_same_files_from_many_threads_too()
    {
        (byte[] png, string svg) = (Sheet.ToPng(), Sheet.ToSvg());
        Parallel.For(
            0,
            8,
            _ =>
            {
                Assert.Equal(png, Sheet.ToPng());
                Assert.Equal(svg, Sheet.ToSvg());
            }
        );
        RgbImage image = ImageDecoder.Decode(png, "png");
        Assert.Equal((960, 392), (image.Width, image.Height));
        Assert.Equal(image.Pixels, Sheet.Draw().Pixels);
    }

    [Fact]
    public void Lines_bands_and_text_are_there()
    {
        RgbImage image = Two.ToSheet().Draw();
        Assert.Equal((480, 360), (image.Width, image.Height));
        Assert.Equal(RgbColor.White, image.At(0, 0));
        ILookup<RgbColor, int> colors = image.All().ToLookup(pixel => pixel.Color, pixel => pixel.X);
        Assert.InRange(colors[RgbColor.Parse("#1f77b4")].Count(), 40, 2000);
        Assert.InRange(colors[RgbColor.Parse("#d62728")].Count(), 40, 2000);
        // A fifth of the second color on white.
        Assert.InRange(
            image.All().Count(pixel => pixel.Color is { Red: >= 245 and <= 248, Green: >= 210 and <= 214, Blue: >= 210 and <= 214 }),
            2000,
            40000
        );
        // Dark text: left of the axis, below it and above.
        Assert.All(
            new Func<(int X, int Y, RgbColor Color), bool>[] { pixel => pixel.X < 40, pixel => pixel.Y > 335, pixel => pixel.Y < 35 },
            where => Assert.InRange(image.All().Count(pixel => where(pixel) && pixel.Color.Luminance < 0.1), 20, 2000)
        );
    }

    [Fact]
    public void Svg_is_well_formed_with_text_as_text()
    {
        string svg = Sheet.ToSvg();
        var document = XDocument.Parse(svg);
        string[] texts = [.. document.Descendants().Where(node => node.Name.LocalName == "text").Select(node => node.Value)];
        Assert.Equal(2, texts.Count(text => text == "train <a> & \"b\""));
        Assert.Equal(2, texts.Count(text => text == "валидация"));
        Assert.Equal(
            ["moganet_tiny <test> & more", "a title", "epoch", "loss"],
            new[] { "moganet_tiny <test> & more", "a title", "epoch", "loss" }.Where(texts.Contains)
        );
        Assert.Contains("train &lt;a&gt; &amp; \"b\"", svg, StringComparison.Ordinal);
        Assert.Equal(("960", "392", "0 0 960 392"), (Value("width"), Value("height"), Value("viewBox")));
        foreach (XElement text in document.Descendants().Where(node => node.Name.LocalName == "text"))
        {
            // Lists of numbers as the format has them, and fonts for those who lack ours.
            Assert.All(text.Attribute("x")!.Value.Split(", "), number => double.Parse(number, CultureInfo.InvariantCulture));
            Assert.Equal("DejaVu Sans, Verdana, sans-serif", text.Attribute("font-family")!.Value);
        }

        HashSet<string> ids = [.. document.Descendants().Attributes("id").Select(id => $"url(#{id.Value})")];
        Assert.NotEmpty(ids);
        Assert.All(document.Descendants().Attributes("clip-path"), use => Assert.Contains(use.Value, ids));

        string? Value(string name) => document.Root!.Attribute(name)?.Value;
    }

    [Fact]
    public void A_value_that_is_not_finite_leaves_a_gap_and_no_trace()
    {
        ChartSheet whole = Line([5, 5, 5, 5, 5]),
            gap = Line([5, 5, double.NaN, 5, 5]);
        Assert.DoesNotContain("NaN", gap.ToSvg(), StringComparison.OrdinalIgnoreCase);
        (RgbImage full, RgbImage parts) = (whole.Draw(), gap.Draw());
        // Columns in which the line is seen: in the middle there are fewer.
        int[] missing = [.. Columns(full).Except(Columns(parts))];
        Assert.InRange(missing.Length, 100, 220);
        Assert.Equal(Columns(gap.Draw()), Columns(Line([5, 5, double.PositiveInfinity, 5, 5]).Draw()));

        static ChartSheet Line(double[] values) =>
            new LineChart([new("line", [1, 2, 3, 4, 5], [.. values]) { Color = new(255, 0, 0) }])
            {
                LegendCorner = Corner.BottomLeft,
            }.ToSheet();
        static IEnumerable<int> Columns(RgbImage image) =>
            image
                .All()
                .Where(pixel => pixel.Y is > 100 and < 250 && pixel.Color is { Red: > 200, Green: < 160 })
                .Select(pixel => pixel.X)
                .Distinct()
                .Order()
                .ToArray();
    }

    [Fact]
    public void Points_between_gaps_are_marked_even_in_long_lines()
    {
        double[] x = [.. Enumerable.Range(0, 201).Select(i => (double)i)];
        var chart = new LineChart([new("alone", [.. x], [.. x.Select(i => i == 100 ? 1 : double.NaN)]) { Color = new(255, 0, 0) }])
        {
            LegendCorner = Corner.BottomLeft,
        };
        Assert.InRange(chart.ToSheet().Draw().All().Count(pixel => pixel.Y < 250 && pixel.Color == new RgbColor(255, 0, 0)), 5, 60);
    }

    [Fact]
    public void Series_without_a_value_are_left_out_and_a_chart_may_be_empty()
    {
        string svg = new LineChart([new("seen", [1], [1]), new("nothing", [1, 2], [double.NaN, double.NegativeInfinity])])
            .ToSheet()
            .ToSvg();
        Assert.Contains("seen", svg, StringComparison.Ordinal);
        Assert.DoesNotContain("nothing", svg, StringComparison.Ordinal);
        Assert.DoesNotContain(
            ">negative<",
            new LineChart([new("negative", [1], [-1])]) { IsYLogarithmic = true }
                .ToSheet()
                .ToSvg(),
            StringComparison.Ordinal
        );
        Assert.NotEmpty(new LineChart([]).ToSheet().ToPng());
        Assert.NotEmpty(new LineChart([new("none", [], [])]).ToSheet().ToPng());
    }

    [Fact]
    public void One_point_stands_in_the_middle()
    {
        RgbImage image = new LineChart([new("one", [7], [0.5]) { Color = new(255, 0, 0) }])
        {
            IsXWhole = true,
            LegendCorner = Corner.BottomLeft,
        }
            .ToSheet()
            .Draw();
        (int X, int Y, RgbColor Color)[] marker =
        [
            .. image.All().Where(pixel => pixel.Y is > 100 and < 250 && pixel.Color == new RgbColor(255, 0, 0)),
        ];
        Assert.InRange(marker.Length, 5, 60);
        Assert.InRange(marker.Average(pixel => pixel.X), 200, 320);
        Assert.Equal(["6", "7", "8"], Ticks(new LineChart([new("one", [7], [0.5])]) { IsXWhole = true }, belowAxis: true));
    }

    [Theory]
    [InlineData(1e-5, 1e5, new[] { "0.0001", "0.01", "1", "100", "10000" })]
    [InlineData(0.2, 3, new[] { "0.2", "0.5", "1", "2" })]
    public void A_logarithmic_scale_is_marked_at_round_values(double from, double to, string[] marks)
    {
        string[] ticks = Ticks(new LineChart([new("line", [1, 2], [from, to])]) { IsYLogarithmic = true }, belowAxis: false);
        Assert.Equal(marks, ticks.OrderBy(tick => double.Parse(tick, CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void Files_are_written_whole_or_not_at_all()
    {
        using var folder = new TemporaryFolder();
        Sheet.SavePng(folder.File("a.png"));
        Sheet.SaveSvg(folder.File("a.svg"));
        Assert.Equal(Sheet.ToPng(), File.ReadAllBytes(folder.File("a.png")));
        Assert.Equal(Sheet.ToSvg(), File.ReadAllText(folder.File("a.svg")));
        Assert.Throws<DirectoryNotFoundException>(() => Sheet.SavePng(folder.File("missing/a.png")));
        Assert.Equal(["a.png", "a.svg"], folder.FileNames.Order());
    }

    [Fact]
    public void Charts_that_make_no_sense_are_refused()
    {
        Assert.Equal("A sheet needs a chart.", Message(new([])));
        Assert.Equal("The series 'x' has 2 places and 1 values.", Message(new LineChart([new("x", [1, 2], [1])]).ToSheet()));
        Assert.Equal(
            "The band of 'x' has 1 and 2 values for 1 places.",
            Message(new LineChart([new("x", [1], [1]) { Band = new([1], [1, 2]) }]).ToSheet())
        );
        Assert.Throws<ArgumentOutOfRangeException>(() => (Sheet with { Columns = 0 }).ToPng());
        Assert.Throws<ArgumentOutOfRangeException>(() => (Sheet with { ChartWidth = 99 }).ToSvg());
        Assert.Throws<ArgumentOutOfRangeException>(() => (Sheet with { ChartHeight = 10_001 }).Draw());

        static string Message(ChartSheet sheet) => Assert.Throws<ArgumentException>(sheet.ToPng).Message;
    }

    // The numbers at one of the axes: those below stand lower than all others.
    private static string[] Ticks(LineChart chart, bool belowAxis)
    {
        (string Text, double Y)[] numbers =
        [
            .. XDocument
                .Parse(chart.ToSheet().ToSvg())
                .Descendants()
                .Where(node => node.Name.LocalName == "text" && double.TryParse(node.Value, CultureInfo.InvariantCulture, out _))
                .Select(node =>
                    (node.Value, double.Parse(node.Attribute("transform")!.Value.Split(' ', ')')[1], CultureInfo.InvariantCulture))
                ),
        ];
        double lowest = numbers.Max(number => number.Y);
        return [.. numbers.Where(number => number.Y == lowest == belowAxis).Select(number => number.Text)];
    }
}
