using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Torch;
using MogaSharp.Vision;

namespace MogaSharp.Training;

/// <summary>The losses of the image graph of a detector: which anchors are objects and how their boxes move (MMDetection's
/// <c>AnchorHead</c>, <c>RPNHead</c> and <c>RetinaHead</c>).</summary>
internal sealed class AnchorLosses(IDetectionDefinition definition)
{
    private readonly AnchorGenerator _anchors = definition.Anchors.ToGenerator();

    /// <summary>Which anchors shall find an object.</summary>
    public required MaxIoUAssigner Assigner { get; init; }

    /// <summary>Draws the anchors that count, positive and negative ones; null for all of them, and a focal loss of every class.</summary>
    public RandomSampler? Sampler { get; init; }

    /// <summary>Whether anchors that reach beyond the image are left out.</summary>
    public bool InsideOnly { get; init; }

    /// <summary>Below which difference the loss of boxes is smooth.</summary>
    public double Beta { get; init; }

    /// <summary>Computes the two losses.</summary>
    /// <param name="outputs">The image graph's.</param>
    /// <param name="truths">The objects of each image.</param>
    /// <param name="random">Draws the anchors.</param>
    public (TorchTensor Classes, TorchTensor Boxes) Of(
        IReadOnlyDictionary<string, TorchTensor> outputs,
        GroundTruth[] truths,
        Random random
    )
    {
        Level[] levels =
        [
            .. _anchors.Strides.Select(
                (_, level) => new Level(outputs[definition.ClassOutput(level)], outputs[definition.BoxOutput(level)])
            ),
        ];
        float[] grid = [.. levels.SelectMany((level, i) => _anchors.Grid(i, level.Size))];
        int each = grid.Length / 4;
        var labels = new int[truths.Length * each];
        var chosen = new List<Chosen>();
        int divisor = 0;
        for (int image = 0; image < truths.Length; image++)
        {
            GroundTruth truth = truths[image];
            Span<int> assigned = labels.AsSpan(image * each, each);
            Assigner.Assign(grid, truth.Boxes, [], assigned, new float[each], Valid(levels, grid, truth));
            BoxSample sample = (Sampler ?? new(int.MaxValue, 1)).Sample(assigned, truth.Count, random.Next);
            divisor += Math.Max(sample.Positives.Length, 1) + (Sampler is null ? 0 : Math.Max(sample.Negatives.Length, 1));
            foreach ((int anchor, int of) in sample.Positives.Zip(sample.PositiveTruths))
                chosen.Add(new Chosen(image, anchor, of));
            if (Sampler is not null)
                chosen.AddRange(sample.Negatives.Select(anchor => new Chosen(image, anchor, -1)));
        }

        TorchTensor classes = Sampler is null
            ? Focal(levels, labels, truths) * (1.0 / divisor)
            : YesOrNo(levels, chosen) * ((double)chosen.Count / divisor);
        return (classes, Boxes(levels, grid, truths, chosen) * (1.0 / divisor));
    }

    // One image's anchors that may count, in the order of the grid.
    private bool[] Valid(Level[] levels, float[] grid, GroundTruth truth)
    {
        bool[] valid = new bool[grid.Length / 4];
        ImageSize padded = SizeRules.UpToMultiple(truth.Size, DetectionTask.Divisor);
        int at = 0;
        for (int i = 0; i < levels.Length; at += levels[i].Anchors(_anchors.Count), i++)
            _anchors.WriteValid(i, levels[i].Size, padded, valid.AsSpan(at, levels[i].Anchors(_anchors.Count)));
        for (int i = 0; InsideOnly && i < valid.Length; i++)
        {
            ReadOnlySpan<float> box = grid.AsSpan(i * 4, 4);
            valid[i] &= box[0] >= 0 && box[1] >= 0 && box[2] < truth.Size.Width && box[3] < truth.Size.Height;
        }

        return valid;
    }

    private TorchTensor YesOrNo(Level[] levels, List<Chosen> chosen)
    {
        var places = new Places(levels, levels.Select(level => level.Classes), _anchors.Count);
        long[] indices = [.. chosen.Select(one => places.Of(one.Image, one.Anchor, 0))];
        float[] targets = [.. chosen.Select(one => one.Truth >= 0 ? 1f : 0f)];
        var shape = new Shape(indices.Length, 1);
        TorchTensor logits = places.Pick(indices).Reshape(shape);
        return TorchLoss.BinaryCrossEntropy(logits, TorchTensor.From<float>(targets, shape, logits.Device));
    }

