using System.Text.RegularExpressions;

namespace MogaSharp.Cli.Tests;

/// <summary>Every command on a terminal.</summary>
public sealed class TerminalTests : IAsyncDisposable
{
    private readonly TerminalFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Theory]
    [InlineData("classify")]
    [InlineData("eval")]
    [InlineData("eval video")]
    [InlineData("eval segmentation")]
    [InlineData("eval pose")]
    [InlineData("explain cam")]
    [InlineData("explain receptive-field")]
    [InlineData("segment")]
    [InlineData("pose")]
    [InlineData("detect")]
    [InlineData("forward")]
    [InlineData("models")]
    [InlineData("info")]
    [InlineData("plan")]
    [InlineData("profile")]
    [InlineData("pull")]
    [InlineData("inspect")]
    [InlineData("convert")]
    [InlineData("export")]
    [InlineData("export detector")]
    [InlineData("bench")]
    [InlineData("predict")]
    [InlineData("data check")]
    [InlineData("explain interactions")]
    [InlineData("explain occlusion")]
    public async Task Commands_leave_their_lines_on_the_screen_and_nothing_else(string command)
    {
        (string[] arguments, string row) = _fixture.Of(command);
        (int code, Screen screen) = await PseudoTerminal.RunAsync(new(), _fixture.Cache, arguments);
        Assert.True(code == 0, screen.Transcript);
        Assert.Contains(screen.Rows, shown => Regex.IsMatch(shown, row));
        CheckLeft(screen);
    }

    [Fact]
    public async Task A_failure_leaves_its_line_and_no_bar()
    {
        (string[] arguments, string row) = _fixture.Of("data");
        (int code, Screen screen) = await PseudoTerminal.RunAsync(new(), _fixture.Cache, arguments);
        Assert.True(code == 1 && screen.BarsSeen > 0, screen.Transcript);
        Assert.Matches(row, screen.Rows[0]);
        CheckLeft(screen);
    }

    [Theory]
    [InlineData("classify", 20)]
    [InlineData("classify", 40)]
    [InlineData("classify", 80)]
    [InlineData("classify", 200)]
    [InlineData("eval", 3)]
    [InlineData("eval", 40)]
    [InlineData("eval", 80)]
    [InlineData("eval video", 40)]
    [InlineData("eval video", 200)]
    [InlineData("data check", 30)]
    [InlineData("pull", 20)]
    [InlineData("pull", 40)]
    [InlineData("pull", 80)]
    public async Task A_bar_takes_one_row_of_any_terminal(string command, int columns)
    {
        (string[] arguments, _) = _fixture.Of(command);
        // What stdout is makes no difference to the bar on stderr.
        string results = _fixture.Folder.File("results");
        (int code, Screen screen) = await PseudoTerminal.RunAsync(
            new()
            {
                Columns = columns,
                OutputFile = results,
                NoColor = true,
            },
            _fixture.Cache,
            arguments
        );
        Assert.True(code == 0, screen.Transcript);
        Assert.Contains(
            columns < 10 ? "\r\e[K"
                : command == "classify" ? "Class"
                : command == "pull" ? "Down"
                : command == "data check" ? "Check"
                : "Eval",
            screen.Transcript,
            StringComparison.Ordinal
        );
        Assert.Equal((true, columns < 10 || screen.MaxBars == 1), (screen.WrappedBars.Count == 0, columns < 10 || screen.BarsSeen > 0));
        Assert.DoesNotContain('\e', await File.ReadAllTextAsync(results, TestContext.Current.CancellationToken));
        Assert.Equal(command == "pull" ? 1 : 0, screen.Rows.Length > 0 ? 1 : 0);
        CheckLeft(screen);
    }

    [Theory]
    [InlineData("classify")]
    [InlineData("pull")]
    [InlineData("models")]
    [InlineData("eval")]
    public async Task A_terminal_that_cannot_erase_gets_plain_lines(string command)
    {
        (string[] arguments, string row) = _fixture.Of(command);
        (int code, Screen screen) = await PseudoTerminal.RunAsync(new() { Name = "dumb" }, _fixture.Cache, arguments);
        Assert.True(code == 0, screen.Transcript);
        Assert.DoesNotContain('\e', screen.Transcript);
        Assert.DoesNotContain('\r', screen.Transcript.Replace("\r\n", "\n", StringComparison.Ordinal));
        Assert.Contains(screen.Rows, shown => Regex.IsMatch(shown, row));
        CheckLeft(screen);
    }

    [Fact]
    public async Task Help_fits_the_terminal()
    {
        foreach (string command in new[] { "", "classify", "train", "eval", "bench", "convert" })
        {
            string[] arguments = command.Length > 0 ? [command, "--help"] : ["--help"];
            (int code, Screen screen) = await PseudoTerminal.RunAsync(new(), null, arguments);
            Assert.Equal(0, code);
            string[] description = [.. screen.Rows.TakeWhile(shown => !shown.StartsWith("Examples:", StringComparison.Ordinal))];
            Assert.All(description, shown => Assert.True(shown.Length <= 80, shown));
            // A second column that begins far to the right leaves single words in each row.
            Assert.True(description.Length < 90, $"{command}: {description.Length} rows");
            Assert.Equal(0, screen.Colors);
        }

        foreach (int columns in new[] { 2, 20 })
            Assert.Equal(0, (await PseudoTerminal.RunAsync(new() { Columns = columns }, null, "classify", "--help")).ExitCode);
    }

    // No color, no hidden cursor, no mode that the shell would have to put back; the prompt begins a row.
    private static void CheckLeft(Screen screen)
    {
        Assert.True(screen.IsCursorVisible);
        Assert.Equal((0, 0), (screen.Colors, screen.Column));
        Assert.Empty(screen.OtherCodes);
        Assert.DoesNotContain("?25", screen.Transcript, StringComparison.Ordinal);
        Assert.True(screen.MaxBars <= 1, screen.Transcript);
        Assert.Empty(screen.WrappedBars);
        Assert.DoesNotContain(screen.Rows, shown => Regex.IsMatch(shown, @"^\[[#.]+\]|^(Classifying|Evaluating|Downloading)"));
    }
}
