using System.Diagnostics;
using MogaSharp.Models;
using MogaSharp.Testing;

namespace MogaSharp.Cli.Tests;

/// <summary>Streams that do not take what is written, and a home that is not there.</summary>
public sealed class StreamTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestServer _server = new(File.ReadAllBytes(Fixtures.Checkpoint("b0_state_dict_small.pth")));

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("models", "> /dev/full", 1, "moga: Writing to stdout failed: No space left on device.\n")]
    [InlineData("models --json", "> /dev/full", 1, "moga: Writing to stdout failed: No space left on device.\n")]
    [InlineData("info tiny --layers", "> /dev/full", 1, "moga: Writing to stdout failed: No space left on device.\n")]
    [InlineData("classify $IMAGE -k 1", "> /dev/full", 1, "moga: Writing to stdout failed: No space left on device.\n")]
    [InlineData("models", "2> /dev/full > /dev/null", 0, "")]
    [InlineData("info nothing", "2> /dev/full", 2, "")]
    // Whoever has read enough is not told, and neither is the command.
    [InlineData("models", "| head -1 > /dev/null; (exit ${PIPESTATUS[0]})", 0, "")]
    [InlineData("info tiny --layers", "| head -1 > /dev/null; (exit ${PIPESTATUS[0]})", 0, "")]
    [InlineData("models --json", "| head -c 1 > /dev/null; (exit ${PIPESTATUS[0]})", 0, "")]
    public async Task A_stream_that_takes_nothing_is_handled(string arguments, string redirection, int code, string errors)
    {
        Outcome outcome = await ShellAsync($"IMAGE={Fixtures.Sample("bag_0018.png")}; {Moga.Shell} {arguments} {redirection}");
        Assert.Equal((code, errors.TrimEnd('\n'), ""), (outcome.ExitCode, string.Join('\n', outcome.ErrorLines), outcome.Output));
    }

    [Fact]
    public async Task The_cache_goes_to_a_home_that_is_not_there_yet()
    {
        string work = Directory.CreateDirectory(_folder.File("work")).FullName,
            home = _folder.File("nobody");
        string card = Fixtures.WriteModel(_folder, Fixtures.Small, source: new WeightsCard { Url = _server.Address.AbsoluteUri });
        string pull = $"cd {work}; unset MOGA_CACHE XDG_CACHE_HOME; {Moga.Shell} pull {card}";
        Assert.Equal($"{home}/.cache/mogasharp/model.pth\n", (await ShellAsync($"export HOME={home}; {pull}")).Succeeded().Output);
        (await ShellAsync($"export HOME=/dev/null/home; {pull}")).Failed(
            1,
            "The cache folder '/dev/null/home/.cache/mogasharp' cannot be made: "
        );
        (await ShellAsync($"export HOME=/dev/null/home; {pull}")).Failed(1, "Set MOGA_CACHE to a folder that can be written to");
        // Relative paths of the shared cache are not followed.
        Assert.StartsWith(
            home,
            (
                await ShellAsync(
                    $"export HOME={home}; "
                        + pull.Replace(
                            "unset MOGA_CACHE XDG_CACHE_HOME",
                            "unset MOGA_CACHE; export XDG_CACHE_HOME=here",
                            StringComparison.Ordinal
                        )
                )
            )
                .Succeeded()
                .Output,
            StringComparison.Ordinal
        );
        Assert.Empty(Directory.EnumerateFileSystemEntries(work));
    }

    private static async Task<Outcome> ShellAsync(string line)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the lines are bash's");
        using Process process = Moga.StartOther("bash", null, null, "-c", line);
        return await Moga.FinishAsync(process);
    }
}
