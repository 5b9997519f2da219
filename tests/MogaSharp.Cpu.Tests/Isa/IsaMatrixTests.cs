using System.Diagnostics;
using System.Globalization;
using System.Runtime.Intrinsics.X86;
using System.Text.RegularExpressions;

namespace MogaSharp.Cpu.Tests.Isa;

/// <summary>
/// Runs the tests of kernels, plans and the engine once more in processes from which instruction sets are withheld. The child
/// also asserts the vector width that its engine chose, so that a switch without effect is found out.
/// </summary>
public sealed partial class IsaMatrixTests
{
    public static TheoryData<string, string, int> Settings
    {
        get
        {
            var data = new TheoryData<string, string, int>();
            if (Avx512F.IsSupported)
                data.Add("without AVX-512", "DOTNET_EnableAVX512", 8);
            if (Avx2.IsSupported)
                data.Add("without AVX2", "DOTNET_EnableAVX2", 4);
            data.Add("without any", "DOTNET_EnableHWIntrinsic", 4);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public async Task Kernels_and_engine_are_right(string setting, string variable, int lanes)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(IsaMatrixTests).Assembly.Location, "-trait", "Isa=Kernel", "-noColor"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[VectorLanesTests.Expected] = lanes.ToString(CultureInfo.InvariantCulture);
        start.Environment.Remove("MOGA_LONG_TESTS");
        start.Environment[variable] = "0";
        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await child.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken) + await errors;
        await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(child.ExitCode == 0, $"{setting}: exit code {child.ExitCode}\n{output}");
        Match summary = Summary().Match(output);
        Assert.True(summary.Success, output);
        int total = Count("total"),
            skipped = Count("skipped");
        Assert.True(total - skipped >= 50, $"{setting}: only {total - skipped} tests ran\n{output}");
        // Every test has its twins of other widths, and only those wider than the engine's own may be left out.
        int[] left =
        [
            .. SkippedWidth().Matches(output).Select(match => int.Parse(match.Groups["lanes"].Value, CultureInfo.InvariantCulture)),
        ];
        Assert.Equal(skipped, left.Length);
        Assert.All(left, width => Assert.True(width > lanes, $"{setting}: tests of {width} floats were left out"));
        TestContext.Current.TestOutputHelper?.WriteLine($"{setting}: {total} tests, {skipped} skipped");

        int Count(string group) => int.Parse(summary.Groups[group].Value, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"This processor has no vectors of (?<lanes>\d+) floats")]
    private static partial Regex SkippedWidth();

    [GeneratedRegex(@"Total: (?<total>\d+), Errors: 0, Failed: 0, Skipped: (?<skipped>\d+)")]
    private static partial Regex Summary();
}
