using System.Globalization;
using MogaSharp.Graph;

namespace MogaSharp.Torch.Native;

/// <summary>Element-wise functions of two tensors.</summary>
internal enum Arithmetic
{
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// <summary>Functions of all elements of a tensor.</summary>
internal enum Reduction
{
    Sum,
    Mean,
    LargestMagnitude,
}

/// <summary>What a call of the shim came to.</summary>
internal enum ShimStatus
{
    Ok,
    Failed,
    OutOfMemory,
}

/// <summary>
/// The numbers that stand for things in calls of the shim, which <c>native/numbers.h</c> has too. <see cref="TorchLibrary"/> compares the
/// two when it loads a shim, since a number that means something else there would compute something else without a word.
/// </summary>
internal static class ShimNumbers
{
    /// <summary>Instead of an element type: as it is.</summary>
    public const int KeepType = -1;

    /// <summary>Instead of a layout (1 channels last, 0 row-major): as it is.</summary>
    public const int KeepLayout = -1;

    /// <summary>Instead of a device: where it is.</summary>
    public const int KeepDevice = -2;

    /// <summary>The CPU; CUDA devices are numbered from 0.</summary>
    public const int Cpu = -1;

    /// <summary>Instead of autocast's type: the parameters' own.</summary>
    public const int NoPrecision = -1;

    /// <summary>What a shim says that goes with this program, a line for each list.</summary>
    public static string Expected { get; } =
        string.Join(
            '\n',
            Line<ActivationKind>("Activation"),
            Line<Arithmetic>("Arithmetic"),
            Line<Reduction>("Reduction"),
            Line<ReduceKind>("Collective"),
            Line<MapAxis>("Axis"),
            Line<Interpolation>("Interpolation"),
            Line<DType>("Type"),
            Line<ShimStatus>("Status"),
            Line("keep_type", KeepType),
            Line("keep_layout", KeepLayout),
            Line("keep_device", KeepDevice),
            Line("cpu", Cpu),
            Line("no_precision", NoPrecision)
        );

    /// <summary>The first line in which a shim differs from this program; null when all are the same.</summary>
    /// <param name="actual">The shim's text.</param>
    public static string? Difference(string actual)
    {
        string[] expected = Expected.Split('\n'),
            lines = actual.TrimEnd('\n').Split('\n');
        for (int i = 0; i < Math.Max(expected.Length, lines.Length); i++)
            if (expected.ElementAtOrDefault(i) != lines.ElementAtOrDefault(i))
                return expected.ElementAtOrDefault(i) ?? lines[i];
        return null;
    }

    private static string Line<T>(string name)
        where T : struct, Enum => $"{name} {string.Join(' ', Enum.GetNames<T>())}";

    private static string Line(string name, int value) => string.Create(CultureInfo.InvariantCulture, $"{name} {value}");
}
