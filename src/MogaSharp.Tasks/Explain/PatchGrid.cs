using System.Collections.Immutable;

namespace MogaSharp.Tasks;

/// <summary>
/// A square grid of patches over an image. A pixel belongs to the cell that enlarging the grid by nearest neighbor gives it, in single
/// precision as PyTorch does: row floor(y * (side / height)). So a grid need not divide the image; its patches then differ in size by a
/// pixel. Patch p is row * side + column.
/// </summary>
public sealed class PatchGrid
{
    private readonly int[] _rows;
    private readonly int[] _columns;

    /// <summary>Lays a grid over images.</summary>
    /// <param name="side">Patches in a row and in a column, 2 or more.</param>
    /// <param name="height">The images' rows.</param>
    /// <param name="width">The images' columns.</param>
    /// <exception cref="ExplainException">There are more patches than pixels in a row or column, or fewer than 2.</exception>
    public PatchGrid(int side, int height, int width)
    {
        if (side < 2 || side > Math.Min(height, width))
            throw new ExplainException($"A grid over {height}x{width} pixels has from 2 to {Math.Min(height, width)} patches, not {side}.");
        (Side, Height, Width) = (side, height, width);
        (_rows, _columns) = (Cells(side, height), Cells(side, width));
    }

    /// <summary>Patches in a row and in a column.</summary>
    public int Side { get; }

    /// <summary>The images' rows.</summary>
    public int Height { get; }

    /// <summary>The images' columns.</summary>
    public int Width { get; }

    /// <summary>Patches in all.</summary>
    public int Count => Side * Side;

    /// <summary>Whether all patches have the same size.</summary>
    public bool IsEven => Height % Side == 0 && Width % Side == 0;

    /// <summary>The sides of grids whose patches have the same size, 2 to 32.</summary>
    /// <param name="height">The images' rows.</param>
    /// <param name="width">The images' columns.</param>
    public static ImmutableArray<int> EvenSides(int height, int width) =>
        [.. Enumerable.Range(2, 31).Where(side => height % side == 0 && width % side == 0)];

    /// <summary>The patch of a pixel.</summary>
    public int PatchOf(int row, int column) => (_rows[row] * Side) + _columns[column];

    /// <summary>Copies an image, with a color in place of the patches that are absent.</summary>
    /// <param name="image">(C, H, W).</param>
    /// <param name="present">The patches to show.</param>
    /// <param name="fill">A number for each channel, which absent patches get.</param>
    /// <param name="target">(C, H, W), overwritten.</param>
    /// <exception cref="ArgumentException">The sizes do not agree.</exception>
    public void Paint(ReadOnlySpan<float> image, PatchMask present, ReadOnlySpan<float> fill, Span<float> target)
    {
        if (image.Length != fill.Length * Height * Width)
            throw new ArgumentException($"The image has {image.Length} numbers for {fill.Length} channels of {Height}x{Width}.");
        image.CopyTo(target);
        Span<bool> isAbsent = stackalloc bool[Side];
        for (int channel = 0, at = 0; channel < fill.Length; channel++)
        for (int y = 0; y < Height; y++, at += Width)
        {
            for (int column = 0; column < Side; column++)
                isAbsent[column] = !present[(_rows[y] * Side) + column];
            for (int x = 0; x < Width; x++)
                if (isAbsent[_columns[x]])
                    target[at + x] = fill[channel];
        }
    }

    /// <summary>The mean of a map over each patch.</summary>
    /// <param name="map">(H, W).</param>
    /// <returns>A number for each patch.</returns>
    public double[] Average(ReadOnlySpan<float> map)
    {
        double[] sums = new double[Count];
        int[] pixels = new int[Count];
        for (int i = 0; i < map.Length; i++)
        {
            int patch = PatchOf(i / Width, i % Width);
            sums[patch] += map[i];
            pixels[patch]++;
        }

        for (int patch = 0; patch < Count; patch++)
            sums[patch] /= pixels[patch];
        return sums;
    }

    private static int[] Cells(int side, int length)
    {
        float scale = (float)side / length;
        return [.. Enumerable.Range(0, length).Select(at => Math.Min((int)MathF.Floor(at * scale), side - 1))];
    }
}
