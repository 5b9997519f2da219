using System.Diagnostics;
using MogaSharp.Cpu;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Testing;

namespace MogaSharp.Tasks.Tests;

/// <summary>What a detector keeps of the images that it has seen. Alone in the process, since all of its memory is measured.</summary>
[CollectionDefinition(nameof(DetectorMemoryTests), DisableParallelization = true)]
[Collection(nameof(DetectorMemoryTests))]
public sealed class DetectorMemoryTests
{
    private const int Images = 500,
        Sizes = 200;

    [Fact]
    public void Images_of_many_sizes_take_no_more_memory_with_time()
    {
        using var engine = new CpuEngine(new(Threads: 2));
        using ObjectDetector detector = Create(engine);
        var random = new Random(1);
        RgbImage[] images = [.. Enumerable.Range(0, Sizes).Select(i => Image(random, 24 + (i % 20 * 5), 24 + (i / 20 * 11)))];
        Assert.Equal(Sizes, images.Select(image => (image.Width, image.Height)).Distinct().Count());
        int shapes = images.Select(image => detector.Preparation.Prepare(image, "image").Inputs[0].Shape).Distinct().Count();
        Assert.InRange(shapes, 100, Sizes);
        int found = 0;
        // All sizes have come once: plans for all shapes were made, and those that are not kept are gone.
        Search(0, Sizes);
        (long managed, long all) = Memory();
        Search(Sizes, Images);
        (long managedNow, long allNow) = Memory();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{shapes} shapes, {found} things; managed {managed >> 10} KiB, then {managedNow >> 10}; process {all >> 20} MiB, then "
                + $"{allNow >> 20}"
        );
        Assert.True(found > Images);
        Assert.InRange(managedNow - managed, long.MinValue, 2 << 20);
        Assert.InRange(allNow - all, long.MinValue, 48 << 20);

        void Search(int first, int end)
        {
            for (int i = first; i < end; i++)
                found += detector.Predict(images[i % Sizes], TestContext.Current.CancellationToken).Objects.Length;
        }
    }

    private static ObjectDetector Create(CpuEngine engine)
    {
        var card = new ModelCard
        {
            Name = "small",
            Options = new MaskRcnnOptions
            {
                Backbone = new MogaNetOptions { Arch = new MogaNetArch([8, 8, 16, 16], [1, 1, 1, 1], [4, 4, 2, 2]) },
                NumClasses = 3,
                NeckChannels = 8,
                ProposalChannels = 8,
                BoxFeatures = 16,
                MaskConvs = 1,
                MaskChannels = 8,
            },
            Labels = ["one", "two", "three"],
            Preprocess = new PreprocessCard
            {
                Width = 128,
                Height = 128,
                Crop = 1,
                Mode = ResizeMode.Fit,
                // Nearly each size is a shape of its own.
                SizeDivisor = 1,
                IsPadded = true,
                Filter = ResizeFilter.PlainBilinear,
            },
        };
        LoadedModel model = LoadedModel.Create(card, FormulaWeights.Create(card.CreateDefinition().Build(card.InputShape()).Parameters));
        return new ObjectDetector(model, new DetectionInference { MaxDetections = 5 }, engine);
    }

    private static RgbImage Image(Random random, int width, int height)
    {
        byte[] pixels = new byte[width * height * 3];
        random.NextBytes(pixels);
        return new RgbImage(width, height, pixels);
    }

    private static (long Managed, long Process) Memory()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        using var process = Process.GetCurrentProcess();
        return (GC.GetTotalMemory(forceFullCollection: true), process.PrivateMemorySize64);
    }
}
