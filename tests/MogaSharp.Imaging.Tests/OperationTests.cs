using System.Globalization;
using MogaSharp.Testing;
using MogaSharp.Vision;

namespace MogaSharp.Imaging.Tests;

/// <summary>The operations of augmentation give Pillow's pixels, none off by even one.</summary>
public sealed class OperationTests
{
    private static readonly FixtureFile Cases = new(Repository.Fixture("augment", "ops.safetensors"));

    public static TheoryData<string> Names =>
        [.. Cases.Names.Where(name => name.Contains('/', StringComparison.Ordinal) && !name.StartsWith("crop/", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Names))]
    public void An_operation_equals_that_of_Pillow(string name)
    {
        string[] parts = name.Split('/');
        (int height, int width) = Cases.SizeOf(parts[0]);
        byte[] pixels = Cases.Bytes(parts[0]);
        int channels = pixels.Length / (width * height);
        double argument = parts.Length > 2 ? double.Parse(parts[2], CultureInfo.InvariantCulture) : 0;
        ResizeFilter filter = parts.Length > 3 ? Enum.Parse<ResizeFilter>(parts[3], ignoreCase: true) : default;
        byte[] result = Apply(parts[1], pixels, width, height, channels, argument, filter);
        AssertPixels.Equal(Cases.Bytes(name), result);
    }

    [Fact]
    public void Large_and_small_images_take_the_same_arithmetic()
    {
        // The blend works on sixteen samples at once; each sample alone must give the same.
        var random = new Random(7);
        byte[] pixels = new byte[61 * 3];
        random.NextBytes(pixels);
        foreach (double factor in (double[])[0, 0.1, 0.55, 1, 1.3, 1.9, 3])
        {
            byte[] together = [.. pixels],
                alone = [.. pixels];
            Enhancement.Color(together, 3, factor);
            for (int i = 0; i < alone.Length; i += 3)
                Enhancement.Color(alone.AsSpan(i, 3), 3, factor);
            Assert.Equal(alone, together);
        }
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        byte[] pixels = new byte[12];
        AffineMap matrix = AffineTransform.Rotation(3, 2, 2);
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            AffineTransform.Apply(pixels, 2, 2, 2, new byte[12], matrix, ResizeFilter.Bicubic, [0, 0])
        );
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            AffineTransform.Apply(pixels, 2, 2, 3, new byte[12], matrix, ResizeFilter.Lanczos, [0, 0, 0])
        );
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            AffineTransform.Apply(pixels, 0, 2, 3, new byte[12], matrix, ResizeFilter.Bicubic, [0, 0, 0])
        );
        Assert.Contains(
            "are neither 12 nor 9 bytes",
            Assert
                .Throws<ArgumentException>(() =>
                    AffineTransform.Apply(pixels, 2, 2, 3, new byte[9], matrix, ResizeFilter.Bicubic, [0, 0, 0])
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "1 samples of fill for 3 channels",
            Assert
                .Throws<ArgumentException>(() => AffineTransform.Apply(pixels, 2, 2, 3, new byte[12], matrix, ResizeFilter.Bicubic, [0]))
                .Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentOutOfRangeException>(() => ToneOperations.Posterize(pixels, 9));
        Assert.Throws<ArgumentOutOfRangeException>(() => ToneOperations.SolarizeAdd(pixels, -1));
    }

    private static byte[] Apply(string operation, byte[] pixels, int width, int height, int channels, double argument, ResizeFilter filter)
    {
        byte[] result = [.. pixels];
        switch (operation)
        {
            case "autocontrast":
                ToneOperations.AutoContrast(result, channels);
                break;
            case "equalize":
                ToneOperations.Equalize(result, channels);
                break;
            case "invert":
                ToneOperations.Invert(result);
                break;
            case "posterize":
                ToneOperations.Posterize(result, (int)argument);
                break;
            case "solarize":
                ToneOperations.Solarize(result, (int)argument);
                break;
            case "solarize_add":
                ToneOperations.SolarizeAdd(result, (int)argument);
                break;
            case "color":
                Enhancement.Color(result, channels, argument);
                break;
            case "contrast":
                Enhancement.Contrast(result, channels, argument);
                break;
            case "brightness":
                Enhancement.Brightness(result, argument);
                break;
            case "sharpness":
                Enhancement.Sharpness(result, width, height, channels, argument);
                break;
            case "flip_x":
                Flip.Horizontal(result, width, channels);
                break;
            case "flip_y":
                Flip.Vertical(result, width, channels);
                break;
            default:
                AffineMap matrix = operation switch
                {
                    "rotate" => AffineTransform.Rotation(argument, width, height),
                    "shear_x" => new AffineMap(1, argument, 0, 0, 1, 0),
                    "shear_y" => new AffineMap(1, 0, 0, argument, 1, 0),
                    "translate_x_rel" => new AffineMap(1, 0, argument * width, 0, 1, 0),
                    "translate_y_rel" => new AffineMap(1, 0, 0, 0, 1, argument * height),
                    _ => throw new InvalidOperationException(operation),
                };
                byte[] fill = channels == 3 ? [124, 116, 104] : [73];
                AffineTransform.Apply(pixels, width, height, channels, result, matrix, filter, fill);
                break;
        }
        return result;
    }
}
