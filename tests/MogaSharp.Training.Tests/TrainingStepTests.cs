using System.Globalization;
using System.Runtime.InteropServices;
using MogaSharp.Graph;
using MogaSharp.Torch;

namespace MogaSharp.Training.Tests;

/// <summary>Alone, as the memory of the whole process is measured.</summary>
[CollectionDefinition(nameof(TrainingStepTests), DisableParallelization = true)]
public sealed class TrainingStepCollection;

/// <summary>What the recipe's options about how to compute do to a step, where the weights do not tell.</summary>
[Collection(nameof(TrainingStepTests))]
public sealed class TrainingStepTests
{
    private static readonly TrainingRecipe Recipe = SmallRun.Recipe with { AccumulationSteps = 1 };

    private delegate int TrimMemory(nint padding);

    public TrainingStepTests() => SmallRun.RequireTorch();

    // Channels last is the CPU's default.
    [Theory]
    [InlineData(null, true)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void Weights_lie_as_the_recipe_says(bool? channelsLast, bool expected)
    {
        using TrainingStep step = Step(Recipe with { ChannelsLast = channelsLast });
        using var scope = new TorchScope();
        Assert.Equal(expected, step.Network["patch_embed1.projection.0.weight"].IsChannelsLast);
        Assert.Equal(expected, step.Average!["patch_embed1.projection.0.weight"].IsChannelsLast);
    }

    // What is computed again need not be kept: of this network's values more than half.
    [Fact]
    public void Activation_checkpointing_takes_half_the_memory()
    {
        Assert.SkipUnless(File.Exists("/proc/self/clear_refs"), "Peaks of memory are measured by Linux alone.");
        long plain = PeakOfAnUpdate(checkpointing: false),
            sparse = PeakOfAnUpdate(checkpointing: true);
        Assert.True(sparse * 2 < plain, $"{sparse} KiB with checkpointing, {plain} without");
    }

    // KiB beyond what was there before.
    private static long PeakOfAnUpdate(bool checkpointing)
    {
        using TrainingStep step = Step(Recipe with { ActivationCheckpointing = checkpointing });
        TrainingBatch batch = RandomBatches.Images(SmallRun.Card, new Shape(16, 3, 192, 192), new Random(1));
        // What the runtime and libtorch need once.
        step.Update([RandomBatches.Images(SmallRun.Card, new Shape(2, 3, 32, 32), new Random(1))], 1e-3, 1);
        // What earlier tests freed would be used again without being seen.
        Marshal.GetDelegateForFunctionPointer<TrimMemory>(NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "malloc_trim"))(0);
        File.WriteAllText("/proc/self/clear_refs", "5");
        long before = Status("VmRSS");
        Assert.False(step.Update([batch], 1e-3, 2).Skipped);
        return Status("VmHWM") - before;
    }

    private static long Status(string field)
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(field + ":", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
    }

    private static TrainingStep Step(TrainingRecipe recipe) =>
        new(Trainer.BuildGraph(SmallRun.Card, recipe), SmallRun.Card.Options, SmallRun.Weights(recipe), recipe, TorchDevice.Cpu);
}
