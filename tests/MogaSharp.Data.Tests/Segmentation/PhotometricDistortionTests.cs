namespace MogaSharp.Data.Tests;

public sealed class PhotometricDistortionTests
{
    [Theory]
    [InlineData(20.7, null, false, new byte[] { 30, 120, 255 })]
    [InlineData(-20.7, null, false, new byte[] { 0, 79, 229 })]
    [InlineData(null, 1.5, false, new byte[] { 15, 150, 255 })]
    [InlineData(20.0, 0.5, false, new byte[] { 15, 60, 127 })]
    [InlineData(20.0, 0.5, true, new byte[] { 15, 60, 127 })]
    public void Brightness_and_contrast_cut_off_fractions(double? brightness, double? contrast, bool isLast, byte[] expected)
    {
        byte[] pixels = [10, 100, 250];
        new PhotometricDistortion(brightness, contrast, isLast, null, null).Apply(pixels);
        Assert.Equal(expected, pixels);
    }

    [Fact]
    public void Contrast_comes_before_or_after_saturation()
    {
        byte[] early = [200, 100, 50],
            late = [200, 100, 50];
        // Times 1.5, the red is cut off at 255 before the saturation is halved, and not cut off after it.
        new PhotometricDistortion(null, 1.5, false, 0.5, null).Apply(early);
        new PhotometricDistortion(null, 1.5, true, 0.5, null).Apply(late);
        Assert.Equal([255, 204, 165], early);
        Assert.Equal([255, 225, 187], late);
    }

    [Theory]
    [InlineData(255, 0, 0, 0, 255, 255)]
    [InlineData(0, 255, 0, 60, 255, 255)]
    [InlineData(0, 0, 255, 120, 255, 255)]
    [InlineData(255, 255, 0, 30, 255, 255)]
    [InlineData(255, 0, 255, 150, 255, 255)]
    [InlineData(77, 77, 77, 0, 0, 77)]
    [InlineData(0, 0, 0, 0, 0, 0)]
    [InlineData(255, 0, 4, 180, 255, 255)]
    public void Colors_have_the_hues_of_the_wheel(int red, int green, int blue, int hue, int saturation, int value)
    {
        byte[] pixel = [(byte)red, (byte)green, (byte)blue];
        Assert.Equal(((byte)(hue % 180), (byte)saturation, (byte)value), EightBitHsv.FromRgb(pixel));
    }

    [Fact]
    public void All_colors_are_those_of_the_formula_to_a_level()
    {
        for (int red = 0; red < 256; red += 5)
        for (int green = 0; green < 256; green += 3)
        for (int blue = 0; blue < 256; blue += 7)
        {
            byte[] pixel = [(byte)red, (byte)green, (byte)blue];
            (byte hue, byte saturation, byte value) = EightBitHsv.FromRgb(pixel);
            double most = Math.Max(red, Math.Max(green, blue)),
                range = most - Math.Min(red, Math.Min(green, blue));
            Assert.Equal(most, value);
            // Half a step, and what rounding the reciprocal of the value to twelve bits makes of it.
            Assert.Equal(most == 0 ? 0 : 255 * range / most, saturation, 0.5 + (255 * 0.5 / 4096));
            if (range > 0)
            {
                double sixths =
                    most == red ? (green - blue) / range
                    : most == green ? 2 + ((blue - red) / range)
                    : 4 + ((red - green) / range);
                double off = Math.Abs(hue - (sixths * 30)) % 180;
                // Half a step, and what rounding the reciprocal of the range to twelve bits makes of up to five sixths.
                Assert.InRange(Math.Min(off, 180 - off), 0, 0.5 + (5 * 255 * 0.5 / 4096));
            }

            byte[] back = new byte[3];
            EightBitHsv.ToRgb(hue, saturation, value, back);
            // A step of hue is a thirtieth of the range, one of saturation a 255th of the value.
            for (int i = 0; i < 3; i++)
                Assert.InRange(back[i], pixel[i] - 1.5 - (range / 58), pixel[i] + 1.5 + (range / 58));
        }
    }

    [Fact]
    public void Hues_turn_around()
    {
        byte[] pixels = [200, 50, 50, 50, 200, 50, 90, 90, 90];
        new PhotometricDistortion(null, null, false, null, -60).Apply(pixels);
        Assert.Equal([50, 50, 200, 200, 50, 50, 90, 90, 90], pixels);
        new PhotometricDistortion(null, null, false, 0, null).Apply(pixels);
        Assert.Equal([200, 200, 200, 200, 200, 200, 90, 90, 90], pixels);
    }
}
