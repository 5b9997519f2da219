using System.Buffers;
using System.Collections.Immutable;

namespace MogaSharp.Vision;

/// <summary>
/// A mask as the lengths of runs of pixels outside and inside of it, by columns and beginning with one outside, as COCO's files and
/// pycocotools have them. Codes of any origin are checked before anything is made of them.
/// </summary>
public sealed class RunLengthMask : IEquatable<RunLengthMask>
{
    private readonly uint[] _runs;

    private RunLengthMask(ImageSize size, uint[] runs)
    {
        (Size, _runs) = (size, runs);
        long area = 0;
        for (int i = 1; i < runs.Length; i += 2)
            area += runs[i];
        Area = (int)area;
    }

    /// <summary>The size of the image.</summary>
    public ImageSize Size { get; }

    /// <summary>The lengths of the runs, in pixels: outside, inside and so on; together they are the image.</summary>
    public ReadOnlySpan<uint> Runs => _runs;

    /// <summary>The pixels inside.</summary>
    public int Area { get; }

    /// <summary>The smallest box of whole pixels around the mask; all 0 when it is empty.</summary>
    public Box Bounds
    {
        get
        {
            PixelWindow window = Window;
            return new Box(window.Left, window.Top, window.Width, window.Height);
        }
    }

    /// <summary>The smallest part of the image that holds the mask; without pixels when it is empty.</summary>
    public PixelWindow Window
    {
        get
        {
            (int left, int top, int right, int bottom) = (int.MaxValue, int.MaxValue, -1, -1);
            int at = 0;
            for (int i = 0; i < _runs.Length; at += (int)_runs[i++])
            {
                if (i % 2 == 0 || _runs[i] == 0)
                    continue;
                (int column, int row) = Math.DivRem(at, Size.Height);
                int low = row + (int)_runs[i] - 1;
                left = Math.Min(left, column);
                if (low >= Size.Height)
                {
                    // A run that goes on in the next column touches the last and the first row.
                    column += low / Size.Height;
                    (row, low) = (0, Size.Height - 1);
                }
                right = Math.Max(right, column);
                (top, bottom) = (Math.Min(top, row), Math.Max(bottom, low));
            }

            return right < 0 ? default : new PixelWindow(left, top, right - left + 1, bottom - top + 1);
        }
    }

    /// <summary>The mask of runs, such as the uncompressed code of a crowd in COCO's files.</summary>
    /// <param name="size">The size of the image.</param>
    /// <param name="runs">The lengths of the runs.</param>
    /// <exception cref="FormatException">The runs are not those of an image of this size.</exception>
    public static RunLengthMask FromRuns(ImageSize size, ReadOnlySpan<uint> runs) => Checked(size, runs.ToArray());

    // Takes the array over.
    private static RunLengthMask Checked(ImageSize size, uint[] runs)
    {
        int pixels = PixelsOf(size);
        long sum = 0;
        foreach (uint run in runs)
            sum += run;
        return runs.Length > 0 && sum == pixels
            ? new RunLengthMask(size, runs)
            : throw new FormatException($"The runs of the mask have {sum} pixels, an image of {size} has {pixels}.");
    }

    /// <summary>The mask of a compressed code.</summary>
    /// <param name="size">The size of the image.</param>
    /// <param name="code">The code, of characters from <c>0</c> to <c>o</c>.</param>
    /// <exception cref="FormatException">The code is damaged, or not that of an image of this size.</exception>
    public static RunLengthMask Parse(ImageSize size, ReadOnlySpan<char> code)
    {
        PixelsOf(size);
        return Checked(size, RunLengthCode.Read(code));
    }

    /// <summary>The mask of pixels.</summary>
    /// <param name="mask">height x width values, row by row: 0 outside, any other inside.</param>
    /// <param name="size">The size of the image.</param>
    /// <exception cref="ArgumentException">The values are not those of an image of this size.</exception>
    public static RunLengthMask FromPixels(ReadOnlySpan<byte> mask, ImageSize size)
    {
        if (mask.Length != (long)size.Width * size.Height)
            throw new ArgumentException($"{mask.Length} values are not a mask of {size}.", nameof(mask));
        // Most masks are small: only the rows that they touch are turned to columns.
        int first = mask.IndexOfAnyExcept((byte)0);
        if (first < 0)
            return new RunLengthMask(size, [(uint)mask.Length]);
        int top = first / size.Width,
            bottom = mask.LastIndexOfAnyExcept((byte)0) / size.Width;
        var window = new PixelWindow(0, top, size.Width, bottom - top + 1);
        return FromPixels(mask.Slice(top * size.Width, window.Area), window, size);
    }

