using System.Text.RegularExpressions;

namespace MogaSharp.Cli.Tests;

/// <summary>Training on a terminal.</summary>
public sealed class TerminalTrainTests : IDisposable
{
    private readonly TrainFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData(20)]
    [InlineData(40)]
    [InlineData(80)]
    [InlineData(200)]
    public async Task The_bar_takes_one_row_and_epochs_stand_above_it(int columns)
    {
        (int code, Screen screen) = await PseudoTerminal.RunAsync(new() { Columns = columns }, null, _fixture.Arguments());
        Assert.True(code == 0, screen.Transcript);
        Assert.True(screen.BarsSeen > 0);
        Assert.Equal((0, 0, 0, true), (screen.WrappedBars.Count, screen.Colors, screen.Column, screen.IsCursorVisible));
        Assert.Empty(screen.OtherCodes);
        // The last row drawn is erased, and three epochs are there, whole.
        Assert.Equal(3, screen.Rows.Count(row => Regex.IsMatch(row, @"^epoch \d  los")));
        Assert.DoesNotContain(screen.Rows, row => Regex.IsMatch(row, @"^\[[#.]+\]|^epoch \d/\d"));
        string all = string.Concat(screen.Rows);
        Assert.Contains(columns == 200 ? "/run/model" : "model", all, StringComparison.Ordinal);
        if (columns == 200)
            Assert.Equal(3, screen.Rows.Count(row => Regex.IsMatch(row, @"^epoch \d  loss \d\.\d{4}  eval loss .* s$")));
    }

    [Fact]
    public async Task A_terminal_that_cannot_erase_gets_lines()
    {
        (int code, Screen screen) = await PseudoTerminal.RunAsync(new() { Name = "dumb", Columns = 200 }, null, _fixture.Arguments());
        Assert.True(code == 0, screen.Transcript);
        Assert.DoesNotContain('\e', screen.Transcript);
        Assert.Equal(3, screen.Rows.Count(row => Regex.IsMatch(row, @"^epoch \d  loss .* s$")));
    }

    [Fact]
    public async Task Ctrl_C_writes_a_checkpoint_and_clears_the_bar()
    {
        using PseudoTerminal terminal = PseudoTerminal.Start(
            new() { Columns = 200 },
            null,
            _fixture.Arguments("--set", "epochs=1000", "--log-every", "1")
        );
        await terminal.UntilAsync(screen => screen.Rows.Count(row => Regex.IsMatch(row, @"^epoch \d+  loss")) >= 2);
        terminal.PressCtrlC();
        (int code, Screen screen) = await terminal.FinishAsync();
        Assert.Equal(130, code);
        Assert.Contains("to continue: moga train --resume --output", screen.Rows[^1], StringComparison.Ordinal);
        Assert.DoesNotContain(screen.Rows, row => Regex.IsMatch(row, @"^\[[#.]+\]|^epoch \d/\d"));
        Assert.Equal((0, true), (screen.Column, screen.IsCursorVisible));
        Assert.True(TrainFixture.UpdateOf(Path.Combine(_fixture.Run, "last.safetensors")) >= 18);
    }
}