    private TorchTensor Focal(Level[] levels, int[] assigned, GroundTruth[] truths)
    {
        int each = assigned.Length / truths.Length,
            count = _anchors.Count,
            first = 0;
        var parts = new List<TorchTensor>();
        foreach (Level level in levels)
        {
            int pixels = level.Size.Width * level.Size.Height;
            long[] labels = new long[truths.Length * count * pixels];
            for (int image = 0; image < truths.Length; image++)
            for (int anchor = 0; anchor < count; anchor++)
            for (int pixel = 0; pixel < pixels; pixel++)
            {
                int of = assigned[(image * each) + first + (pixel * count) + anchor];
                labels[(((image * count) + anchor) * pixels) + pixel] =
                    of > 0 ? truths[image].Labels[of - 1]
                    : of == MaxIoUAssigner.Background ? definition.NumClasses
                    : MaxIoUAssigner.Ignored;
            }

            var shape = new Shape(truths.Length, count, level.Size.Height, level.Size.Width);
            parts.Add(TorchLoss.FocalSum(level.Classes, TorchTensor.From<long>(labels, shape, level.Classes.Device)));
            first += level.Anchors(count);
        }

        return parts.Aggregate((sum, part) => sum + part);
    }

    private TorchTensor Boxes(Level[] levels, float[] grid, GroundTruth[] truths, List<Chosen> chosen)
    {
        Chosen[] positives = [.. chosen.Where(one => one.Truth >= 0)];
        var places = new Places(levels, levels.Select(level => level.Boxes), _anchors.Count);
        // The weights take part, with gradients of 0: processes that train together all have the same ones.
        if (positives.Length == 0)
            return places.Nothing();
        float[] from = new float[positives.Length * 4],
            to = new float[from.Length],
            deltas = new float[from.Length];
        long[] indices = new long[from.Length];
        for (int i = 0; i < positives.Length; i++)
        {
            (int image, int anchor, int truth) = positives[i];
            grid.AsSpan(anchor * 4, 4).CopyTo(from.AsSpan(i * 4));
            truths[image].Boxes.AsSpan(truth * 4, 4).CopyTo(to.AsSpan(i * 4));
            for (int k = 0; k < 4; k++)
                indices[(i * 4) + k] = places.Of(image, anchor, k);
        }

        BoxCoder.Plain.Encode(from, to, deltas);
        TorchTensor found = places.Pick(indices);
        return TorchLoss.AbsoluteErrorSum(found, TorchTensor.From<float>(deltas, found.Shape, found.Device), Beta);
    }

    private readonly record struct Chosen(int Image, int Anchor, int Truth);

    private sealed record Level(TorchTensor Classes, TorchTensor Boxes)
    {
        public ImageSize Size { get; } = new(Classes.Shape[3], Classes.Shape[2]);

        public int Anchors(int count) => Size.Width * Size.Height * count;
    }

    /// <summary>The values of all levels' maps (N, anchors x k, H, W) one after the other, and where one is.</summary>
    private sealed class Places
    {
        private readonly TorchTensor _values;
        private readonly List<(long First, int FirstAnchor, int Channels, int Pixels)> _levels = [];
        private readonly int _count;

        public Places(Level[] levels, IEnumerable<TorchTensor> maps, int count)
        {
            _count = count;
            var flat = new List<TorchTensor>();
            (long first, int anchor) = (0, 0);
            foreach ((Level level, TorchTensor map) in levels.Zip(maps))
            {
                Shape shape = map.Shape;
                _levels.Add((first, anchor, shape[1], shape[2] * shape[3]));
                flat.Add(map.Reshape(new Shape(checked((int)shape.ElementCount))));
                (first, anchor) = (first + shape.ElementCount, anchor + level.Anchors(count));
            }

            _values = TorchTensor.Concat(flat);
        }

        /// <summary>Where a value of an anchor is.</summary>
        public long Of(int image, int anchor, int value)
        {
            int level = _levels.Count - 1;
            while (_levels[level].FirstAnchor > anchor)
                level--;
            (long first, int firstAnchor, int channels, int pixels) = _levels[level];
            (int pixel, int kind) = Math.DivRem(anchor - firstAnchor, _count);
            int channel = (kind * (channels / _count)) + value;
            return first + ((((long)image * channels) + channel) * pixels) + pixel;
        }

        public TorchTensor Pick(long[] indices) =>
            _values.Select(TorchTensor.From<long>(indices, new Shape(indices.Length), _values.Device));

        public TorchTensor Nothing() => _values.Sum() * 0;
    }
}