    /// <summary>The mask of the pixels of a part of an image, such as <see cref="MaskPaste"/> paints; outside of it is none.</summary>
    /// <param name="mask">height x width values of the part, row by row: 0 outside, any other inside.</param>
    /// <param name="window">The part.</param>
    /// <param name="size">The size of the image.</param>
    /// <exception cref="ArgumentException">The part does not lie in the image, or the values are not its pixels.</exception>
    public static RunLengthMask FromPixels(ReadOnlySpan<byte> mask, PixelWindow window, ImageSize size)
    {
        int pixels = checked(size.Width * size.Height);
        bool isInside =
            (window.Left | window.Top | window.Width | window.Height) >= 0
            && window.Width <= size.Width - window.Left
            && window.Height <= size.Height - window.Top;
        if (!isInside || mask.Length != (long)window.Width * window.Height)
            throw new ArgumentException($"{mask.Length} values are not those of {window} in an image of {size}.", nameof(mask));
        var runs = new RunWriter();
        byte[] column = ArrayPool<byte>.Shared.Rent(window.Height);
        for (int x = 0; x < window.Width; x++)
        {
            for (int y = 0; y < window.Height; y++)
                column[y] = mask[(y * window.Width) + x];
            int start = ((window.Left + x) * size.Height) + window.Top;
            ReadOnlySpan<byte> rest = column.AsSpan(0, window.Height);
            for (int at = 0; rest.IndexOfAnyExcept((byte)0) is >= 0 and int skipped; )
            {
                rest = rest[skipped..];
                int length = rest.IndexOf((byte)0) is >= 0 and int end ? end : rest.Length;
                runs.Add(start + at + skipped, start + at + skipped + length);
                rest = rest[length..];
                at += skipped + length;
            }
        }

        ArrayPool<byte>.Shared.Return(column);
        return new RunLengthMask(size, runs.Finish(pixels));
    }

    /// <summary>What several polygons cover together, as pycocotools' <c>frPyObjects</c> and <c>merge</c> give it: of the outline, drawn in
    /// five times the size, each column's crossings.</summary>
    /// <param name="polygons">For each polygon the coordinates x, y of three points or more, in pixels.</param>
    /// <param name="size">The size of the image.</param>
    /// <exception cref="FormatException">A polygon has too few points, a coordinate without a partner, or one that is not a proper
    /// number.</exception>
    public static RunLengthMask FromPolygons(IEnumerable<ReadOnlyMemory<double>> polygons, ImageSize size)
    {
        int pixels = PixelsOf(size);
        RunLengthMask[] masks =
        [
            .. polygons
                .Select(polygon => new RunLengthMask(size, PolygonFill.Runs(polygon.Span, size)))
                .DefaultIfEmpty(new RunLengthMask(size, [(uint)pixels])),
        ];
        return Union(masks);
    }

    /// <summary>The pixels that are in any of several masks.</summary>
    /// <param name="masks">Masks of the same size, one or more.</param>
    /// <exception cref="ArgumentException">There is none, or they do not have the same size.</exception>
    public static RunLengthMask Union(IReadOnlyList<RunLengthMask> masks) => Join(masks, (first, second) => first || second);

    /// <summary>The pixels that are in all of several masks.</summary>
    /// <param name="masks">Masks of the same size, one or more.</param>
    /// <exception cref="ArgumentException">There is none, or they do not have the same size.</exception>
    public static RunLengthMask Intersection(IReadOnlyList<RunLengthMask> masks) => Join(masks, (first, second) => first && second);

    /// <summary>The pixels that are in this mask and not in another one.</summary>
    /// <param name="other">The other one.</param>
    /// <exception cref="ArgumentException">They do not have the same size.</exception>
    public RunLengthMask Except(RunLengthMask other) => Join([this, other], (first, second) => first && !second);

    /// <summary>Writes the pixels.</summary>
    /// <param name="mask">height x width values, row by row, written: 1 inside, 0 outside.</param>
    /// <exception cref="ArgumentException">The values are not as many as the image has pixels.</exception>
    public void CopyTo(Span<byte> mask)
    {
        if (mask.Length != Size.Width * Size.Height)
            throw new ArgumentException($"{mask.Length} values are not a mask of {Size}.", nameof(mask));
        mask.Clear();
        foreach ((int first, int end) in Inside())
        {
            (int x, int y) = Math.DivRem(first, Size.Height);
            for (int i = first; i < end; i++)
            {
                mask[(y * Size.Width) + x] = 1;
                if (++y == Size.Height)
                    (x, y) = (x + 1, 0);
            }
        }
    }

