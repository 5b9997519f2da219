using MogaSharp.Imaging;

namespace MogaSharp.Data;

/// <summary>Draws the simple objects of scenes, each about 1 high or wide in coordinates of its own, with y down.</summary>
internal static class SceneThings
{
    private const double Round = 0.5;

    public static SceneThing Ball(RandomStream random, int classIndex)
    {
        SceneColor color = Vivid(random);
        ScenePaint paint = Pattern(random, color, 0.5) with { Depth = Round };
        var shine = new ScenePaint(color.Towards(SceneColor.Gray(255), 0.75));
        return new SceneThing(
            classIndex,
            [
                new ScenePart(paint, 0.5, new Spot(0, 0)),
                new ScenePart(new ScenePaint(Vivid(random)) { Depth = 0.05 }, 0.05, new Spot(-0.42, 0.05), new Spot(0.42, 0.05)),
                new ScenePart(shine, 0.075, new Spot(-0.17, -0.2)),
            ]
        );
    }

    public static SceneThing Box(RandomStream random, int classIndex)
    {
        SceneColor color = SceneColor.FromHsv(random.NextDouble(0.05, 0.13), random.NextDouble(0.35, 0.75), random.NextDouble(0.5, 0.9));
        double width = random.NextDouble(0.32, 0.5),
            height = random.NextDouble(0.25, 0.4),
            right = random.NextDouble(0.12, 0.25) * (random.NextBool(0.5) ? 1 : -1),
            up = random.NextDouble(0.1, 0.2);
        Spot[] front = [new(-width, -height), new(width, -height), new(width, height), new(-width, height)];
        Spot[] back = [.. front.Select(corner => new Spot(corner.X + right, corner.Y - up))];
        int edge = right > 0 ? 1 : 0;
        var tape = new ScenePaint(SceneColor.FromHsv(0.12, 0.25, 0.9));
        return new SceneThing(
            classIndex,
            [
                new ScenePart(new ScenePaint(color.Times(1.15)), 0.01, front[0], front[1], back[1], back[0]),
                new ScenePart(new ScenePaint(color.Times(0.6)), 0.01, front[edge], back[edge], back[3 - edge], front[3 - edge]),
                new ScenePart(new ScenePaint(color), 0.01, front),
                new ScenePart(tape, 0.03, new Spot(0, -height + 0.03), new Spot(0, height - 0.03)),
            ]
        );
    }

    public static SceneThing Tree(RandomStream random, int classIndex)
    {
        bool isAutumn = random.NextBool(0.25);
        double hue = isAutumn ? random.NextDouble(0.03, 0.12) : random.NextDouble(0.2, 0.42);
        SceneColor leaves = SceneColor.FromHsv(hue, random.NextDouble(0.5, 0.9), random.NextDouble(0.35, 0.75)),
            bark = SceneColor.FromHsv(0.07, random.NextDouble(0.4, 0.7), random.NextDouble(0.25, 0.45));
        var crown = new ScenePaint(leaves.Times(0.65), leaves.Times(1.2), ScenePattern.Clouds, 0.05) { Depth = 0.12 };
        var parts = new List<ScenePart> { new(new ScenePaint(bark) { Depth = 0.05 }, 0.05, new Spot(0, 0.5), new Spot(0, 0)) };
        if (random.NextBool(0.4))
        {
            // A fir: three triangles.
            for (int i = 0; i < 3; i++)
            {
                double width = 0.3 - (0.06 * i),
                    foot = 0.22 - (0.22 * i);
                parts.Add(new ScenePart(crown, 0.01, new Spot(-width, foot), new Spot(width, foot), new Spot(0, foot - 0.36)));
            }
        }
        else
        {
            for (int i = 0; i < 5; i++)
                parts.Add(
                    new ScenePart(
                        crown,
                        random.NextDouble(0.16, 0.22),
                        new Spot(random.NextDouble(-0.17, 0.17), random.NextDouble(-0.36, -0.02))
                    )
                );
        }

        return new SceneThing(classIndex, [.. parts]);
    }

    public static SceneThing House(RandomStream random, int classIndex)
    {
        SceneColor wall = SceneColor.FromHsv(random.NextDouble(), random.NextDouble(0.05, 0.4), random.NextDouble(0.7, 1)),
            roof = SceneColor.FromHsv(random.NextDouble(0.95, 1.06), random.NextDouble(0.5, 0.8), random.NextDouble(0.35, 0.75));
        var glass = new ScenePaint(new SceneColor(90, 140, 190));
        var door = new ScenePaint(SceneColor.FromHsv(random.NextDouble(), 0.5, 0.35));
        double width = random.NextDouble(0.36, 0.48);
        return new SceneThing(
            classIndex,
            [
                Rectangle(new ScenePaint(roof.Times(0.7)), width * 0.4, -0.42, width * 0.65, -0.1),
                Rectangle(
                    new ScenePaint(wall, wall.Times(0.85), random.NextBool(0.5) ? ScenePattern.Checks : ScenePattern.Plain, 0.1),
                    -width,
                    -0.08,
                    width,
                    0.45
                ),
                new ScenePart(
                    new ScenePaint(roof, roof.Times(0.8), ScenePattern.Checks, 0.08),
                    0.015,
                    new Spot(-width - 0.06, -0.06),
                    new Spot(width + 0.06, -0.06),
                    new Spot(0, -0.46)
                ),
                Rectangle(door, -0.07, 0.15, 0.09, 0.45),
                Rectangle(glass, -width * 0.8, 0.06, -width * 0.4, 0.22),
                Rectangle(glass, width * 0.45, 0.06, width * 0.85, 0.22),
            ]
        );
    }

