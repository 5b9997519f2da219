using System.Collections.Immutable;
using System.Drawing;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>
/// Draws scenes: jointed people and simple objects that lie over each other before a background, with texture, shadows, light and noise,
/// and with everything that segmentation, pose estimation and detection want to know. A scene is a function of seed, part and number: any
/// one can be drawn alone, and it has the same bits on every machine. Safe to use from many threads at once.
/// </summary>
public sealed class SceneGenerator
{
    /// <summary>The size of scenes unless another one is asked for.</summary>
    public static ImageSize DefaultSize { get; } = new(256, 192);

    /// <summary>The shortest side that a scene may have.</summary>
    public const int MinSide = 32;

    /// <summary>The longest side that a scene may have.</summary>
    public const int MaxSide = 4096;

    private const int Person = 1,
        Digit = 8;

    // Of what was drawn before, so much of each object stays to be seen: more of people, whose joints have to be guessed where they are
    // hidden.
    private const double KeptShare = 0.55,
        KeptPerson = 0.8;
    private const int Tries = 12;

    // Of the square of its length; less would be cut off or far too thin to be known.
    private const double LeastArea = 0.02;

    private static readonly (Func<RandomStream, int, SceneThing> Draw, double Least, double Most, double Turn)[] Kinds =
    [
        (SceneThings.Ball, 0.16, 0.34, 180),
        (SceneThings.Box, 0.24, 0.42, 25),
        (SceneThings.Tree, 0.45, 0.85, 8),
        (SceneThings.House, 0.42, 0.72, 6),
        (SceneThings.Car, 0.42, 0.75, 12),
        (SceneThings.Star, 0.2, 0.38, 180),
    ];

    private readonly long _seed;
    private readonly DatasetSplit _split;
    private readonly IImageDataset _digits;

    /// <summary>Makes a generator.</summary>
    /// <param name="digits">Gray images of digits with their labels, such as those of MNIST; at least one. Those of the same part should be
    /// given, so that the two parts do not share a digit.</param>
    /// <param name="seed">The seed: another one gives other scenes.</param>
    /// <param name="split">The part: the two of a seed have no scene in common.</param>
    /// <param name="size">The size of the scenes, each side from <see cref="MinSide"/> to <see cref="MaxSide"/>;
    /// <see cref="DefaultSize"/> when null.</param>
    /// <exception cref="ArgumentException">The size is out of its range, or there is no digit.</exception>
    public SceneGenerator(IImageDataset digits, long seed = 0, DatasetSplit split = DatasetSplit.Train, ImageSize? size = null)
    {
        Size = size ?? DefaultSize;
        AugmentationOptions.Require(
            Size.Width is >= MinSide and <= MaxSide && Size.Height is >= MinSide and <= MaxSide,
            nameof(size),
            $"each side from {MinSide} to {MaxSide}"
        );
        if (digits.Count == 0)
            throw new ArgumentException("There is no digit.", nameof(digits));
        (_digits, _seed, _split) = (digits, seed, split);
    }

    /// <summary>The size of the scenes.</summary>
    public ImageSize Size { get; }

    /// <summary>The classes of pixels and objects, the background first.</summary>
    public static ImmutableArray<ClassLabel> Classes { get; } =
    [
        Label("background", 0, 0, 0),
        Label("person", 220, 20, 60),
        Label("ball", 255, 140, 0),
        Label("box", 160, 110, 60),
        Label("tree", 60, 150, 60),
        Label("house", 110, 110, 200),
        Label("car", 0, 0, 142),
        Label("star", 250, 220, 0),
        Label("digit", 0, 190, 200),
    ];

    /// <summary>Draws a scene.</summary>
    /// <param name="index">Its number, from 0.</param>
    public Scene Draw(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        var random = new RandomStream(_seed, RandomPurpose.Scene, (long)_split, index);
        Scene? scene;
        do scene = TryDraw(random);
        while (scene is null);
        return scene;
    }

