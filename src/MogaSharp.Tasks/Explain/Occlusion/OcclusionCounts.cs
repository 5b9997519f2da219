using System.Collections.Immutable;

namespace MogaSharp.Tasks;

/// <summary>How many images are classified correctly while patches are dropped.</summary>
/// <param name="Images">The images.</param>
/// <param name="Correct">Those that are right, by run and step.</param>
public sealed record OcclusionCounts(int Images, ImmutableArray<ImmutableArray<int>> Correct)
{
    /// <summary>The share that is right, 0 to 1, of each step: the mean of the runs.</summary>
    public ImmutableArray<double> Accuracy => [.. Steps.Select(step => Shares(step).Average())];

    /// <summary>The standard deviation of the runs, of each step; not a number for one run.</summary>
    public ImmutableArray<double> Spread =>
        [
            .. Steps.Select(step =>
            {
                double mean = Shares(step).Average();
                return Correct.Length < 2
                    ? double.NaN
                    : Math.Sqrt(Shares(step).Sum(share => (share - mean) * (share - mean)) / (Correct.Length - 1));
            }),
        ];

    private IEnumerable<int> Steps => Enumerable.Range(0, Correct[0].Length);

    /// <summary>The counts of these images and others.</summary>
    /// <exception cref="ArgumentException">They have other runs or steps.</exception>
    public OcclusionCounts Plus(OcclusionCounts other)
    {
        if (other.Correct.Length != Correct.Length || other.Correct[0].Length != Correct[0].Length)
            throw new ArgumentException("The counts have other runs or steps.", nameof(other));
        return new(
            Images + other.Images,
            [.. Correct.Zip(other.Correct, (mine, others) => mine.Zip(others, (a, b) => a + b).ToImmutableArray())]
        );
    }

    private IEnumerable<double> Shares(int step) => Correct.Select(run => (double)run[step] / Images);
}
