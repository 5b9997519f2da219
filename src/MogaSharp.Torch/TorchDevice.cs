using System.Globalization;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <summary>Where tensors lie: the CPU or one CUDA device.</summary>
public readonly record struct TorchDevice
{
    // 0 is the CPU so that the default value means it; n + 1 is CUDA device n.
    private readonly int _number;

    private TorchDevice(int number) => _number = number;

    /// <summary>The CPU.</summary>
    public static TorchDevice Cpu => default;

    /// <summary>True for a CUDA device.</summary>
    public bool IsCuda => _number > 0;

    /// <summary>The number of the CUDA device, or <see cref="ShimNumbers.Cpu"/>.</summary>
    internal int Index => _number - 1;

    /// <summary>A CUDA device.</summary>
    /// <param name="index">Its number, from 0.</param>
    public static TorchDevice Cuda(int index = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, 127);
        return new TorchDevice(index + 1);
    }

    /// <summary>Reads <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    /// <exception cref="FormatException">It is none of these.</exception>
    public static TorchDevice Parse(string text)
    {
        if (text == "cpu")
            return Cpu;
        if (text == "cuda")
            return Cuda();
        if (
            text.StartsWith("cuda:", StringComparison.Ordinal)
            && byte.TryParse(text.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out byte index)
            && index < 128
        )
            return Cuda(index);
        throw new FormatException($"'{text}' is no device; write cpu, cuda or cuda:N.");
    }

    /// <summary>As <see cref="Parse"/> reads it: <c>cpu</c> or <c>cuda:N</c>.</summary>
    public override string ToString() => IsCuda ? string.Create(CultureInfo.InvariantCulture, $"cuda:{Index}") : "cpu";

    internal static TorchDevice FromIndex(int index) => new(index + 1);
}
