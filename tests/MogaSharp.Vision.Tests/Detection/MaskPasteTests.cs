using MogaSharp.Testing;
using static MogaSharp.Vision.Tests.DetectionFixtures;

namespace MogaSharp.Vision.Tests;

/// <summary>Small masks in the image, and small masks of the image's.</summary>
public sealed class MaskPasteTests
{
    private static readonly FixtureFile Pasted = Units("paste");
    private static readonly FixtureFile Targets = Units("mask_target");
    private static readonly ImageSize Small = new(28, 28);

    [Fact]
    public void Masks_are_pasted_as_by_the_official_code()
    {
        var image = new ImageSize(128, 96);
        float[] probabilities = Pasted.Floats("prob"),
            boxes = Pasted.Floats("boxes");
        byte[] expected = Pasted.Bytes("binary"),
            mask = new byte[128 * 96];
        long[] areas = Pasted.Longs("area_cropped_paste");
        for (int i = 0; i < 4; i++)
        {
            Array.Fill(mask, (byte)7);
            PixelWindow window = MaskPaste.Paste(probabilities.AsSpan(i * 784, 784), Small, boxes.AsSpan(i * 4, 4), image, mask);
            Assert.Equal(expected[(i * mask.Length)..][..mask.Length], mask);
            Assert.Equal(areas[i], mask.Sum(value => value));
            byte[] part = new byte[window.Area];
            MaskPaste.Paste(probabilities.AsSpan(i * 784, 784), Small, boxes.AsSpan(i * 4, 4), window, part);
            Assert.Equal(areas[i], part.Sum(value => value));
            for (int y = 0; y < window.Height; y++)
                Assert.Equal(
                    mask.AsSpan(((window.Top + y) * 128) + window.Left, window.Width),
                    part.AsSpan(y * window.Width, window.Width)
                );
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 5)]
    [InlineData(28, 28)]
    public void Random_masks_are_pasted_as_pixel_by_pixel(int height, int width)
    {
        var random = new Random(height);
        for (int i = 0; i < 40; i++)
        {
            var image = new ImageSize(1 + random.Next(70), 1 + random.Next(50));
            float[] probabilities = RandomFloats(random, height * width, 0, 1),
                box = RandomBoxes(random, 1, 60, -20);
            byte[] mask = new byte[image.Width * image.Height];
            MaskPaste.Paste(probabilities, new ImageSize(width, height), box, image, mask);
            for (int y = 0; y < image.Height; y++)
            for (int x = 0; x < image.Width; x++)
            {
                double value = Sample(
                    probabilities,
                    width,
                    height,
                    (x + 0.5 - box[0]) / (box[2] - box[0]),
                    (y + 0.5 - box[1]) / (box[3] - box[1])
                );
                if (Math.Abs(value - 0.5) > 1e-3)
                    Assert.Equal(value > 0.5 ? 1 : 0, mask[(y * image.Width) + x]);
            }
        }
    }

    [Fact]
    public void Boxes_that_are_none_or_outside_paint_nothing_or_their_middle()
    {
        var image = new ImageSize(20, 10);
        float[] full = new float[784];
        Array.Fill(full, 1f);
        byte[] mask = new byte[200];
        foreach (
            float[] box in new float[][]
            {
                [float.NaN, 0, 5, 5],
                [0, 0, 5, float.NaN],
                [30, 0, 40, 5],
                [-9, -9, -2, -2],
                [9, 2, 4, 8],
                [float.PositiveInfinity, 0, float.PositiveInfinity, 5],
            }
        )
        {
            Array.Fill(mask, (byte)1);
            Assert.Equal(0, MaskPaste.Paste(full, Small, box, image, mask).Area);
            Assert.Equal(0, mask.Sum(value => value));
        }

        // No width: as in the official code the columns around it are taken from the middle.
        MaskPaste.Paste(full, Small, [5, 2, 5, 8], image, mask);
        Assert.Equal(12, mask.Sum(value => value));
        // As large as numbers can be: the image is a point of the box.
        MaskPaste.Paste(full, Small, [-1e30f, -1e30f, 1e30f, 1e30f], image, mask);
        Assert.Equal(200, mask.Sum(value => value));
    }

