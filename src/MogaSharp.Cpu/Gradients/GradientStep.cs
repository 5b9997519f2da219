using MogaSharp.Graph;

namespace MogaSharp.Cpu;

/// <summary>One op on the way back.</summary>
/// <param name="Value">The value that the op gives.</param>
/// <param name="Gradient">The gradient of it.</param>
/// <param name="Shapes">The shapes of all values.</param>
/// <param name="Values">The values that are known.</param>
/// <param name="Target">Where an input's gradient is added up; null for an input that does not depend on a wanted value.</param>
internal sealed record GradientStep(
    Value Value,
    double[] Gradient,
    Shape[] Shapes,
    IReadOnlyDictionary<Value, Tensor> Values,
    Func<Value, double[]?> Target
)
{
    /// <summary>The shape of the op's result.</summary>
    public Shape To => Shapes[Value.Index];

    /// <summary>The shape of an input.</summary>
    public Shape From(int input = 0) => Shapes[Value.Inputs[input].Index];

    /// <summary>Where an input's gradient is added up; null where nobody asks for it.</summary>
    public double[]? Into(int input = 0) => Target(Value.Inputs[input]);

    /// <summary>An input's elements; <see cref="GradientKernels.Needs"/> says which are known.</summary>
    public float[] Input(int input = 0) => Values[Value.Inputs[input]].Data;

    /// <summary>The result's elements, where they are needed.</summary>
    public float[] Output => Values[Value].Data;
}
