using MogaSharp.Cpu.Kernels;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <summary>Something that is compiled anew for each activation.</summary>
internal interface IActivationUser<out TResult>
{
    TResult Use<TActivation>()
        where TActivation : struct, IActivation;
}

/// <summary>From an activation as data to one as a type.</summary>
internal static class ActivationChoice
{
    /// <summary>Calls the user with the type of a function.</summary>
    /// <param name="functions">No function, one, or the same one twice.</param>
    /// <param name="user">Who is called.</param>
    public static TResult Choose<TResult>(ReadOnlySpan<ActivationKind> functions, IActivationUser<TResult> user) =>
        functions.IsEmpty
            ? user.Use<Identity>()
            : functions[0] switch
            {
                ActivationKind.Gelu => Use<TResult, Gelu>(functions.Length, user),
                ActivationKind.Silu => Use<TResult, Silu>(functions.Length, user),
                ActivationKind.Relu => Use<TResult, Relu>(functions.Length, user),
                ActivationKind.Sigmoid => Use<TResult, Sigmoid>(functions.Length, user),
                ActivationKind.LeakyRelu => Use<TResult, LeakyRelu>(functions.Length, user),
                ActivationKind.HardSwish => Use<TResult, HardSwish>(functions.Length, user),
                ActivationKind.HardSigmoid => Use<TResult, HardSigmoid>(functions.Length, user),
                _ => throw new GraphException($"Unknown activation {functions[0]}."),
            };

    private static TResult Use<TResult, TActivation>(int times, IActivationUser<TResult> user)
        where TActivation : struct, IActivation => times == 1 ? user.Use<TActivation>() : user.Use<Twice<TActivation>>();
}
