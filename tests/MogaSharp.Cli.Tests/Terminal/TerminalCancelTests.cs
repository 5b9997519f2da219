using System.Text.Json;
using MogaSharp.Imaging;
using MogaSharp.Testing;

namespace MogaSharp.Cli.Tests;

/// <summary>The key Ctrl+C in the middle of long work.</summary>
public sealed class TerminalCancelTests : IAsyncDisposable
{
    private readonly TerminalFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Theory]
    [InlineData("eval")]
    [InlineData("pull")]
    [InlineData("bench")]
    public async Task Ctrl_C_leaves_one_line_and_no_bar(string command)
    {
        using PseudoTerminal terminal = PseudoTerminal.Start(new(), _fixture.Cache, Long(command));
        string sign = command switch
        {
            "bench" => "measured",
            "pull" => "50%",
            _ => "%",
        };
        await terminal.UntilAsync(screen => screen.Rows.Any(row => row.Contains(sign, StringComparison.Ordinal)));
        terminal.PressCtrlC();
        (int code, Screen screen) = await terminal.FinishAsync();
        Assert.True(code == 130, screen.Transcript);
        Assert.Equal((0, true, 0), (screen.Column, screen.IsCursorVisible, screen.WrappedBars.Count));
        // The terminal shows the key itself where the cursor is.
        string[] rows =
        [
            .. screen
                .Rows.Where(row => !row.StartsWith("measured ", StringComparison.Ordinal))
                .Select(row => row.Replace("^C", "", StringComparison.Ordinal)),
        ];
        Assert.Equal(["moga: Cancelled."], rows.Where(row => row.Length > 0));
        Assert.True(screen.MaxBars <= 1, screen.Transcript);
        // A half of the file has come.
        if (command == "pull")
            Assert.Matches(@"\r\[#+\.+\]  Downloading custom +50%", screen.Transcript);
    }

    [Fact]
    public async Task Ctrl_C_keeps_the_label_maps_that_are_done()
    {
        using var folder = new TemporaryFolder();
        string output = folder.File("maps"),
            results = folder.File("results.json"),
            photo = Repository.Fixture("imaging", "chelsea.png");
        string[] arguments = ["segment", "--model", DenseModels.WriteSegmentor(folder), "--output", output, "--json"];
        for (int i = 0; i < 300; i++)
            File.Copy(photo, folder.File($"{i:D3}.png"));
        using PseudoTerminal terminal = PseudoTerminal.Start(
            new() { OutputFile = results },
            _fixture.Cache,
            [.. arguments, Path.Combine(folder.FullName, "*.png")]
        );
        await terminal.UntilAsync(_ => Directory.Exists(output) && Directory.GetFiles(output).Length > 4);
        terminal.PressCtrlC();
        (int code, Screen screen) = await terminal.FinishAsync();
        Assert.True(code == 130, screen.Transcript);
        using var done = JsonDocument.Parse(await File.ReadAllTextAsync(results, TestContext.Current.CancellationToken));
        Assert.InRange(done.RootElement.GetArrayLength(), 2, 299);
        foreach (JsonElement image in done.RootElement.EnumerateArray())
            Assert.True(File.Exists(image.GetProperty("overlay").GetString()));
        // Nothing is half-written.
        foreach (string file in Directory.GetFiles(output))
            Assert.True(ImageDecoder.Load(file).Width >= 451, file);
    }

    private string[] Long(string command)
    {
        string card = Path.Combine(_fixture.Folder.FullName, "card.json");
        switch (command)
        {
            case "eval":
                byte[] labels = new byte[20_000];
                _fixture.Folder.File("t10k-images-idx3-ubyte", IdxWriter.Bytes([labels.Length, 2, 2], new byte[4 * labels.Length]));
                _fixture.Folder.File("t10k-labels-idx1-ubyte", IdxWriter.Bytes([labels.Length], labels));
                return ["eval", "--model", card, "--data", $"idx:{_fixture.Folder.FullName}", "--batch", "100"];
            case "pull":
                byte[] content = _fixture.Server.Content;
                _fixture.Server.Then(
                    async (_, stream) =>
                    {
                        await TestServer.SendAsync(
                            stream,
                            "200 OK",
                            _fixture.Server.Version,
                            content.AsMemory(0, content.Length / 4),
                            content.Length
                        );
                        await Task.Delay(300, _fixture.Server.Stopped);
                        await stream.WriteAsync(content.AsMemory(content.Length / 4, content.Length / 4), _fixture.Server.Stopped);
                        await Task.Delay(-1, _fixture.Server.Stopped);
                    }
                );
                return ["pull", _fixture.RemoteCard];
            default:
                return
                [
                    "bench",
                    card,
                    "--size",
                    "8",
                    "--seconds",
                    "1",
                    "--batch",
                    .. Enumerable.Range(1, 1000).Select(batch => $"{batch}"),
                ];
        }
    }
}
