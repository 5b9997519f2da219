namespace MogaSharp.Training;

/// <summary>What a recipe has for poses alone. Defaults are those of the official configurations for COCO.</summary>
public sealed record PoseRecipe
{
    /// <summary>How far the center of a person's box is moved at most, as a share of the box.</summary>
    public double Shift { get; init; } = 0.16;

    /// <summary>The probability of a move.</summary>
    public double ShiftProbability { get; init; } = 0.3;

    /// <summary>The probability that only the upper or the lower half of a body is taken.</summary>
    public double HalfBodyProbability { get; init; } = 0.3;

    /// <summary>How far the size of the box is changed, as a share of it.</summary>
    public double Scale { get; init; } = 0.5;

    /// <summary>How far the box is turned, in degrees.</summary>
    public double Rotation { get; init; } = 40;

    /// <summary>The probability of a turn.</summary>
    public double RotationProbability { get; init; } = 0.6;

    internal void Check(Action<bool, string, string> require)
    {
        require(Shift is >= 0 and <= 1, "pose.shift", "lies from 0 to 1");
        require(Scale is >= 0 and < 1, "pose.scale", "lies from 0 to below 1");
        require(Rotation is >= 0 and <= 180, "pose.rotation", "lies from 0 to 180");
        foreach (
            (string name, double value) in new[]
            {
                ("shift_probability", ShiftProbability),
                ("half_body_probability", HalfBodyProbability),
                ("rotation_probability", RotationProbability),
            }
        )
            require(value is >= 0 and <= 1, $"pose.{name}", "is a probability from 0 to 1");
    }
}
