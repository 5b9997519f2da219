using System.Collections.Immutable;

namespace MogaSharp.Tasks;

/// <summary>How interactions are measured. What is not set is as in MogaNet's paper, but for the number of images.</summary>
public sealed record InteractionOptions
{
    /// <summary>The shares of n - 2 whose orders are measured unless <see cref="Orders"/> names others.</summary>
    public static ImmutableArray<double> Ratios { get; } = [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1];

    /// <summary>Patches in a row and in a column, 2 or more.</summary>
    public int Grid { get; init; } = 14;

    /// <summary>What is measured.</summary>
    public InteractionValue Value { get; init; }

    /// <summary>The orders, rising, each from 0 to n - 2; empty for those of <see cref="Ratios"/>, truncated.</summary>
    public ImmutableArray<int> Orders { get; init; } = [];

    /// <summary>Pairs of patches of each image, 1 or more.</summary>
    public int Pairs { get; init; } = 50;

    /// <summary>Contexts of each pair and order, 1 or more. The mean of few contexts is too large where it is small: noise does not cancel
    /// after the absolute value is taken.</summary>
    public int Contexts { get; init; } = 50;

    /// <summary>Pairs of image x are drawn from 1000 x + seed, its contexts of order m from 1000 x + m + 1 + seed.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Masked images that go through the network at a time, 1 or more.</summary>
    public int Batch { get; init; } = 16;

    /// <summary>The orders of <see cref="Ratios"/>; where several are the same, it comes once.</summary>
    /// <param name="patches">n.</param>
    public static ImmutableArray<int> DefaultOrders(int patches) => [.. Ratios.Select(ratio => (int)(ratio * (patches - 2))).Distinct()];
}

/// <summary>Two patches.</summary>
/// <param name="First">One.</param>
/// <param name="Second">The other.</param>
public readonly record struct PatchPair(int First, int Second)
{
    /// <summary>The larger of the distances in rows and in columns.</summary>
    /// <param name="side">Patches in a row.</param>
    public int Distance(int side) => Math.Max(Math.Abs((First / side) - (Second / side)), Math.Abs((First % side) - (Second % side)));
}
