namespace MogaSharp.Vision;

/// <summary>What a network shall see of an object's mask in a box, with the results of MMDetection's <c>mask_target</c>.</summary>
public static class MaskTargets
{
    /// <summary>
    /// Writes the small mask of a box: the mean of the object's mask over each cell, by RoIAlign with as many samples as a cell has pixels,
    /// rounded to 0 or 1. The box is cut to the image first.
    /// </summary>
    /// <param name="mask">height x width values: 0 outside of the object, 1 inside.</param>
    /// <param name="image">The size of the mask.</param>
    /// <param name="box">Left, top, right, bottom in pixels of the mask.</param>
    /// <param name="target">side x side numbers, written: 0 or 1. The official side is 28.</param>
    /// <exception cref="ArgumentException">The values are not a mask of that size, it is not one box, or the target is no
    /// square.</exception>
    public static void Write(ReadOnlySpan<byte> mask, ImageSize image, ReadOnlySpan<float> box, Span<float> target)
    {
        int side = (int)Math.Sqrt(target.Length);
        if (mask.Length != (long)image.Width * image.Height || box.Length != 4 || side * side != target.Length)
            throw new ArgumentException(
                $"{mask.Length} values, {box.Length} numbers and {target.Length} cells are not a mask of {image}, a box and a square."
            );
        target.Clear();
        var rows = new CellAxis(Math.Clamp(box[1], 0, image.Height), Math.Clamp(box[3], 0, image.Height), side);
        var columns = new CellAxis(Math.Clamp(box[0], 0, image.Width), Math.Clamp(box[2], 0, image.Width), side);
        if (rows.Samples <= 0 || columns.Samples <= 0)
            return;
        for (int y = 0; y < side; y++)
        {
            (int top, int bottom) = rows.Pixels(y, image.Height);
            for (int x = 0; x < side; x++)
            {
                (int left, int right) = columns.Pixels(x, image.Width);
                byte first = mask[(top * image.Width) + left];
                bool isEven = true;
                for (int row = top; row <= bottom && isEven; row++)
                    isEven = mask.Slice((row * image.Width) + left, right - left + 1).IndexOfAnyExcept(first) < 0;
                target[(y * side) + x] = (isEven ? first : Mean(mask, image, rows, columns, y, x)) >= 0.5f ? 1 : 0;
            }
        }
    }

    /// <summary>The mean over a cell, in the order of the official code, whose rounding decides cells that are half full.</summary>
    internal static float Mean(ReadOnlySpan<byte> mask, ImageSize image, in CellAxis rows, in CellAxis columns, int y, int x)
    {
        float sum = 0;
        for (int i = 0; i < rows.Samples; i++)
        {
            (int upper, int lower, float down) = rows.Sample(y, i, image.Height);
            float up = 1 - down;
            ReadOnlySpan<byte> above = mask.Slice(upper * image.Width, image.Width),
                below = mask.Slice(lower * image.Width, image.Width);
            for (int j = 0; j < columns.Samples; j++)
            {
                (int west, int east, float right) = columns.Sample(x, j, image.Width);
                float left = 1 - right;
                sum += (up * left * above[west]) + (up * right * above[east]) + (down * left * below[west]) + (down * right * below[east]);
            }
        }

        return sum / (rows.Samples * columns.Samples);
    }

    /// <summary>The cells of a box along one axis, and the places where they are sampled.</summary>
    internal readonly struct CellAxis
    {
        private readonly float _start;
        private readonly float _cell;

        public CellAxis(float from, float to, int cells)
        {
            _start = from - 0.5f;
            float length = to - 0.5f - _start;
            _cell = length / cells;
            Samples = (int)MathF.Ceiling(_cell);
        }

        /// <summary>Samples in each cell; none where the box has no extent.</summary>
        public int Samples { get; }

        /// <summary>The pixels on both sides of a sample, and the weight of the second one.</summary>
        public (int Low, int High, float Share) Sample(int cell, int i, int length)
        {
            float place = Math.Max(0, _start + (cell * _cell) + ((i + 0.5f) * _cell / Samples));
            int low = (int)place;
            return low >= length - 1 ? (length - 1, length - 1, 0) : (low, low + 1, place - low);
        }

        /// <summary>The first and the last pixel that a cell's samples touch.</summary>
        public (int First, int Last) Pixels(int cell, int length) => (Sample(cell, 0, length).Low, Sample(cell, Samples - 1, length).High);
    }
}
