using MogaSharp.Cpu.Kernels;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <summary>Code that is compiled once for each activation.</summary>
internal interface IActivationVisitor<out TResult>
{
    TResult Visit<TActivation>()
        where TActivation : struct, IActivation;
}

/// <summary>From an activation as data to one as a type.</summary>
internal static class ActivationChoice
{
    /// <summary>Calls the visitor with the type that computes a function.</summary>
    /// <param name="functions">No function, one, or the same one twice.</param>
    /// <param name="visitor">What is called.</param>
    public static TResult Choose<TResult>(ReadOnlySpan<ActivationKind> functions, IActivationVisitor<TResult> visitor) =>
        functions.IsEmpty
            ? visitor.Visit<Identity>()
            : functions[0] switch
            {
                ActivationKind.Gelu => Visit<TResult, Gelu>(functions.Length, visitor),
                ActivationKind.Silu => Visit<TResult, Silu>(functions.Length, visitor),
                ActivationKind.Relu => Visit<TResult, Relu>(functions.Length, visitor),
                ActivationKind.Sigmoid => Visit<TResult, Sigmoid>(functions.Length, visitor),
                ActivationKind.LeakyRelu => Visit<TResult, LeakyRelu>(functions.Length, visitor),
                ActivationKind.HardSwish => Visit<TResult, HardSwish>(functions.Length, visitor),
                ActivationKind.HardSigmoid => Visit<TResult, HardSigmoid>(functions.Length, visitor),
                _ => throw new GraphException($"Unknown activation {functions[0]}."),
            };

    private static TResult Visit<TResult, TActivation>(int times, IActivationVisitor<TResult> visitor)
        where TActivation : struct, IActivation => times == 1 ? visitor.Visit<TActivation>() : visitor.Visit<Twice<TActivation>>();
}
