using System.Reflection;
using System.Runtime.InteropServices;
using MogaSharp.Testing;

namespace MogaSharp.Imaging.Tests;

/// <summary>What works, and what is said, on a machine without libvips: told by a process that cannot find it.</summary>
public sealed class WithoutLibvipsTests
{
    [Fact]
    public async Task A_process_without_libvips_passes_its_tests()
    {
        (string output, string errors) = await OwnProcess.RunAsync(typeof(InAProcessWithoutLibvips));
        Assert.Contains("Total: 3, Errors: 0, Failed: 0, Skipped: 0", output, StringComparison.Ordinal);
        Assert.Empty(errors);
    }

    /// <summary>Explicit: these run only in the process that the test above starts.</summary>
    public sealed class InAProcessWithoutLibvips
    {
        // NetVips keeps a resolver that is set before its own; its assembly, loaded by name, does nothing before something in it is used.
        static InAProcessWithoutLibvips() =>
            NativeLibrary.SetDllImportResolver(
                Assembly.Load("NetVips"),
                static (name, _, _) => throw new DllNotFoundException($"no {name} here")
            );

        [Fact(Explicit = true)]
        public void Decoding_says_where_it_comes_from()
        {
            for (int attempt = 0; attempt < 2; attempt++)
            {
                var missing = Assert.Throws<ImagingUnavailableException>(() => ImageDecoder.Load(Fixtures.At("rocket.jpg")));
                Assert.StartsWith(
                    $"The image library libvips could not be loaded on {RuntimeInformation.RuntimeIdentifier}.",
                    missing.Message,
                    StringComparison.Ordinal
                );
                Assert.Contains("Linux, macOS and Windows on x64 and Arm64", missing.Message, StringComparison.Ordinal);
            }
            Assert.Throws<ImagingUnavailableException>(() =>
                GifAnimation.Decode(Fixtures.Format("animated.gif"), cancellationToken: TestContext.Current.CancellationToken)
            );
            Assert.Throws<ImagingUnavailableException>(() => new RgbImage(1, 1, new byte[3]).SavePng("unused.png"));
            Assert.False(File.Exists("unused.png"));
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
            preprocessor.Process(fashion.Bytes("images").AsSpan(0, 784), 28, 28, PixelLayout.Gray, 0, input);
            Assert.Equal(-0.485f / 0.229f, input.Min(), 1e-6f);
        }
    }
}
