using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;
using MogaSharp.Cpu.Steps;

namespace MogaSharp.Cpu.Tests.Support;

/// <summary>What a plan consists of, by the types of its steps.</summary>
internal static class StepKinds
{
    /// <summary>The steps between inputs and outputs, such as <c>MatrixStep&lt;Silu, MultiplyOther&gt;</c>: the type, and what it was
    /// compiled for besides the vectors.</summary>
    public static string[] Of(Plan plan) => [.. plan.Steps.ToArray().Where(step => step is not (InputStep or OutputStep)).Select(Of)];

    private static string Of(Step step)
    {
        Type type = step.GetType();
        string[] arguments =
        [
            .. type.GetGenericArguments()
                .Where(argument => argument.IsAssignableTo(typeof(IActivation)) || argument.IsAssignableTo(typeof(ICombine)))
                .Where(argument => argument != typeof(Identity) && argument != typeof(KeepAlone))
                .Select(Name),
        ];
        string name = type.Name.Split('`')[0];
        return arguments.Length == 0 ? name : $"{name}<{string.Join(", ", arguments)}>";
    }

    private static string Name(Type type) =>
        type.IsGenericType ? $"{type.Name.Split('`')[0]}<{Name(type.GetGenericArguments()[0])}>" : type.Name;
}
