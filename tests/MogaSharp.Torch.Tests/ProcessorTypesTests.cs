namespace MogaSharp.Torch.Tests;

public sealed class ProcessorTypesTests
{
    [Theory]
    [InlineData(7, 1, 1 << 5, 0, true)]
    [InlineData(7, 2, 0, 1 << 22, true)]
    [InlineData(7, 1, ~(1 << 5), ~(1 << 22), false)]
    [InlineData(7, 0, 1 << 5, 0, false)]
    [InlineData(6, 1, 1 << 5, 1 << 22, false)]
    public void X86_says_it_in_two_leaves(int leaves, int subleaves, int eax71, int edx70, bool has) =>
        Assert.Equal(
            has,
            ProcessorTypes.OfX86(
                (leaf, subleaf) =>
                    (leaf, subleaf) switch
                    {
                        (0, 0) => (leaves, 0, 0, 0),
                        (7, 0) => (subleaves, 0, 0, edx70),
                        (7, 1) => (eax71, 0, 0, 0),
                        _ => throw new ArgumentOutOfRangeException(nameof(leaf)),
                    }
            )
        );

    [Theory]
    [InlineData("Features\t: fp asimd i8mm bf16 sve", true)]
    [InlineData("Features\t: fp asimd svebf16", false)]
    [InlineData("Model name: bf16", false)]
    public void Linux_says_it_of_arm(string line, bool has) => Assert.Equal(has, ProcessorTypes.OfArm(["processor : 0", line]));

    [Fact]
    public void This_processor_is_what_the_system_says()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux lists what a processor has.");
        string words = File.ReadAllText("/proc/cpuinfo");
        Assert.Equal(
            words.Contains("avx512_bf16", StringComparison.Ordinal)
                || words.Contains("amx_bf16", StringComparison.Ordinal)
                || ProcessorTypes.OfArm(words.Split('\n')),
            ProcessorTypes.HasBfloat16
        );
    }
}
