namespace MogaSharp.Cpu.Tests.Support;

/// <summary>How many random cases a run takes: twenty times as many with <c>MOGA_LONG_TESTS=1</c>.</summary>
internal static class Seeds
{
    public static bool IsLong { get; } = Environment.GetEnvironmentVariable("MOGA_LONG_TESTS") == "1";

    /// <summary>Seeds from 0 on.</summary>
    public static TheoryData<int> Up(int count) => [.. Enumerable.Range(0, IsLong ? 20 * count : count)];
}
