using System.Diagnostics;
using MogaSharp.Imaging;
using MogaSharp.Testing;
using MogaSharp.Torch;

namespace MogaSharp.Extensions.Tests;

/// <summary>The sample program, run as a user runs it.</summary>
public sealed class QuickstartTests : IDisposable
{
    private static readonly string Configuration = AppContext.BaseDirectory.Contains("/Debug/", StringComparison.Ordinal)
        ? "Debug"
        : "Release";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_trains_evaluates_and_classifies()
    {
        Assert.SkipUnless(TorchRuntime.IsAvailable, TorchRuntime.Unavailability);
        // Dark images and bright ones.
        foreach (string part in new[] { "train", "val" })
        {
            for (int i = 0; i < 24; i++)
            {
                string name = i % 2 == 0 ? "dark" : "bright";
                Directory.CreateDirectory(_folder.File($"data/{part}/{name}"));
                byte[] pixels = new byte[40 * 40 * 3];
                new Random(i).NextBytes(pixels);
                for (int at = 0; at < pixels.Length; at++)
                    pixels[at] = (byte)((pixels[at] / 4) + (i % 2 * 150));
                new RgbImage(40, 40, pixels).SavePng(_folder.File($"data/{part}/{name}/{i}.png"));
            }
        }

        string image = _folder.File("data/val/bright/1.png");
        (int code, string output, string errors) = await RunAsync(
            $"folder:{_folder.File("data")}",
            _folder.File("run"),
            image,
            _folder.File("none.png")
        );
        Assert.True(code == 0, errors);
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("training moganet_xtiny on 24 images, 2 classes", lines[0]);
        Assert.StartsWith("epoch 2: loss ", lines[2], StringComparison.Ordinal);
        Assert.StartsWith("top1: ", lines[4], StringComparison.Ordinal);
        Assert.Matches($"^{image}: (dark|bright)$", lines[^2]);
        Assert.StartsWith(_folder.File("none.png") + ": ", lines[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("dark", lines[^1], StringComparison.Ordinal);
        Assert.True(File.Exists(_folder.File("run/model/card.json")));
    }

    [Fact]
    public async Task It_says_what_is_wrong()
    {
        Assert.Equal(2, (await RunAsync()).Code);
        (int code, _, string errors) = await RunAsync("folder:/nowhere", _folder.File("run"));
        Assert.Equal(2, code);
        Assert.Contains("/nowhere", errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("run")));
    }

    private static async Task<(int Code, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        string program = Path.Combine(Repository.Root, "samples", "quickstart", "bin", Configuration, "net10.0", "Quickstart.dll");
        var start = new ProcessStartInfo("dotnet", [program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken),
            errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await errors);
    }
}