    public static SceneThing Car(RandomStream random, int classIndex)
    {
        SceneColor color = Vivid(random);
        double side = random.NextBool(0.5) ? 1 : -1;
        var body = new ScenePaint(color) { Depth = 0.08 };
        var glass = new ScenePaint(new SceneColor(170, 205, 225));
        var tire = new ScenePaint(SceneColor.Gray(30));
        var rim = new ScenePaint(SceneColor.Gray(190));
        return new SceneThing(
            classIndex,
            [
                new ScenePart(body, 0.03, At(-0.27, -0.02), At(-0.18, -0.2), At(0.14, -0.2), At(0.27, -0.02)),
                new ScenePart(glass, 0.01, At(-0.21, -0.03), At(-0.15, -0.17), At(-0.03, -0.17), At(-0.03, -0.03)),
                new ScenePart(glass, 0.01, At(0.02, -0.03), At(0.02, -0.17), At(0.12, -0.17), At(0.2, -0.03)),
                new ScenePart(body, 0.04, At(-0.44, 0.01), At(0.42, 0.01), At(0.45, 0.1), At(-0.45, 0.1)),
                new ScenePart(new ScenePaint(new SceneColor(250, 240, 170)), 0.03, At(0.44, 0.04)),
                new ScenePart(new ScenePaint(new SceneColor(200, 30, 30)), 0.025, At(-0.45, 0.04)),
                new ScenePart(tire, 0.1, At(-0.27, 0.14)),
                new ScenePart(rim, 0.045, At(-0.27, 0.14)),
                new ScenePart(tire, 0.1, At(0.27, 0.14)),
                new ScenePart(rim, 0.045, At(0.27, 0.14)),
            ]
        );

        Spot At(double x, double y) => new(x * side, y);
    }

    public static SceneThing Star(RandomStream random, int classIndex)
    {
        SceneColor color = SceneColor.FromHsv(random.NextDouble(), random.NextDouble(0.5, 1), random.NextDouble(0.75, 1));
        var corners = new Spot[10];
        for (int i = 0; i < corners.Length; i++)
        {
            (double sin, double cos) = ExactAngle.SinCos(36 * i);
            double radius = i % 2 == 0 ? 0.48 : 0.21;
            corners[i] = new Spot(sin * radius, -cos * radius);
        }

        return new SceneThing(classIndex, [new ScenePart(Pattern(random, color, 0.25) with { Depth = 0.1 }, 0.02, corners)]);
    }

    /// <summary>A sign with a handwritten digit.</summary>
    public static SceneThing Sign(RandomStream random, int classIndex, ImageItem digit)
    {
        PixelBlock pixels = digit.ReadPixels();
        byte[] gray = new byte[pixels.Width * pixels.Height];
        for (int y = 0; y < pixels.Height; y++)
            pixels.CopyRow(y, 0, gray.AsSpan(y * pixels.Width, pixels.Width), 1);
        SceneColor board = SceneColor.FromHsv(random.NextDouble(), random.NextDouble(0, 0.35), random.NextDouble(0.85, 1)),
            ink = SceneColor.FromHsv(random.NextDouble(), random.NextDouble(0.3, 1), random.NextDouble(0, 0.35));
        bool isChalk = random.NextBool(0.3);
        ScenePaint paint = new(isChalk ? ink : board, isChalk ? board : ink, ScenePattern.Ink)
        {
            Ink = new SceneInk(gray, pixels.Width, pixels.Height),
        };
        return new SceneThing(
            classIndex,
            [Rectangle(new ScenePaint(ink.Towards(board, 0.4)), -0.5, -0.5, 0.5, 0.5), Rectangle(paint, -0.44, -0.44, 0.44, 0.44)]
        )
        {
            Digit = digit.Label,
        };
    }

    /// <summary>A pattern of a color and a darker, lighter or other one.</summary>
    public static ScenePaint Pattern(RandomStream random, SceneColor color, double period)
    {
        SceneColor other = random.NextInt(3) switch
        {
            0 => color.Times(0.5),
            1 => color.Towards(SceneColor.Gray(255), 0.6),
            _ => Vivid(random),
        };
        return new ScenePaint(color, other, (ScenePattern)random.NextInt((int)ScenePattern.Ink), period);
    }

    private static SceneColor Vivid(RandomStream random) =>
        SceneColor.FromHsv(random.NextDouble(), random.NextDouble(0.6, 1), random.NextDouble(0.55, 1));

    private static ScenePart Rectangle(ScenePaint paint, double left, double top, double right, double bottom) =>
        new(paint, 0.01, new Spot(left, top), new Spot(right, top), new Spot(right, bottom), new Spot(left, bottom));
}
