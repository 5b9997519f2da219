using System.Text.Json;
using MogaSharp.Testing;

namespace MogaSharp.Vision.Tests;

public sealed class RunLengthMaskTests
{
    private static readonly JsonElement Expected = JsonDocument
        .Parse(File.ReadAllText(Repository.Fixture("dense", "metrics", "mask_coding.json")))
        .RootElement;

    [Fact]
    public void Masks_are_coded_as_by_pycocotools()
    {
        foreach (JsonElement one in Expected.GetProperty("masks").EnumerateArray())
        {
            (byte[] pixels, ImageSize size) = Pixels(one.GetProperty("mask_rows"));
            string code = one.GetProperty("rle").GetProperty("counts").GetString()!;
            uint[] runs = [.. one.GetProperty("counts").EnumerateArray().Select(run => run.GetUInt32())];
            var mask = RunLengthMask.FromPixels(pixels, size);
            Assert.Equal(code, mask.ToString());
            Assert.Equal(runs, mask.Runs.ToArray());
            Assert.Equal(one.GetProperty("area").GetInt32(), mask.Area);
            Assert.Equal(mask, RunLengthMask.Parse(size, code));
            Assert.Equal(mask, RunLengthMask.FromRuns(size, runs));
            byte[] back = new byte[pixels.Length];
            Array.Fill(back, (byte)9);
            mask.CopyTo(back);
            Assert.Equal(pixels, back);
        }
    }

    [Fact]
    public void Polygons_are_filled_as_by_pycocotools()
    {
        foreach (JsonElement one in Expected.GetProperty("polygons").EnumerateArray())
        {
            var size = new ImageSize(one.GetProperty("width").GetInt32(), one.GetProperty("height").GetInt32());
            double[] polygon = [.. one.GetProperty("polygon").EnumerateArray().Select(value => value.GetDouble())];
            var mask = RunLengthMask.FromPolygons([polygon], size);
            Assert.Equal(one.GetProperty("rle").GetProperty("counts").GetString(), mask.ToString());
            Assert.Equal(one.GetProperty("area").GetInt32(), mask.Area);
        }
    }

    // The official way to fill: every point of the outline.
    [Fact]
    public void Random_polygons_are_filled_as_point_by_point()
    {
        var random = new Random(6);
        for (int i = 0; i < 400; i++)
        {
            var size = new ImageSize(1 + random.Next(40), 1 + random.Next(40));
            double reach = i % 4 == 0 ? 300 : 50;
            double[] polygon =
            [
                .. Enumerable
                    .Range(0, 2 * (3 + random.Next(9)))
                    .Select(_ => Math.Round((random.NextDouble() * reach) - (reach / 3), random.Next(3))),
            ];
            Assert.Equal(PointByPoint(polygon, size), RunLengthMask.FromPolygons([polygon], size).Runs.ToArray());
        }
    }

    [Fact]
    public void Random_masks_come_back_and_join_as_their_pixels()
    {
        var random = new Random(2);
        for (int i = 0; i < 100; i++)
        {
            var size = new ImageSize(1 + random.Next(30), 1 + random.Next(30));
            byte[] first = Random(random, size),
                second = Random(random, size);
            var one = RunLengthMask.FromPixels(first, size);
            var other = RunLengthMask.FromPixels(second, size);
            Assert.Equal(one, RunLengthMask.Parse(size, one.ToString()));
            byte[] both = [.. first.Zip(second, (a, b) => (byte)(a & b))],
                any = [.. first.Zip(second, (a, b) => (byte)(a | b))];
            Assert.Equal(RunLengthMask.FromPixels(both, size), RunLengthMask.Intersection([one, other]));
            Assert.Equal(RunLengthMask.FromPixels(any, size), RunLengthMask.Union([one, other]));
            byte[] left = [.. first.Zip(second, (a, b) => (byte)(a & ~b))];
            Assert.Equal(RunLengthMask.FromPixels(left, size), one.Except(other));
            double common = both.Sum(value => value);
            Assert.Equal(common == 0 ? 0 : common / any.Sum(value => value), one.Overlap(other));
            Assert.Equal(common == 0 ? 0 : common / one.Area, one.Overlap(other, isCrowd: true));
            int[] places = [.. Enumerable.Range(0, first.Length).Where(at => first[at] != 0)];
            Box box =
                places.Length == 0
                    ? default
                    : Box.FromCorners(
                        places.Min(at => at % size.Width),
                        places.Min(at => at / size.Width),
                        places.Max(at => at % size.Width) + 1,
                        places.Max(at => at / size.Width) + 1
                    );
            Assert.Equal(box, one.Bounds);
        }
    }