    [Fact]
    public void Targets_are_the_official_ones()
    {
        var image = new ImageSize(160, 128);
        float[] boxes = Targets.Floats("boxes"),
            values = Targets.Floats("value"),
            target = new float[784];
        byte[] expected = Targets.Bytes("target");
        long[] of = Targets.Longs("gt_index");
        byte[][] masks = [.. Targets.Floats("gt_boxes").Chunk(4).Select(box => Ellipse(box, image))];
        for (int i = 0; i < 12; i++)
        {
            float[] box = boxes[(i * 4)..][..4];
            MaskTargets.Write(masks[of[i]], image, box, target);
            Assert.Equal(expected[(i * 784)..][..784].Select(value => (float)value), target);
            var rows = new MaskTargets.CellAxis(box[1], box[3], 28);
            var columns = new MaskTargets.CellAxis(box[0], box[2], 28);
            for (int cell = 0; cell < 784; cell++)
                Assert.InRange(
                    MaskTargets.Mean(masks[of[i]], image, rows, columns, cell / 28, cell % 28),
                    values[(i * 784) + cell] - 1e-5f,
                    values[(i * 784) + cell] + 1e-5f
                );
        }
    }

    // Cells with only one value are not sampled.
    [Fact]
    public void Targets_of_random_boxes_are_those_of_all_samples()
    {
        var random = new Random(4);
        var image = new ImageSize(40, 30);
        for (int i = 0; i < 60; i++)
        {
            byte[] mask = [.. Enumerable.Range(0, 1200).Select(at => (byte)(at % 40 / 9 % 2 == 0 && random.Next(20) > 0 ? 1 : 0))];
            float[] box = RandomBoxes(random, 1, 50, -10),
                target = new float[49];
            MaskTargets.Write(mask, image, box, target);
            float[] cut = [.. box.Select((value, k) => Math.Clamp(value, 0, k % 2 == 0 ? 40 : 30))];
            var rows = new MaskTargets.CellAxis(cut[1], cut[3], 7);
            var columns = new MaskTargets.CellAxis(cut[0], cut[2], 7);
            for (int cell = 0; cell < 49; cell++)
            {
                bool hasExtent = rows.Samples > 0 && columns.Samples > 0;
                Assert.Equal(hasExtent && MaskTargets.Mean(mask, image, rows, columns, cell / 7, cell % 7) >= 0.5f ? 1 : 0, target[cell]);
            }
        }
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        static void Refuses(string message, Action action) => Assert.StartsWith(message, Assert.Throws<ArgumentException>(action).Message);
        var image = new ImageSize(4, 2);
        Refuses("7 values are not a mask of 4 x 2.", () => MaskPaste.Paste(new float[784], Small, new float[4], image, new byte[7]));
        Refuses("5 numbers are not a mask of 28 x 28.", () => MaskPaste.Paste(new float[5], Small, new float[4], image, new byte[8]));
        Refuses("3 numbers are not a box.", () => MaskPaste.Paste(new float[784], Small, new float[3], image, new byte[8]));
        Refuses(
            "7 values, 4 numbers and 50 cells are not a mask of 4 x 2, a box and a square.",
            () => MaskTargets.Write(new byte[7], image, new float[4], new float[50])
        );
        float[] target = [1, 1, 1, 1];
        MaskTargets.Write(new byte[8], image, [float.NaN, 0, 1, 1], target);
        Assert.Equal(new float[4], target);
    }

    // The rule by which the official fixtures draw masks.
    private static byte[] Ellipse(float[] box, ImageSize image)
    {
        (double x, double y) = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2);
        (double width, double height) = ((box[2] - box[0]) / 2, (box[3] - box[1]) / 2);
        return
        [
            .. Enumerable
                .Range(0, image.Width * image.Height)
                .Select(at =>
                    Math.Pow(((at % image.Width) + 0.5 - x) / width, 2) + Math.Pow(((at / image.Width) + 0.5 - y) / height, 2) <= 1
                        ? (byte)1
                        : (byte)0
                ),
        ];
    }

    private static double Sample(float[] values, int width, int height, double right, double down)
    {
        (double x, double y) = ((right * width) - 0.5, (down * height) - 0.5);
        double sum = 0;
        for (int row = 0; row < height; row++)
        for (int column = 0; column < width; column++)
            sum += values[(row * width) + column] * Math.Max(0, 1 - Math.Abs(x - column)) * Math.Max(0, 1 - Math.Abs(y - row));
        return sum;
    }
}
