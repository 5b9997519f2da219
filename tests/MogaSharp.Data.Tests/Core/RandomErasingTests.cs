using System.Drawing;
using System.Text.Json;

namespace MogaSharp.Data.Tests;

public sealed class RandomErasingTests
{
    [Theory]
    [InlineData("64x64")]
    [InlineData("96x32")]
    public void Boxes_are_distributed_as_in_timm(string size)
    {
        int[] sides = [.. size.Split('x').Select(int.Parse)];
        JsonElement expected = Reference.Json.GetProperty("erasing").GetProperty(size);
        var erasing = new RandomErasing(new ErasingOptions());
        var boxes = new List<Rectangle>();
        var place = new Rectangle[1];
        for (int i = 0; i < 40_000; i++)
            if (erasing.Plan(Stream(i), sides[0], sides[1], place) == 1)
                boxes.Add(place[0]);
        Assert.InRange(
            boxes.Count / 40_000.0,
            expected.GetProperty("erased").GetDouble() - 0.015,
            expected.GetProperty("erased").GetDouble() + 0.015
        );
        Assert.All(
            boxes,
            box => Assert.True(new Rectangle(0, 0, sides[0], sides[1]).Contains(box) && box.Width < sides[0] && box.Height < sides[1])
        );
        double area = (double)sides[0] * sides[1];
        Reference.AssertLike(expected.GetProperty("area"), [.. boxes.Select(box => box.Width * box.Height / area)], "area");
        Reference.AssertLike(
            expected.GetProperty("log_ratio"),
            [.. boxes.Select(box => Math.Log((double)box.Height / box.Width))],
            "ratio"
        );
        Reference.AssertLike(expected.GetProperty("top"), [.. boxes.Select(box => (double)box.Top)], "top");
        Reference.AssertLike(expected.GetProperty("left"), [.. boxes.Select(box => (double)box.Left)], "left");
        // Rounding to whole pixels moves the bounds a little.
        Assert.All(boxes, box => Assert.InRange(box.Width * box.Height / area, 0.015, 0.36));
    }

    [Theory]
    [InlineData(ErasingMode.Constant)]
    [InlineData(ErasingMode.Color)]
    [InlineData(ErasingMode.Pixel)]
    public void Boxes_are_filled_and_nothing_else_changes(ErasingMode mode)
    {
        var erasing = new RandomErasing(new ErasingOptions { Probability = 1, Mode = mode });
        var place = new Rectangle[1];
        for (int i = 0; i < 50; i++)
        {
            Assert.Equal(1, erasing.Plan(Stream(i), 40, 30, place));
            Rectangle box = place[0];
            float[] image = [.. Enumerable.Range(0, 3 * 40 * 30).Select(value => 100f + value)];
            erasing.Apply(Stream(i), image, 40, 30);
            for (int channel = 0; channel < 3; channel++)
            {
                var inside = new List<float>();
                for (int y = 0; y < 30; y++)
                {
                    for (int x = 0; x < 40; x++)
                    {
                        int at = (((channel * 30) + y) * 40) + x;
                        if (box.Contains(x, y))
                            inside.Add(image[at]);
                        else
                            Assert.Equal(100f + at, image[at]);
                    }
                }
                int distinct = inside.Distinct().Count();
                Assert.Equal(mode == ErasingMode.Pixel ? inside.Count : 1, distinct);
                if (mode == ErasingMode.Constant)
                    Assert.Equal(0, inside[0]);
            }
        }
    }

    // A color is one draw for each channel of a box, so there are far fewer of them.
    [Theory]
    [InlineData(ErasingMode.Color, 0.05)]
    [InlineData(ErasingMode.Pixel, 0.05)]
    public void Boxes_are_filled_with_standard_normal_noise(ErasingMode mode, double tolerance)
    {
        var erasing = new RandomErasing(new ErasingOptions { Probability = 1, Mode = mode });
        var place = new Rectangle[1];
        var noise = new List<float>();
        for (int i = 0; i < (mode == ErasingMode.Pixel ? 50 : 4000); i++)
        {
            Assert.Equal(1, erasing.Plan(Stream(i), 40, 30, place));
            float[] image = new float[3 * 40 * 30];
            erasing.Apply(Stream(i), image, 40, 30);
            noise.AddRange(mode == ErasingMode.Pixel ? image.Where(value => value != 0) : image.Where(value => value != 0).Distinct());
        }
        double mean = noise.Average();
        Assert.InRange(mean, -tolerance, tolerance);
        Assert.InRange(noise.Average(value => value * value), 1 - (2 * tolerance), 1 + (2 * tolerance));
    }

    [Fact]
    public void Several_boxes_share_the_area()
    {
        var erasing = new RandomErasing(new ErasingOptions { Probability = 1, MaxCount = 3 });
        var places = new Rectangle[3];
        int[] counts = new int[4];
        for (int i = 0; i < 3000; i++)
        {
            int count = erasing.Plan(Stream(i), 64, 64, places);
            counts[count]++;
            Assert.All(
                places.Take(count),
                box => Assert.InRange(box.Width * box.Height / 4096.0, 0.013 / 3, 0.36 / (count == 1 ? 1 : count))
            );
        }
        Assert.Equal(0, counts[0]);
        Assert.All(counts[1..], count => Assert.InRange(count, 900, 1100));
    }

    [Fact]
    public void Without_probability_nothing_changes()
    {
        float[] image = [1, 2, 3, 4];
        new RandomErasing(new ErasingOptions { Probability = 0 }).Apply(Stream(0), image, 2, 2);
        Assert.Equal([1, 2, 3, 4], image);
    }

    private static RandomStream Stream(int index) => new(8, RandomPurpose.Erasing, 0, index);
}
