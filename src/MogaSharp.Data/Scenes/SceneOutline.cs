using System.Drawing;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>The pixels of an object that is turned and scaled, wherever whole steps then move it.</summary>
internal sealed class SceneOutline
{
    // The part that is in front at each pixel, counted from 1; 0 outside of the object.
    private readonly byte[] _parts;

    /// <summary>Finds the pixels.</summary>
    /// <param name="thing">The object.</param>
    /// <param name="map">Its place, turn and size; it keeps angles.</param>
    /// <param name="scale">The size: pixels of a unit of the object.</param>
    public SceneOutline(SceneThing thing, in AffineMap map, double scale)
    {
        (Thing, Map, Scale) = (thing, map, scale);
        Rectangle[] windows = [.. thing.Parts.Select(part => Window(part, Map, scale))];
        Bounds = windows.Aggregate(Rectangle.Union);
        _parts = new byte[checked(Bounds.Width * Bounds.Height)];
        AffineMap back = map.Inverse();
        for (int part = 0; part < windows.Length; part++)
        {
            Rectangle window = windows[part];
            for (int y = window.Top; y < window.Bottom; y++)
            {
                (double u, double v) = back.Apply(window.Left + 0.5, y + 0.5);
                Span<byte> row = Row(y).Slice(window.Left - Bounds.Left, window.Width);
                for (int x = 0, run; x < row.Length; x += run)
                {
                    double distance = thing.Parts[part].Distance(u + (back.Xx * x), v + (back.Yx * x)) * scale;
                    // No pixel is nearer to the edge than by its steps from here.
                    run = Math.Clamp((int)Math.Abs(distance), 1, row.Length - x);
                    if (distance < 0)
                        row.Slice(x, run).Fill((byte)(part + 1));
                }
            }
        }
    }

    public SceneThing Thing { get; }

    public AffineMap Map { get; }

    public double Scale { get; }

    /// <summary>What its pixels are within.</summary>
    public Rectangle Bounds { get; }

    /// <summary>The parts in front of a row of the bounds, counted from 1.</summary>
    public Span<byte> Row(int y) => _parts.AsSpan((y - Bounds.Top) * Bounds.Width, Bounds.Width);

    /// <summary>The pixels whose centers can be in a part or at its smooth edge.</summary>
    public static Rectangle Window(ScenePart part, in AffineMap map, double scale)
    {
        Box box = part.BoxIn(map, scale);
        return Rectangle.FromLTRB(
            (int)Math.Floor(box.X) - 1,
            (int)Math.Floor(box.Y) - 1,
            (int)Math.Floor(box.Right) + 2,
            (int)Math.Floor(box.Bottom) + 2
        );
    }
}

/// <summary>An object that has its place in a scene.</summary>
/// <param name="Outline">Its pixels.</param>
/// <param name="Right">How far they are moved to the right.</param>
/// <param name="Down">How far they are moved down.</param>
internal sealed record ScenePlace(SceneOutline Outline, int Right, int Down)
{
    public SceneThing Thing => Outline.Thing;

    /// <summary>From the object's coordinates to the scene's.</summary>
    public AffineMap Map => Outline.Map.Then(AffineMap.Translation(Right, Down));

    /// <summary>The number of its pixels within the scene.</summary>
    public int Area { get; init; }

    /// <summary>Those that nothing covers.</summary>
    public int Visible { get; set; }

    /// <summary>The part of it that lies within a scene.</summary>
    public Rectangle Within(ImageSize size)
    {
        Rectangle bounds = Outline.Bounds;
        bounds.Offset(Right, Down);
        bounds.Intersect(new Rectangle(0, 0, size.Width, size.Height));
        return bounds;
    }

    /// <summary>The parts in front of some pixels of the scene, counted from 1; 0 outside of the object.</summary>
    public ReadOnlySpan<byte> Row(int y, int left, int width) => Outline.Row(y - Down).Slice(left - Right - Outline.Bounds.Left, width);
}
