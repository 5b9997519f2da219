using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace MogaSharp.Torch;

/// <summary>Number formats that this machine's processor has instructions for, whatever .NET itself makes use of.</summary>
public static class ProcessorTypes
{
    private const int AvxBfloat16 = 1 << 5,
        AmxBfloat16 = 1 << 22;

    /// <summary>Whether the processor multiplies bfloat16 itself (AVX512_BF16, AMX_BF16, Arm's BF16); without, libtorch takes several times
    /// as long as in float32.</summary>
    public static bool HasBfloat16 { get; } =
        RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 or Architecture.X86 => X86Base.IsSupported && OfX86(X86Base.CpuId),
            // The system says it; where it does not, as on a Mac, all processors of the last years have it.
            Architecture.Arm64 => !File.Exists("/proc/cpuinfo") || OfArm(File.ReadLines("/proc/cpuinfo")),
            _ => false,
        };

    /// <summary>What x86's CPUID says.</summary>
    /// <param name="ask">Takes leaf and subleaf.</param>
    internal static bool OfX86(Func<int, int, (int Eax, int Ebx, int Ecx, int Edx)> ask)
    {
        if (ask(0, 0).Eax < 7)
            return false;
        (int subleaves, _, _, int features) = ask(7, 0);
        return (features & AmxBfloat16) != 0 || (subleaves >= 1 && (ask(7, 1).Eax & AvxBfloat16) != 0);
    }

    /// <summary>What Linux says of an Arm processor.</summary>
    /// <param name="lines">The lines of <c>/proc/cpuinfo</c>.</param>
    internal static bool OfArm(IEnumerable<string> lines) =>
        lines.Any(line => line.StartsWith("Features", StringComparison.Ordinal) && line.Split((char[])[' ', ':', '\t']).Contains("bf16"));
}
