namespace MogaSharp.Data;

/// <summary>A color of a scene; 0 is black, 255 full.</summary>
internal readonly record struct SceneColor(double Red, double Green, double Blue)
{
    public static SceneColor Gray(double level) => new(level, level, level);

    /// <summary>A color by hue in turns (0 is red, 1/3 green), saturation 0..1 and value 0..1.</summary>
    public static SceneColor FromHsv(double hue, double saturation, double value)
    {
        return new(Channel(5), Channel(3), Channel(1));

        double Channel(double n)
        {
            double k = n + (hue * 6);
            k -= 6 * Math.Floor(k / 6);
            return 255 * value * (1 - (saturation * Math.Clamp(Math.Min(k, 4 - k), 0, 1)));
        }
    }

    public SceneColor Times(double factor) => new(Red * factor, Green * factor, Blue * factor);

    public SceneColor Towards(SceneColor other, double share) =>
        new(Red + ((other.Red - Red) * share), Green + ((other.Green - Green) * share), Blue + ((other.Blue - Blue) * share));
}

/// <summary>How a surface looks: two colors and how they alternate.</summary>
internal enum ScenePattern
{
    /// <summary>The first color alone.</summary>
    Plain,

    /// <summary>Stripes across the first axis.</summary>
    Stripes,

    /// <summary>Squares.</summary>
    Checks,

    /// <summary>Dots of the second color.</summary>
    Dots,

    /// <summary>Clouds of both.</summary>
    Clouds,

    /// <summary>The second color where a small gray image is bright, which fills the square from -0.5 to 0.5.</summary>
    Ink,
}

/// <summary>What a part of an object is painted with, in the coordinates of the object.</summary>
/// <param name="First">The color of the ground.</param>
/// <param name="Second">The color of the pattern.</param>
/// <param name="Pattern">The pattern.</param>
/// <param name="Period">The length after which it repeats.</param>
internal sealed record ScenePaint(
    SceneColor First,
    SceneColor Second = default,
    ScenePattern Pattern = ScenePattern.Plain,
    double Period = 1
)
{
    private readonly double _frequency = 1 / Period;

    /// <summary>How deep below the edge the surface is as bright as in the middle, which makes it look round; 0 for a flat one.</summary>
    public double Depth { get; init; }

    /// <summary>The image of <see cref="ScenePattern.Ink"/>.</summary>
    public SceneInk? Ink { get; init; }

    /// <summary>The color at a place.</summary>
    public SceneColor At(double x, double y, SceneNoise noise) =>
        Pattern switch
        {
            ScenePattern.Stripes => Fraction(x) < 0.5 ? First : Second,
            ScenePattern.Checks => Fraction(x) < 0.5 == Fraction(y) < 0.5 ? First : Second,
            ScenePattern.Dots => IsDot(Fraction(x) - 0.5, Fraction(y) - 0.5) ? Second : First,
            ScenePattern.Clouds => First.Towards(Second, noise.At(x * _frequency, y * _frequency)),
            ScenePattern.Ink => First.Towards(Second, Ink!.At(x, y)),
            _ => First,
        };

    private static bool IsDot(double x, double y) => (x * x) + (y * y) < 0.08;

    private double Fraction(double x)
    {
        double periods = x * _frequency;
        return periods - Math.Floor(periods);
    }
}

/// <summary>A small gray image as ink on a surface.</summary>
internal sealed class SceneInk(byte[] samples, int width, int height)
{
    /// <summary>How much ink there is, 0..1, between the nearest four samples.</summary>
    public double At(double x, double y)
    {
        double column = ((x + 0.5) * width) - 0.5,
            row = ((y + 0.5) * height) - 0.5;
        int left = (int)Math.Floor(column),
            top = (int)Math.Floor(row);
        double right = column - left,
            down = row - top,
            upper = Sample(left, top) + ((Sample(left + 1, top) - Sample(left, top)) * right),
            lower = Sample(left, top + 1) + ((Sample(left + 1, top + 1) - Sample(left, top + 1)) * right);
        return (upper + ((lower - upper) * down)) / 255;
    }

    private double Sample(int column, int row) =>
        (uint)column < (uint)width && (uint)row < (uint)height ? samples[(row * width) + column] : 0;
}

/// <summary>Random levels on a grid and what lies smoothly between them. The grid repeats after 64 steps.</summary>
internal sealed class SceneNoise
{
    private const int Side = 64;

    private readonly byte[] _levels = new byte[Side * Side];

    public SceneNoise(RandomStream random)
    {
        for (int i = 0; i < _levels.Length; i += 8)
        {
            ulong bits = random.NextUInt64();
            for (int n = 0; n < 8; n++)
                _levels[i + n] = (byte)(bits >> (8 * n));
        }
    }

    /// <summary>The levels of places that follow each other to the right at less than a step of the grid.</summary>
    public void Row(double x, double y, double step, Span<float> levels)
    {
        double top = Math.Floor(y),
            down = Smooth(y - top),
            edge = Math.Floor(x);
        int row = ((int)top & (Side - 1)) * Side,
            below = (row + Side) & ((Side * Side) - 1),
            column = (int)edge;
        double left = Between(column),
            right = Between(column + 1);
        for (int i = 0; i < levels.Length; i++)
        {
            double along = x + (step * i) - edge;
            if (along >= 1)
            {
                along--;
                edge++;
                column++;
                (left, right) = (right, Between(column + 1));
            }

            levels[i] = (float)(left + ((right - left) * Smooth(along)));
        }

        double Between(int n)
        {
            double upper = _levels[row + (n & (Side - 1))],
                lower = _levels[below + (n & (Side - 1))];
            return (upper + ((lower - upper) * down)) / 255;
        }
    }

    /// <summary>A level of 0..1.</summary>
    public double At(double x, double y)
    {
        double left = Math.Floor(x),
            top = Math.Floor(y),
            right = x - left,
            down = y - top;
        int column = (int)left & (Side - 1),
            next = (column + 1) & (Side - 1),
            row = ((int)top & (Side - 1)) * Side,
            below = (row + Side) & ((Side * Side) - 1);
        (right, down) = (Smooth(right), Smooth(down));
        double upper = _levels[row + column] + ((_levels[row + next] - _levels[row + column]) * right),
            lower = _levels[below + column] + ((_levels[below + next] - _levels[below + column]) * right);
        return (upper + ((lower - upper) * down)) / 255;
    }

    private static double Smooth(double x) => x * x * (3 - (2 * x));
}
