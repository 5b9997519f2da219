using System.Numerics.Tensors;

namespace MogaSharp.Vision;

/// <summary>
/// The numbers of a network for each class at each place of a coarse map, and how the pixels of an image are made of them. Channels are
/// innermost, so that a pixel's numbers are a few sums of whole runs. Windows of a large image lie side by side as a mosaic.
/// </summary>
public sealed class LogitMap
{
    private readonly float[] _values;
    private readonly byte[] _classes;

    /// <summary>Makes a map, of which the parts have to be <see cref="Write">written</see>.</summary>
    /// <param name="classes">Classes, 1 to 255.</param>
    /// <param name="rows">How the image's rows are made of those of the map.</param>
    /// <param name="columns">How the image's columns are made of those of the map.</param>
    public LogitMap(int classes, AxisTaps rows, AxisTaps columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(classes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(classes, LabelMap.Ignored);
        (Classes, Rows, Columns) = (classes, rows, columns);
        _values = GC.AllocateUninitializedArray<float>(checked(rows.SourceLength * columns.SourceLength * classes));
        _classes = new byte[rows.SourceLength * columns.SourceLength];
    }

    /// <summary>Classes.</summary>
    public int Classes { get; }

    /// <summary>How the image's rows are made of those of the map.</summary>
    public AxisTaps Rows { get; }

    /// <summary>How the image's columns are made of those of the map.</summary>
    public AxisTaps Columns { get; }

    /// <summary>Writes a part of the map.</summary>
    /// <param name="planes">Classes x height x width numbers, a plane for each class.</param>
    /// <param name="size">Its size.</param>
    /// <param name="top">Its first row in the map.</param>
    /// <param name="left">Its first column in the map.</param>
    /// <param name="threads">Threads that work, 1 or more; the result does not depend on it.</param>
    /// <exception cref="ArgumentException">The numbers are not whole planes of every class, or do not lie in the map.</exception>
    public void Write(ReadOnlyMemory<float> planes, ImageSize size, int top = 0, int left = 0, int threads = 1)
    {
        int plane = size.Width * size.Height;
        if (planes.Length != (long)plane * Classes)
            throw new ArgumentException($"{planes.Length} numbers are not {Classes} planes of {size}.", nameof(planes));
        if (top < 0 || left < 0 || top + size.Height > Rows.SourceLength || left + size.Width > Columns.SourceLength)
            throw new ArgumentException($"A part of {size} at {left}, {top} does not lie in the map.", nameof(size));
        Parallel.For(
            0,
            size.Height,
            new ParallelOptions { MaxDegreeOfParallelism = threads },
            y =>
            {
                int first = ((top + y) * Columns.SourceLength) + left;
                Span<float> row = _values.AsSpan(first * Classes, size.Width * Classes);
                Transpose(planes.Span[(y * size.Width)..], plane, size.Width, row);
                for (int x = 0; x < size.Width; x++)
                    _classes[first + x] = (byte)TensorPrimitives.IndexOfMax<float>(row.Slice(x * Classes, Classes));
            }
        );
    }

    /// <summary>The class of each pixel: the first with the largest number.</summary>
    /// <param name="threads">Threads that work, 1 or more; the result does not depend on it.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public LabelMap Labels(int threads = 1, CancellationToken cancellationToken = default)
    {
        byte[] labels = new byte[checked(Rows.Length * Columns.Length)];
        Parallel.For(
            0,
            Rows.Length,
            new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken },
            () => new float[Classes],
            (y, _, sums) =>
            {
                LabelRow(y, labels.AsSpan(y * Columns.Length, Columns.Length), sums);
                return sums;
            },
            _ => { }
        );
        return new LabelMap(new ImageSize(Columns.Length, Rows.Length), labels);
    }

