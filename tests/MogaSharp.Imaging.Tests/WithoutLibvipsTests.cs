using System.Diagnostics;
using MogaSharp.Testing;

namespace MogaSharp.Imaging.Tests;

/// <summary>What works, and what is said, on a machine without libvips: told by a process that cannot find it.</summary>
public sealed class WithoutLibvipsTests
{
    private const string Nowhere = "/nonexistent/libvips.so";

    [Fact]
    public async Task A_process_without_libvips_passes_its_tests()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["MOGA_LIBVIPS"] = Nowhere },
        };
        // Under "dotnet test" the process may be the dotnet host instead of the test program itself.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(typeof(WithoutLibvipsTests).Assembly.Location);
        foreach (string argument in new[] { "-class", typeof(InAProcessWithoutLibvips).FullName!, "-explicit", "only", "-noColor" })
            start.ArgumentList.Add(argument);
        using Process child = Process.Start(start)!;
        string output = await child.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(child.ExitCode == 0, output);
        Assert.Contains("Total: 3, Errors: 0, Failed: 0, Skipped: 0", output, StringComparison.Ordinal);
    }

    /// <summary>Explicit: these run only in the process that the test above starts.</summary>
    public sealed class InAProcessWithoutLibvips
    {
        [Fact(Explicit = true)]
        public void Decoding_says_how_to_install_it()
        {
            for (int attempt = 0; attempt < 2; attempt++)
            {
                var missing = Assert.Throws<ImagingUnavailableException>(() => ImageDecoder.Load(Fixtures.At("rocket.jpg")));
                Assert.Contains("apt-get install libvips42", missing.Message, StringComparison.Ordinal);
                Assert.Contains(Nowhere, missing.Message, StringComparison.Ordinal);
            }
            Assert.Throws<ImagingUnavailableException>(() => new RgbImage(1, 1, new byte[3]).SavePng("unused.png"));
        }

        [Fact(Explicit = true)]
        public void Bitmaps_are_decoded_all_the_same()
        {
            FixtureFile expected = Fixtures.Tensors("expected.safetensors");
            foreach (string file in Fixtures.FormatFiles.Where(file => file.EndsWith(".bmp", StringComparison.Ordinal)))
                AssertPixels.Equal(expected.Bytes(file), ImageDecoder.Load(Fixtures.At("formats", file)).Pixels);
        }

        [Fact(Explicit = true)]
        public void Pixels_in_memory_are_preprocessed_all_the_same()
        {
            FixtureFile fashion = Fixtures.Tensors("fashion.safetensors");
            byte[] resized = new byte[64 * 64];
            Resampler.Resize(fashion.Bytes("images").AsSpan(0, 784), 28, 28, 1, resized, 64, 64, ResizeFilter.Bicubic);
            AssertPixels.Equal(fashion.Bytes("resized").AsSpan(0, resized.Length), resized);
            var preprocessor = new Preprocessor(new PreprocessOptions(32, 32));
            float[] input = new float[preprocessor.InputLength];
            preprocessor.Process(fashion.Bytes("images").AsSpan(0, 784), 28, 28, PixelLayout.Grey, 0, input);
            Assert.Equal(-0.485f / 0.229f, input.Min(), 1e-6f);
        }
    }
}
