namespace MogaSharp.Tasks;

/// <summary>Which patches are dropped first.</summary>
public enum OcclusionDrop
{
    /// <summary>Any, as they are drawn.</summary>
    Random,

    /// <summary>Those that speak most for the class that the network finds, by Grad-CAM.</summary>
    Salient,

    /// <summary>Those that speak least for it.</summary>
    NonSalient,
}

/// <summary>What dropped patches show.</summary>
public enum OcclusionBaseline
{
    /// <summary>Black: 0 before the image is normalized, as Naseer et al. do.</summary>
    Black,

    /// <summary>The mean color: 0 after it.</summary>
    Mean,
}

/// <summary>How patches are dropped.</summary>
public sealed record OcclusionOptions
{
    /// <summary>The dropped counts are floor(d n / 10) of n patches, d from 0 to below this.</summary>
    public const int Steps = 10;

    /// <summary>Patches in a row and in a column, 2 or more.</summary>
    public int Grid { get; init; } = 14;

    /// <summary>Which patches go first.</summary>
    public OcclusionDrop Drop { get; init; }

    /// <summary>What dropped patches show.</summary>
    public OcclusionBaseline Baseline { get; init; }

    /// <summary>Draws for each image, 1 or more. Without <see cref="OcclusionDrop.Random"/> there is one run, since nothing is drawn.
    /// </summary>
    public int Runs { get; init; } = 3;

    /// <summary>Takes one draw for all images that are given together, as Naseer et al. do; else each image has its own.</summary>
    public bool IsDrawShared { get; init; }

    /// <summary>Decides the draws.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Masked images that go through the network at a time, 1 or more.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>The number of dropped patches of each step.</summary>
    /// <param name="patches">Patches in all.</param>
    public static int[] Counts(int patches) => [.. Enumerable.Range(0, Steps).Select(step => step * patches / Steps)];
}