    /// <summary>The mask of the image that a map makes of this one's. A pixel is inside when its center comes from inside.</summary>
    /// <param name="map">From the pixels of the old image to those of the new one.</param>
    /// <param name="target">The size of the new image.</param>
    /// <exception cref="ArgumentException">The map has no inverse.</exception>
    /// <exception cref="FormatException">There is no image of this size.</exception>
    public RunLengthMask Apply(in AffineMap map, ImageSize target)
    {
        int pixels = PixelsOf(target);
        AffineMap toSource = map.Inverse();
        PixelWindow from = Window;
        Box to = Bounds.Apply(map).Clip(target);
        byte[] mask = ArrayPool<byte>.Shared.Rent(from.Area);
        CopyColumns(from, mask.AsSpan(0, from.Area));
        var runs = new RunWriter();
        for (int x = (int)to.X; x < to.Right; x++)
        {
            for (int y = (int)to.Y; y < to.Bottom; y++)
            {
                (double fromX, double fromY) = toSource.Apply(x + 0.5, y + 0.5);
                int column = (int)Math.Floor(fromX) - from.Left,
                    row = (int)Math.Floor(fromY) - from.Top,
                    at = (x * target.Height) + y;
                if ((uint)column < from.Width && (uint)row < from.Height && mask[(column * from.Height) + row] != 0)
                    runs.Add(at, at + 1);
            }
        }

        ArrayPool<byte>.Shared.Return(mask);
        return new RunLengthMask(target, runs.Finish(pixels));
    }

    /// <summary>How much this mask overlaps another one: the common area divided by that of both together, 0..1.</summary>
    /// <param name="other">The other one.</param>
    /// <param name="isCrowd">Whether the other one is a crowd, of which this may be a part: the common area is divided by that of this
    /// one.</param>
    /// <exception cref="ArgumentException">They do not have the same size.</exception>
    public double Overlap(RunLengthMask other, bool isCrowd = false)
    {
        CheckSize(other);
        long common = 0;
        RunReader first = new(_runs),
            second = new(other._runs);
        while (first.Length > 0)
        {
            uint step = Math.Min(first.Length, second.Length);
            if (first.IsInside && second.IsInside)
                common += step;
            first.Skip(step);
            second.Skip(step);
        }

        return common == 0 ? 0 : (double)common / (isCrowd ? Area : (long)Area + other.Area - common);
    }

    /// <summary>The outline as polygons along the edges of pixels: clockwise around the parts, and the other way around holes. Pixels that
    /// share only a corner are in parts of their own. Takes two bytes for each pixel of <see cref="Window"/>.</summary>
    public ImmutableArray<ImmutableArray<(int X, int Y)>> Outline() => MaskOutline.Of(this);

    /// <summary>The compressed code, of which <see cref="Parse"/> makes the mask again.</summary>
    public override string ToString() => RunLengthCode.Write(_runs);

    /// <summary>Equal when size and runs are.</summary>
    public bool Equals(RunLengthMask? other) => other is not null && Size == other.Size && Runs.SequenceEqual(other.Runs);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as RunLengthMask);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Size, Area, _runs.Length);

    private static RunLengthMask Join(IReadOnlyList<RunLengthMask> masks, Func<bool, bool, bool> isInside)
    {
        if (masks.Count == 0)
            throw new ArgumentException("There is no mask.", nameof(masks));
        RunLengthMask joined = masks[0];
        for (int i = 1; i < masks.Count; i++)
        {
            joined.CheckSize(masks[i]);
            RunReader first = new(joined._runs),
                second = new(masks[i]._runs);
            var runs = new RunWriter();
            int at = 0;
            while (first.Length > 0)
            {
                uint step = Math.Min(first.Length, second.Length);
                if (isInside(first.IsInside, second.IsInside))
                    runs.Add(at, at + (int)step);
                at += (int)step;
                first.Skip(step);
                second.Skip(step);
            }

            joined = new RunLengthMask(joined.Size, runs.Finish(at));
        }

        return joined;
    }

    // The pixels of a window around the mask, column by column.
    private void CopyColumns(PixelWindow window, Span<byte> mask)
    {
        mask.Clear();
        foreach ((int first, int end) in Inside())
        {
            (int x, int y) = Math.DivRem(first, Size.Height);
            for (int i = first; i < end; i++)
            {
                mask[((x - window.Left) * window.Height) + y - window.Top] = 1;
                if (++y == Size.Height)
                    (x, y) = (x + 1, 0);
            }
        }
    }

    private static int PixelsOf(ImageSize size) =>
        size.Width >= 0 && size.Height >= 0 && (long)size.Width * size.Height <= int.MaxValue
            ? size.Width * size.Height
            : throw new FormatException($"There is no mask of {size}.");

    private void CheckSize(RunLengthMask other)
    {
        if (other.Size != Size)
            throw new ArgumentException($"One mask is of {Size}, another one of {other.Size}.", nameof(other));
    }

    // Where the runs inside begin and end, counted by columns.
    private IEnumerable<(int First, int End)> Inside()
    {
        int at = 0;
        for (int i = 0; i < _runs.Length; at += (int)_runs[i++])
            if (i % 2 == 1 && _runs[i] > 0)
                yield return (at, at + (int)_runs[i]);
    }
}
