using System.Collections.Immutable;
using MogaSharp.Graph;

namespace MogaSharp.Tasks;

/// <summary>What a map explains: a sum of numbers that a network gives for an image, each times a factor. Which numbers these are is
/// decided before and does not change with the image, so that the sum has a gradient.</summary>
internal sealed record CamTarget
{
    private CamTarget(int label, ImmutableDictionary<string, Tensor> factors) => (Class, Factors) = (label, factors);

    /// <summary>The class that is meant.</summary>
    public int Class { get; }

    /// <summary>By the names of outputs the factors of their elements, with a first extent of 1; outputs that are not named do not
    /// count.</summary>
    public ImmutableDictionary<string, Tensor> Factors { get; }

    /// <summary>The logit of a class of the whole image.</summary>
    /// <param name="output">The output with the logits.</param>
    /// <param name="logits">Its shape, (N, classes).</param>
    /// <param name="label">The class.</param>
    /// <exception cref="ExplainException">There is no such class.</exception>
    public static CamTarget OfClass(string output, Shape logits, int label)
    {
        Check(label, logits[1]);
        return OfElements(label, 1, (output, logits, label));
    }

    /// <summary>The sum of a class's logits over the pixels in which it has the largest (as the paper of Vinogradova et al. 2020 and
    /// pytorch-grad-cam do).</summary>
    /// <param name="output">The output with the logits.</param>
    /// <param name="logits">The logits of one image, (1, classes, h, w).</param>
    /// <param name="label">The class; null for the one with most pixels.</param>
    /// <exception cref="ExplainException">There is no such class, or no pixel is of it.</exception>
    public static CamTarget OfPixels(string output, Tensor logits, int? label = null)
    {
        int classes = logits.Shape[1],
            pixels = logits.Shape[2] * logits.Shape[3];
        if (label is { } asked)
            Check(asked, classes);
        int[] best = new int[pixels],
            counts = new int[classes];
        for (int p = 0; p < pixels; p++)
        {
            for (int c = 1; c < classes; c++)
                if (logits.Data[(c * pixels) + p] > logits.Data[(best[p] * pixels) + p])
                    best[p] = c;
            counts[best[p]]++;
        }

        int chosen = label ?? Array.IndexOf(counts, counts.Max());
        if (counts[chosen] == 0)
            throw new ExplainException($"The network gives no pixel to class {chosen}.");
        var factors = new Tensor(logits.Shape);
        for (int p = 0; p < pixels; p++)
            if (best[p] == chosen)
                factors.Data[(chosen * pixels) + p] = 1;
        return new(chosen, ImmutableDictionary<string, Tensor>.Empty.Add(output, factors));
    }

    /// <summary>The sum of some elements of outputs, such as the class number of an anchor, or the mean of those that the stages of a
    /// cascade give a region.</summary>
    /// <param name="label">The class that is meant.</param>
    /// <param name="factor">What each element counts.</param>
    /// <param name="elements">Outputs by name, their shapes, and the place of an element among those of one image.</param>
    public static CamTarget OfElements(int label, float factor, params ReadOnlySpan<(string Output, Shape Shape, int Place)> elements)
    {
        var factors = ImmutableDictionary.CreateBuilder<string, Tensor>();
        foreach ((string output, Shape shape, int place) in elements)
        {
            if (!factors.TryGetValue(output, out Tensor? tensor))
                factors[output] = tensor = new Tensor(shape.With(0, 1));
            tensor.Data[place] = factor;
        }

        return new(label, factors.ToImmutable());
    }

    /// <summary>The sum, for one of the images that outputs are of.</summary>
    /// <param name="outputs">Gives an output, (N, ...), by its name.</param>
    /// <param name="image">Which image.</param>
    public double Value(Func<string, Tensor> outputs, int image = 0)
    {
        double sum = 0;
        foreach ((string name, Tensor factors) in Factors)
        {
            ReadOnlySpan<float> numbers = outputs(name).Span.Slice(image * factors.Data.Length, factors.Data.Length);
            for (int i = 0; i < numbers.Length; i++)
                if (factors.Data[i] != 0)
                    sum += (double)factors.Data[i] * numbers[i];
        }

        return sum;
    }

    /// <summary>The factors of several images' targets for outputs of all of them.</summary>
    public static Dictionary<string, Tensor> Together(IReadOnlyList<CamTarget> targets)
    {
        var all = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        for (int i = 0; i < targets.Count; i++)
            foreach ((string name, Tensor factors) in targets[i].Factors)
            {
                if (!all.TryGetValue(name, out Tensor? tensor))
                    all[name] = tensor = new Tensor(factors.Shape.With(0, targets.Count));
                factors.Data.CopyTo(tensor.Data, i * factors.Data.Length);
            }

        return all;
    }

    private static void Check(int label, int classes)
    {
        if (label < 0 || label >= classes)
            throw new ExplainException($"There is no class {label}; the network has {classes}, from 0 on.");
    }
}
