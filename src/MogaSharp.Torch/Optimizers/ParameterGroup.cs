namespace MogaSharp.Torch;

/// <summary>Parameters that share a learning rate and a weight decay, both of which may be changed between steps.</summary>
public sealed class ParameterGroup
{
    /// <summary>Names the parameters.</summary>
    /// <param name="names">Names of the network's parameters.</param>
    /// <param name="learningRate">0 or more.</param>
    /// <param name="weightDecay">0 or more.</param>
    public ParameterGroup(IEnumerable<string> names, double learningRate, double weightDecay = 0)
    {
        Names = [.. names];
        LearningRate = learningRate;
        WeightDecay = weightDecay;
    }

    /// <summary>The names of the parameters.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The step size.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is below 0 or not a number.</exception>
    public double LearningRate
    {
        get;
        set => field = Checked(value);
    }

    /// <summary>How strongly weights are drawn to 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is below 0 or not a number.</exception>
    public double WeightDecay
    {
        get;
        set => field = Checked(value);
    }

    private static double Checked(double value) =>
        value >= 0 && double.IsFinite(value)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "Learning rates and weight decays are 0 or more.");
}
