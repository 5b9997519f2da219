namespace MogaSharp.Graph;

/// <summary>How a fresh network fills a tensor. The closed set that the official classifiers use.</summary>
public abstract record Initializer
{
    private Initializer() { }

    /// <summary>Every element the same.</summary>
    public sealed record Constant(float Value) : Initializer;

    /// <summary>Normal distribution with mean 0.</summary>
    public sealed record Normal(double StandardDeviation) : Initializer;

    /// <summary>
    /// Normal distribution with mean 0, drawn again outside [-2, 2] (absolute bounds, as timm's <c>trunc_normal_</c>),
    /// then multiplied by <paramref name="Scale"/>.
    /// </summary>
    public sealed record TruncatedNormal(double StandardDeviation, double Scale = 1) : Initializer;

    /// <summary>Uniform distribution from -<paramref name="Bound"/> to <paramref name="Bound"/>.</summary>
    public sealed record Uniform(double Bound) : Initializer;

    /// <summary>
    /// Given numbers: what a network computes once from its own geometry and official files store beside the weights (Swin's
    /// <c>relative_position_index</c> and <c>attn_mask</c>). Files that lack them, or hold them for another image size, are as good.
    /// </summary>
    /// <param name="Element">The element at each place, counted row by row.</param>
    public sealed record Computed(Func<int, float> Element) : Initializer;

    /// <summary>Every element 0.</summary>
    public static Initializer Zeros { get; } = new Constant(0);

    /// <summary>Every element 1.</summary>
    public static Initializer Ones { get; } = new Constant(1);
}
