using MogaSharp.Testing;
using MogaSharp.Vision;

namespace MogaSharp.Imaging.Tests;

/// <summary>The affine map of the pose network's pipeline, equal to it.</summary>
public sealed class AffineWarpTests
{
    private static readonly RgbImage Chelsea = ImageDecoder.Load(Fixtures.At("chelsea.png"));

    [Fact]
    public void A_photo_equals_that_of_the_official_pipeline()
    {
        var expected = new FixtureFile(Repository.Fixture("dense", "pose", "topdown", "moganet_t_photo_256x192.safetensors"));
        Assert.Equal("[[120.0, 40.0, 180.0, 230.0]]", expected.Metadata["bboxes_xywh"]);
        var input = new ImageSize(192, 256);
        PoseRegion region = PoseRegion.FromBox(new Box(120, 40, 180, 230), input);
        AssertPixels.Equal(expected.Bytes("image_u8"), AffineWarp.Apply(Chelsea, region.ToInput(input), input).Pixels);
    }

    [Fact]
    public void A_shift_by_whole_pixels_moves_them_and_leaves_black()
    {
        RgbImage moved = AffineWarp.Apply(Chelsea, AffineMap.Translation(3, -2), new ImageSize(Chelsea.Width, Chelsea.Height));
        for (int y = 0; y < moved.Height; y++)
        {
            Assert.All(moved.Row(y)[..9].ToArray(), sample => Assert.Equal(0, sample));
            if (y + 2 < Chelsea.Height)
                AssertPixels.Equal(Chelsea.Row(y + 2)[..^9], moved.Row(y)[9..]);
            else
                Assert.All(moved.Row(y).ToArray(), sample => Assert.Equal(0, sample));
        }
    }

    [Fact]
    public void Every_sample_is_near_exact_interpolation()
    {
        var target = new ImageSize(210, 190);
        var map = new AffineMap(0.61, -0.37, 40.3, 0.29, 0.83, -60.9);
        byte[] moved = AffineWarp.Apply(Chelsea, map, target).Pixels;
        AffineMap back = map.Inverse();
        int black = 0;
        for (int i = 0; i < moved.Length; i++)
        {
            int pixel = i / 3;
            (double x, double y) = back.Apply(pixel % target.Width, pixel / target.Width);
            double exact = Interpolate(x, y, i % 3);
            // A place is rounded to a 32th of a pixel, and neighbors differ by up to 255.
            Assert.InRange(moved[i], exact - 9, exact + 9);
            if (exact == 0 && moved[i] == 0)
                black++;
        }

        Assert.InRange(black, 500, moved.Length / 2);
    }

    [Fact]
    public void Of_an_image_that_shrinks_to_a_column_only_that_is_left()
    {
        AffineMap map = AffineMap.Scaling(1e-9, 1).Then(AffineMap.Translation(7, 0));
        RgbImage moved = AffineWarp.Apply(Chelsea, map, new ImageSize(16, 16));
        for (int y = 0; y < 16; y++)
        {
            AssertPixels.Equal(Chelsea.Row(y)[..3], moved.Row(y)[21..24]);
            Assert.All(moved.Row(y).ToArray().Where((_, i) => i / 3 != 7), sample => Assert.Equal(0, sample));
        }
    }

    [Fact]
    public void Of_an_image_that_grows_beyond_all_bounds_the_first_pixel_is_left()
    {
        RgbImage moved = AffineWarp.Apply(Chelsea, AffineMap.Scaling(1e150, 1e150), new ImageSize(4, 1));
        for (int x = 0; x < 4; x++)
            AssertPixels.Equal(Chelsea.Row(0)[..3], moved.Row(0).Slice(x * 3, 3));
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        var size = new ImageSize(2, 2);
        ArgumentException wrong = Assert.Throws<ArgumentException>(() =>
            AffineWarp.Apply(new byte[11], size, new byte[12], size, AffineMap.Identity)
        );
        Assert.StartsWith("2 x 2 RGB pixels are not 11 bytes.", wrong.Message);
        wrong = Assert.Throws<ArgumentException>(() => AffineWarp.Apply(new byte[12], size, new byte[12], size, AffineMap.Scaling(0, 1)));
        Assert.Contains("has no inverse.", wrong.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => AffineWarp.Apply(Chelsea, AffineMap.Identity, new ImageSize(0, 1)));
    }

    private static double Interpolate(double x, double y, int channel)
    {
        (int left, int top) = ((int)Math.Floor(x), (int)Math.Floor(y));
        (double right, double down) = (x - left, y - top);
        double upper = ((1 - right) * Sample(left, top)) + (right * Sample(left + 1, top));
        double lower = ((1 - right) * Sample(left, top + 1)) + (right * Sample(left + 1, top + 1));
        return ((1 - down) * upper) + (down * lower);

        double Sample(int column, int row) =>
            column < 0 || row < 0 || column >= Chelsea.Width || row >= Chelsea.Height ? 0 : Chelsea.Row(row)[(column * 3) + channel];
    }
}