    /// <summary>The class of each pixel by the mean probabilities of several maps of the same image: the softmax of each one's
    /// numbers.</summary>
    /// <param name="maps">The maps, at least one; all of the same image and classes.</param>
    /// <param name="threads">Threads that work, 1 or more; the result does not depend on it.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="ArgumentException">The maps are of different images or classes.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static LabelMap Labels(IReadOnlyList<LogitMap> maps, int threads = 1, CancellationToken cancellationToken = default)
    {
        // Softmax keeps the order of the classes.
        if (maps.Count == 1)
            return maps[0].Labels(threads, cancellationToken);
        LogitMap first = maps[0];
        if (
            maps.Any(map =>
                map.Classes != first.Classes || map.Rows.Length != first.Rows.Length || map.Columns.Length != first.Columns.Length
            )
        )
            throw new ArgumentException("The maps are of different images or classes.", nameof(maps));
        int width = first.Columns.Length;
        byte[] labels = new byte[checked(first.Rows.Length * width)];
        Parallel.For(
            0,
            first.Rows.Length,
            new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken },
            () => (Numbers: new float[first.Classes], Sums: new float[first.Classes]),
            (y, _, memory) =>
            {
                for (int x = 0; x < width; x++)
                {
                    Array.Clear(memory.Sums);
                    foreach (LogitMap map in maps)
                    {
                        map.Pixel(y, x, memory.Numbers);
                        TensorPrimitives.SoftMax<float>(memory.Numbers, memory.Numbers);
                        TensorPrimitives.Add<float>(memory.Sums, memory.Numbers, memory.Sums);
                    }

                    labels[(y * width) + x] = (byte)TensorPrimitives.IndexOfMax<float>(memory.Sums);
                }

                return memory;
            },
            _ => { }
        );
        return new LabelMap(new ImageSize(width, first.Rows.Length), labels);
    }

    /// <summary>The numbers of the classes at a pixel of the image.</summary>
    /// <param name="y">The row.</param>
    /// <param name="x">The column.</param>
    /// <param name="numbers">A number for each class, written.</param>
    public void Pixel(int y, int x, Span<float> numbers)
    {
        numbers.Clear();
        ReadOnlySpan<int> rows = Rows.Places(y),
            columns = Columns.Places(x);
        ReadOnlySpan<float> down = Rows.Weights(y),
            across = Columns.Weights(x);
        for (int i = 0; i < rows.Length; i++)
        for (int j = 0; j < columns.Length; j++)
            TensorPrimitives.MultiplyAdd(
                _values.AsSpan(((rows[i] * Columns.SourceLength) + columns[j]) * Classes, Classes),
                down[i] * across[j],
                numbers,
                numbers
            );
    }

    /// <summary>Writes the numbers of all pixels.</summary>
    /// <param name="planes">Classes x height x width values in the size of the image, written.</param>
    /// <exception cref="ArgumentException">The span has another length.</exception>
    public void WritePlanes(Span<float> planes)
    {
        int plane = checked(Rows.Length * Columns.Length);
        if (planes.Length != (long)plane * Classes)
            throw new ArgumentException($"{planes.Length} values are not {Classes} planes of {plane}.", nameof(planes));
        float[] numbers = new float[Classes];
        for (int i = 0; i < plane; i++)
        {
            (int y, int x) = Math.DivRem(i, Columns.Length);
            Pixel(y, x, numbers);
            for (int c = 0; c < numbers.Length; c++)
                planes[(c * plane) + i] = numbers[c];
        }
    }

    // A pixel's numbers are means of those of a few places. Where one class has the largest number at all of them, it has the largest mean
    // too, so that only pixels at the edges of things have to be computed.
    private void LabelRow(int y, Span<byte> labels, float[] sums)
    {
        ReadOnlySpan<int> rows = Rows.Places(y);
        for (int x = 0; x < labels.Length; x++)
        {
            ReadOnlySpan<int> columns = Columns.Places(x);
            byte label = _classes[(rows[0] * Columns.SourceLength) + columns[0]];
            bool isSame = true;
            foreach (int row in rows)
            foreach (int column in columns)
                isSame &= _classes[(row * Columns.SourceLength) + column] == label;
            if (!isSame)
            {
                Pixel(y, x, sums);
                label = (byte)TensorPrimitives.IndexOfMax<float>(sums);
            }

            labels[x] = label;
        }
    }

    // A row of each plane to pixels of all classes; some pixels at a time, which stay in L1 while the planes pass.
    private void Transpose(ReadOnlySpan<float> planes, int plane, int width, Span<float> row)
    {
        const int Pixels = 16;
        for (int left = 0; left < width; left += Pixels)
        {
            int count = Math.Min(Pixels, width - left);
            for (int c = 0; c < Classes; c++)
            {
                ReadOnlySpan<float> from = planes.Slice((c * plane) + left, count);
                for (int x = 0, to = (left * Classes) + c; x < from.Length; x++, to += Classes)
                    row[to] = from[x];
            }
        }
    }
}
