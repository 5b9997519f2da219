using System.Globalization;

namespace MogaSharp.Cpu.Tests.Isa;

public sealed class VectorLanesTests
{
    /// <summary>What a parent process expects of its child; see <see cref="IsaMatrixTests"/>.</summary>
    public const string Expected = "MOGA_EXPECTED_LANES";

    [Fact]
    [Trait("Isa", "Kernel")]
    public void The_engine_uses_the_expected_vectors()
    {
        // Outside the matrix the machine decides, and any width that the engine has is right.
        string? expected = Environment.GetEnvironmentVariable(Expected);
        if (expected is null)
            Assert.Contains(CpuSession.VectorLanes, new[] { 4, 8, 16 });
        else
            Assert.Equal(int.Parse(expected, CultureInfo.InvariantCulture), CpuSession.VectorLanes);
    }
}
