using System.Diagnostics;
using System.Globalization;
using MogaSharp.Graph;
using MogaSharp.Testing;
using MogaSharp.Torch;

namespace MogaSharp.Training.Tests;

/// <summary>What the recipe's options about how to compute do to a step, where the weights do not tell.</summary>
public sealed class TrainingStepTests
{
    private static readonly TrainingRecipe Recipe = SmallRun.Recipe with { AccumulationSteps = 1 };

    private const string Asked = "MOGA_TEST_MEMORY_OF",
        Answer = "MOGA_TEST_ANSWER";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

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

    // What is computed again need not be kept. The stem's maps, most of what this small network has, are kept all the same, so an eighth
    // is saved; two processes of the same kind differ by a hundredth.
    [Fact]
    public async Task Activation_checkpointing_takes_less_memory()
    {
        Assert.SkipUnless(File.Exists("/proc/self/clear_refs"), "Peaks of memory are measured by Linux alone.");
        if (Environment.GetEnvironmentVariable(Asked)?.Split(' ') is [var checkpointing, var images])
        {
            string peak = PeakOfAnUpdate(checkpointing == bool.TrueString, int.Parse(images, CultureInfo.InvariantCulture))
                .ToString(CultureInfo.InvariantCulture);
            await File.WriteAllTextAsync(Environment.GetEnvironmentVariable(Answer)!, peak, Token);
            return;
        }

        long plain = await GrowthAsync(checkpointing: false),
            sparse = await GrowthAsync(checkpointing: true);
        Assert.True(sparse > 0 && sparse < 0.95 * plain, $"{sparse} KiB with checkpointing, {plain} without");
    }

    // What more images cost, as the first update of a process also pays for what libraries need once.
    private static async Task<long> GrowthAsync(bool checkpointing) =>
        await PeakOfAnUpdateAloneAsync(checkpointing, 64) - await PeakOfAnUpdateAloneAsync(checkpointing, 8);

    // In a process of its own, as blocks that earlier updates freed are kept and used again.
    private static async Task<long> PeakOfAnUpdateAloneAsync(bool checkpointing, int images)
    {
        using var folder = new TemporaryFolder();
        string method = $"{typeof(TrainingStepTests).FullName}.{nameof(Activation_checkpointing_takes_less_memory)}";
        var start = new ProcessStartInfo("dotnet", [typeof(TrainingStepTests).Assembly.Location, "-method", method, "-noColor"])
        {
            RedirectStandardOutput = true,
        };
        start.Environment[Asked] = $"{checkpointing} {images}";
        start.Environment[Answer] = folder.File("peak");
        using Process child = Process.Start(start)!;
        string output = await child.StandardOutput.ReadToEndAsync(Token);
        await child.WaitForExitAsync(Token);
        Assert.True(child.ExitCode == 0, output);
        return long.Parse(await File.ReadAllTextAsync(folder.File("peak"), Token), CultureInfo.InvariantCulture);
    }

    // KiB beyond what was there before.
    private static long PeakOfAnUpdate(bool checkpointing, int images)
    {
        using TrainingStep step = Step(Recipe with { ActivationCheckpointing = checkpointing });
        TrainingBatch batch = RandomBatches.Images(SmallRun.Card, new Shape(images, 3, 192, 192), new Random(1));
        // What the runtime and libtorch need once.
        step.Update([RandomBatches.Images(SmallRun.Card, new Shape(2, 3, 32, 32), new Random(1))], 1e-3, 1);
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
