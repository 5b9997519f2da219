using System.Collections.Immutable;

namespace MogaSharp.Tasks;

/// <summary>One class that an image may belong to.</summary>
/// <param name="Label">The class's name.</param>
/// <param name="Index">Its position in the model's outputs.</param>
/// <param name="Score">The softmax probability, 0 to 1; NaN for every class when an output of the network is not finite.</param>
public readonly record struct Prediction(string Label, int Index, float Score);

/// <summary>What a classifier says of an image.</summary>
public sealed class Classification
{
    private readonly ImmutableArray<string> _labels;
    private readonly float[] _logits;

    internal Classification(ImmutableArray<string> labels, ReadOnlySpan<float> logits) => (_labels, _logits) = (labels, logits.ToArray());

    /// <summary>The network's outputs, one a class.</summary>
    public ReadOnlyMemory<float> Logits => _logits;

    /// <summary>The most likely class.</summary>
    public Prediction Best => Top(1)[0];

    /// <summary>The most likely classes.</summary>
    /// <param name="count">How many, at least 1; all where there are fewer.</param>
    /// <returns>The classes, best first. Equal scores come in the order of the classes.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is below 1.</exception>
    public ImmutableArray<Prediction> Top(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        double largest = _logits.Max(),
            sum = _logits.Sum(logit => Math.Exp(logit - largest));
        return
        [
            .. _logits
                .Select((logit, i) => (logit, i))
                .OrderByDescending(pair => pair.logit)
                .ThenBy(pair => pair.i)
                .Take(count)
                .Select(pair => new Prediction(_labels[pair.i], pair.i, (float)(Math.Exp(pair.logit - largest) / sum))),
        ];
    }
}