    [Fact]
    public void A_part_of_an_image_is_coded_as_the_whole()
    {
        var random = new Random(9);
        for (int i = 0; i < 60; i++)
        {
            var size = new ImageSize(1 + random.Next(20), 1 + random.Next(20));
            (int left, int top) = (random.Next(size.Width), random.Next(size.Height));
            var window = new PixelWindow(left, top, random.Next(size.Width - left + 1), random.Next(size.Height - top + 1));
            byte[] part = Random(random, new ImageSize(window.Width, window.Height)),
                whole = new byte[size.Width * size.Height];
            for (int at = 0; at < part.Length; at++)
                whole[((top + (at / window.Width)) * size.Width) + left + (at % window.Width)] = part[at];
            Assert.Equal(RunLengthMask.FromPixels(whole, size), RunLengthMask.FromPixels(part, window, size));
        }
    }

    // An outline filled by the rule of even and odd crossings is the mask again.
    [Fact]
    public void Outlines_enclose_the_mask()
    {
        var random = new Random(12);
        for (int i = 0; i < 60; i++)
        {
            var size = new ImageSize(1 + random.Next(15), 1 + random.Next(15));
            byte[] pixels = Random(random, size),
                filled = new byte[pixels.Length];
            foreach (var polygon in RunLengthMask.FromPixels(pixels, size).Outline())
            {
                for (int k = 0; k < polygon.Length; k++)
                {
                    ((int x, int y), (int toX, int toY)) = (polygon[k], polygon[(k + 1) % polygon.Length]);
                    Assert.True((x == toX) != (y == toY));
                    for (int row = Math.Min(y, toY); row < Math.Max(y, toY); row++)
                    for (int column = x; column < size.Width; column++)
                        filled[(row * size.Width) + column] ^= 1;
                }
            }

            Assert.Equal(pixels, filled);
        }

        (byte[] ring, ImageSize square) = (Rows("11111", "10001", "10101", "10001", "11111"), new ImageSize(5, 5));
        var outline = RunLengthMask.FromPixels(ring, square).Outline();
        Assert.Equal([25, 1, -9], outline.Select(polygon => DoubleArea(polygon) / 2));
        Assert.Empty(RunLengthMask.FromPixels(new byte[25], square).Outline());
    }

    public static TheoryData<string, string> DamagedCodes() =>
        new()
        {
            { "", "The runs of the mask have 0 pixels, an image of 4 x 3 has 12." },
            { ";", "The runs of the mask have 11 pixels, an image of 4 x 3 has 12." },
            { "X", "The code of the mask ends within a number." },
            { "oooooo", "The code of the mask ends within a number." },
            { "oooooooo0", "The code of the mask has a number that is too large." },
            { "oooooo?", "The code of the mask has a run of 17179869183 pixels." },
            { "5 7", "The code of the mask has the character U+0020, which no code has." },
            { "5\u0130", "The code of the mask has the character U+0130, which no code has." },
            { "5p", "The code of the mask has the character U+0070, which no code has." },
            { "J", "The code of the mask has a run of -6 pixels." },
            { "555555J", "The runs of the mask have 54 pixels, an image of 4 x 3 has 12." },
        };