    // Null where the objects leave no room for a person, which every scene has.
    private Scene? TryDraw(RandomStream random)
    {
        var canvas = new SceneCanvas(Size);
        var noise = new SceneNoise(random);
        Background(canvas, noise, random);
        double kind = random.NextDouble();
        int people = kind < 0.5 ? 1
            : kind < 0.85 ? 2
            : 3,
            others = 3 + random.NextInt(4);
        Span<int> order = stackalloc int[people + others];
        for (int i = 0; i < order.Length; i++)
            order[i] = i;
        random.Shuffle(order);
        (double shadowX, double shadowY, double shadow) = (
            random.NextDouble(-0.03, 0.03),
            random.NextDouble(0.005, 0.03),
            random.NextDouble(0.55, 0.9)
        );
        double side = Math.Min(Size.Width, Size.Height);
        var placed = new List<ScenePlace>();
        foreach (int number in order)
        {
            (SceneThing thing, double length, double turn) = number < people ? Figure(random) : Other(random);
            if (Place(thing, side * length, turn, canvas, placed, random) is not { } place)
                continue;
            canvas.CastShadow(place, (int)(side * shadowX), (int)(side * shadowY), shadow);
            placed.Add(place);
            canvas.Paint(place, (byte)placed.Count, noise);
        }

        if (!placed.Any(place => place.Thing.ClassIndex == Person))
            return null;
        canvas.Light(
            random.NextDouble(0.75, 1.1),
            random.NextDouble(-0.3, 0.3),
            random.NextDouble(-0.3, 0.3),
            random.NextDouble(2, 16),
            random
        );
        return Finish(canvas, placed);
    }

    private static (SceneThing Thing, double Length, double Turn) Figure(RandomStream random) =>
        (
            SceneFigure.Draw(random, Person),
            random.NextDouble(0.5, 0.95),
            random.NextBool(0.8) ? random.NextDouble(-15, 15) : random.NextDouble(-60, 60)
        );

    private (SceneThing Thing, double Length, double Turn) Other(RandomStream random)
    {
        int kind = random.NextInt(Kinds.Length + 1);
        if (kind == Kinds.Length)
            return (
                SceneThings.Sign(random, Digit, _digits[random.NextInt(_digits.Count)]),
                random.NextDouble(0.18, 0.34),
                random.NextDouble(-18, 18)
            );
        (Func<RandomStream, int, SceneThing> draw, double least, double most, double turn) = Kinds[kind];
        return (draw(random, Person + 1 + kind), random.NextDouble(least, most), random.NextDouble(-turn, turn));
    }

    private void Background(SceneCanvas canvas, SceneNoise noise, RandomStream random)
    {
        const double Grain = 30;
        // Objects are sized by the shorter side, and so is what lies behind them.
        double unit = 1.0 / Math.Min(Size.Width, Size.Height);
        ScenePaint wall = Surface(random),
            ground = Surface(random);
        double horizon = random.NextBool(0.7) ? random.NextDouble(0.4, 0.8) * Size.Height * unit : double.MaxValue,
            slope = random.NextDouble(-0.08, 0.08),
            coarse = random.NextDouble(4, 9),
            rough = random.NextDouble(0.1, 0.5);
        float[] clouds = new float[Size.Width],
            grains = new float[Size.Width];
        for (int row = 0, at = 0; row < Size.Height; row++)
        {
            double y = (row + 0.5) * unit;
            noise.Row(0, y * coarse, unit * coarse, clouds);
            noise.Row(0, y * Grain, unit * Grain, grains);
            for (int column = 0; column < Size.Width; column++, at++)
            {
                double x = (column + 0.5) * unit,
                    light = 1 + (rough * ((0.6 * clouds[column]) + (0.4 * grains[column]) - 0.5));
                canvas.Store(at, (y < horizon + (slope * x) ? wall : ground).At(x, y, noise).Times(light));
            }
        }
    }

    private static ScenePaint Surface(RandomStream random)
    {
        SceneColor color = SceneColor.FromHsv(random.NextDouble(), random.NextDouble(0, 0.5), random.NextDouble(0.3, 0.95)),
            other = SceneColor.FromHsv(random.NextDouble(), random.NextDouble(0, 0.5), random.NextDouble(0.3, 0.95));
        return new ScenePaint(
            color,
            color.Towards(other, random.NextDouble(0.2, 0.6)),
            (ScenePattern)random.NextInt((int)ScenePattern.Ink),
            random.NextDouble(0.06, 0.35)
        );
    }

