using System.Xml.Linq;
using MogaSharp.Imaging;
using MogaSharp.Testing;

namespace MogaSharp.Drawing.Tests;

/// <summary>Maps with a scale of colors, as pixels and as SVG.</summary>
public sealed class HeatMapSheetTests
{
    private static readonly HeatMapSheet Sheet = new([
        new("stage1", 2, 2, new double[] { 0, 1, 4, 16 }),
        new("a <wide> map", 4, 1, new double[] { 0, 0, 0, 0 }),
    ])
    {
        Side = 100,
    };

    [Fact]
    public void Colors_go_by_the_square_root_of_the_share_of_the_largest()
    {
        RgbImage image = Sheet.Draw();
        Assert.Equal(Colormap.Viridis.Color(0), At(image, 0, 0));
        Assert.Equal(Colormap.Viridis.Color(0.25), At(image, 1, 0));
        Assert.Equal(Colormap.Viridis.Color(0.5), At(image, 0, 1));
        Assert.Equal(Colormap.Viridis.Color(1), At(image, 1, 1));

        // Cells of 50 pixels, below the title and right of the gap.
        static RgbColor At(RgbImage image, int column, int row) => image.At(12 + 25 + (50 * column), 26 + 25 + (50 * row));
    }

    [Fact]
    public void Svg_has_titles_a_scale_and_an_image_for_each_map()
    {
        string svg = Sheet.ToSvg();
        Assert.Equal(svg, Sheet.ToSvg());
        var document = XDocument.Parse(svg);
        string[] texts = [.. document.Descendants().Where(node => node.Name.LocalName == "text").Select(node => node.Value)];
        Assert.Equal(["stage1", "a <wide> map", "0", "0.063", "0.25", "0.563", "1"], texts);
        XElement[] images = [.. document.Descendants().Where(node => node.Name.LocalName == "image")];
        // Two maps and the scale.
        Assert.Equal(3, images.Length);
        string[] ids = [.. document.Descendants().Attributes("id").Select(id => id.Value)];
        string[] uses =
        [
            .. document
                .Descendants()
                .Attributes()
                .Where(attribute => attribute.Name.LocalName == "href" && attribute.Value.StartsWith('#'))
                .Select(attribute => attribute.Value[1..]),
        ];
        Assert.All(uses, use => Assert.Contains(use, ids));
    }

    [Fact]
    public void Files_appear_whole_and_what_does_not_fit_is_refused()
    {
        using var folder = new TemporaryFolder();
        Sheet.SaveSvg(folder.File("a.svg"));
        Assert.Equal(Sheet.ToSvg(), File.ReadAllText(folder.File("a.svg")));
        Assert.Throws<ArgumentException>(() => new HeatMapSheet([]).Draw());
        Assert.Throws<ArgumentException>(() => new HeatMapSheet([new("x", 2, 2, new double[3])]).ToSvg());
        Assert.Throws<ArgumentOutOfRangeException>(() => (Sheet with { Side = 49 }).Draw());
    }
}