    [Theory]
    [MemberData(nameof(DamagedCodes))]
    public void Damaged_codes_are_refused(string code, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => RunLengthMask.Parse(new ImageSize(4, 3), code)).Message);

    [Fact]
    public void Random_codes_are_masks_or_refused()
    {
        var random = new Random(1);
        var size = new ImageSize(7, 5);
        int masks = 0;
        for (int i = 0; i < 20_000; i++)
        {
            string code = string.Create(
                random.Next(6),
                random,
                (span, from) =>
                {
                    foreach (ref char one in span)
                        one = (char)('/' + from.Next(36));
                }
            );
            try
            {
                var mask = RunLengthMask.Parse(size, code);
                byte[] pixels = new byte[35];
                mask.CopyTo(pixels);
                Assert.Equal(mask.Area, pixels.Sum(value => value));
                masks++;
            }
            catch (FormatException refused)
            {
                Assert.EndsWith(".", refused.Message);
            }
        }

        Assert.InRange(masks, 1, 19_999);
    }

    [Fact]
    public void What_is_no_mask_is_refused()
    {
        var size = new ImageSize(4, 3);
        static void Refuses<T>(string message, Action action)
            where T : Exception => Assert.StartsWith(message, Assert.Throws<T>(action).Message);
        Refuses<FormatException>(
            "The runs of the mask have 13 pixels, an image of 4 x 3 has 12.",
            () => RunLengthMask.FromRuns(size, [6, 7])
        );
        Refuses<FormatException>(
            "The runs of the mask have 8589934590 pixels, an image of 4 x 3 has 12.",
            () => RunLengthMask.FromRuns(size, [uint.MaxValue, uint.MaxValue])
        );
        Refuses<FormatException>("There is no mask of 65536 x 65536.", () => RunLengthMask.Parse(new ImageSize(65536, 65536), "0"));
        Refuses<FormatException>("There is no mask of -1 x -1.", () => RunLengthMask.FromRuns(new ImageSize(-1, -1), [1]));
        Refuses<FormatException>(
            "A polygon has 4 coordinates, not two for each of three or more points.",
            () => RunLengthMask.FromPolygons([new double[4]], size)
        );
        Refuses<FormatException>(
            "A polygon has the coordinate NaN.",
            () => RunLengthMask.FromPolygons([new[] { 1, 2, 3, double.NaN, 5, 6 }], size)
        );
        Refuses<FormatException>(
            "A polygon has the coordinate 1E+300.",
            () => RunLengthMask.FromPolygons([new[] { 1, 2, 3, 1e300, 5, 6 }], size)
        );
        Refuses<ArgumentException>("11 values are not a mask of 4 x 3.", () => RunLengthMask.FromPixels(new byte[11], size));
        Refuses<ArgumentException>(
            "4 values are not those of PixelWindow { Left = 3, Top = 0, Width = 2, Height = 2, Area = 4 } in an image of 4 x 3.",
            () => RunLengthMask.FromPixels(new byte[4], new PixelWindow(3, 0, 2, 2), size)
        );
        var mask = RunLengthMask.FromRuns(size, [12]);
        Refuses<ArgumentException>("11 values are not a mask of 4 x 3.", () => mask.CopyTo(new byte[11]));
        var other = RunLengthMask.FromRuns(new ImageSize(3, 4), [12]);
        Refuses<ArgumentException>("One mask is of 4 x 3, another one of 3 x 4.", () => mask.Overlap(other));
        Refuses<ArgumentException>("One mask is of 4 x 3, another one of 3 x 4.", () => RunLengthMask.Union([mask, other]));
        Refuses<ArgumentException>("There is no mask.", () => RunLengthMask.Union([]));
        Assert.Equal(0, RunLengthMask.FromPolygons([], size).Area);
    }

    // Reaches far beyond the image: the work does not grow with it.
    [Fact]
    public void Huge_polygons_fill_the_image()
    {
        var size = new ImageSize(30, 20);
        double[] huge = [-9e7, -9e7, 9e7, -9e7, 9e7, 9e7, -9e7, 9e7];
        Assert.Equal(600, RunLengthMask.FromPolygons([.. Enumerable.Repeat((ReadOnlyMemory<double>)huge, 2000)], size).Area);
    }

    private static byte[] Random(Random random, ImageSize size)
    {
        int full = random.Next(11);
        return [.. Enumerable.Range(0, size.Width * size.Height).Select(_ => (byte)(random.Next(10) < full ? 1 : 0))];
    }

    private static (byte[] Pixels, ImageSize Size) Pixels(JsonElement rows)
    {
        string[] lines = [.. rows.EnumerateArray().Select(row => row.GetString()!)];
        return (Rows(lines), new ImageSize(lines[0].Length, lines.Length));
    }

    private static byte[] Rows(params string[] rows) => [.. rows.SelectMany(row => row.Select(pixel => (byte)(pixel - '0')))];

    private static int DoubleArea(IReadOnlyList<(int X, int Y)> polygon) =>
        Enumerable
            .Range(0, polygon.Count)
            .Sum(i => (polygon[i].X * polygon[(i + 1) % polygon.Count].Y) - (polygon[(i + 1) % polygon.Count].X * polygon[i].Y));

    private static uint[] PointByPoint(double[] polygon, ImageSize size)
    {
        List<(int X, int Y)> corners = [.. polygon.Chunk(2).Select(point => ((int)((5 * point[0]) + 0.5), (int)((5 * point[1]) + 0.5)))],
            points = [];
        for (int i = 0; i < corners.Count; i++)
        {
            ((int x, int y), (int toX, int toY)) = (corners[i], corners[(i + 1) % corners.Count]);
            (int width, int height) = (Math.Abs(toX - x), Math.Abs(toY - y));
            bool isTurned = width >= height ? x > toX : y > toY;
            if (isTurned)
                (x, y, toX, toY) = (toX, toY, x, y);
            List<(int, int)> edge = [];
            for (int step = 0; step <= Math.Max(width, height); step++)
                edge.Add(
                    width >= height
                        ? (x + step, (int)(y + ((double)(toY - y) / width * step) + 0.5))
                        : ((int)(x + ((double)(toX - x) / height * step) + 0.5), y + step)
                );
            if (isTurned)
                edge.Reverse();
            points.AddRange(edge);
        }

        List<int> changes = [];
        for (int i = 1; i < points.Count; i++)
        {
            if (points[i].X == points[i - 1].X)
                continue;
            double column = ((Math.Min(points[i].X, points[i - 1].X) + 0.5) / 5) - 0.5;
            if (Math.Floor(column) != column || column < 0 || column > size.Width - 1)
                continue;
            double row = Math.Ceiling(Math.Clamp(((Math.Min(points[i].Y, points[i - 1].Y) + 0.5) / 5) - 0.5, 0, size.Height));
            changes.Add(((int)column * size.Height) + (int)row);
        }

        byte[] byColumns = new byte[size.Width * size.Height];
        foreach (int change in changes)
            for (int at = change; at < byColumns.Length; at++)
                byColumns[at] ^= 1;
        byte[] pixels = new byte[byColumns.Length];
        for (int at = 0; at < pixels.Length; at++)
            pixels[at] = byColumns[(at % size.Width * size.Height) + (at / size.Width)];
        return RunLengthMask.FromPixels(pixels, size).Runs.ToArray();
    }
}