    // Finds a place where the object hides none of the others too much.
    private ScenePlace? Place(SceneThing thing, double scale, double turn, SceneCanvas canvas, List<ScenePlace> placed, RandomStream random)
    {
        (double sin, double cos) = ExactAngle.SinCos(turn);
        var outline = new SceneOutline(thing, new AffineMap(scale * cos, -scale * sin, 0, scale * sin, scale * cos, 0), scale);
        Rectangle bounds = outline.Bounds;
        Span<int> taken = stackalloc int[256];
        for (int i = 0; i < Tries; i++)
        {
            var place = new ScenePlace(
                outline,
                Start(random, bounds.Width, Size.Width) - bounds.X,
                Start(random, bounds.Height, Size.Height) - bounds.Y
            );
            canvas.CountTaken(place, taken);
            int area = 0;
            foreach (int count in taken)
                area += count;
            bool fits = area >= scale * scale * LeastArea;
            for (int n = 0; n < placed.Count; n++)
                fits &= placed[n].Visible - taken[n + 1] >= placed[n].Area * Kept(placed[n]);
            if (!fits)
                continue;
            for (int n = 0; n < placed.Count; n++)
                placed[n].Visible -= taken[n + 1];
            return place with { Area = area, Visible = area };
        }

        return null;
    }

    private static double Kept(ScenePlace place) => place.Thing.ClassIndex == Person ? KeptPerson : KeptShare;

    // An eighth of it may lie outside on each side.
    private static int Start(RandomStream random, int extent, int room)
    {
        int one = -(extent / 8),
            other = room - extent + (extent / 8);
        return Math.Min(one, other) + random.NextInt(Math.Abs(other - one) + 1);
    }

    private KeyPoint[] Joints(ScenePlace place, int owner, byte[] owners)
    {
        AffineMap map = place.Map;
        var joints = new KeyPoint[place.Thing.Joints.Length];
        for (int i = 0; i < joints.Length; i++)
        {
            if (place.Thing.Joints[i] is not { } spot)
                continue;
            (double x, double y) = map.Apply(spot.X, spot.Y);
            if (!(x >= 0 && y >= 0 && x < Size.Width && y < Size.Height))
                continue;
            bool isSeen = owners[((int)y * Size.Width) + (int)x] == owner;
            if (isSeen)
            {
                // It may still be behind another part of the same body.
                int part = place.Row((int)y, (int)x, 1)[0] - 1;
                isSeen = ((place.Thing.Parts[part].Joints >> i) & 1) == 1;
            }

            joints[i] = new KeyPoint(x, y, isSeen ? KeyPointVisibility.Visible : KeyPointVisibility.Hidden);
        }

        return joints;
    }

    private Scene Finish(SceneCanvas canvas, List<ScenePlace> placed)
    {
        byte[] owners = canvas.Owners;
        var objects = ImmutableArray.CreateBuilder<SceneObject>(placed.Count);
        foreach (ScenePlace place in placed)
        {
            int owner = objects.Count + 1;
            objects.Add(
                new SceneObject(place.Thing.ClassIndex, BoxOf(owner, place, owners), place.Visible, place.Area - place.Visible)
                {
                    Joints = [.. Joints(place, owner, owners)],
                    Digit = place.Thing.Digit,
                }
            );
        }

        return new Scene(new RgbImage(Size.Width, Size.Height, canvas.Pixels), owners, objects.MoveToImmutable());
    }

    private Box BoxOf(int owner, ScenePlace place, byte[] owners)
    {
        Rectangle window = place.Within(Size);
        int left = int.MaxValue,
            top = int.MaxValue,
            right = 0,
            bottom = 0;
        for (int y = window.Top; y < window.Bottom; y++)
        {
            ReadOnlySpan<byte> row = owners.AsSpan((y * Size.Width) + window.Left, window.Width);
            int first = row.IndexOf((byte)owner);
            if (first < 0)
                continue;
            (left, right) = (Math.Min(left, window.Left + first), Math.Max(right, window.Left + row.LastIndexOf((byte)owner) + 1));
            (top, bottom) = (Math.Min(top, y), y + 1);
        }

        return Box.FromCorners(left, top, right, bottom);
    }

    private static ClassLabel Label(string name, int red, int green, int blue) => new(name) { Color = Color.FromArgb(red, green, blue) };
}
