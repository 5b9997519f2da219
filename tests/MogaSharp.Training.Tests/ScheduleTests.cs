using System.Text.Json;
using MogaSharp.Testing;

namespace MogaSharp.Training.Tests;

/// <summary>Learning rates against timm's and PyTorch's own (tests/fixtures/training/make_schedules.py).</summary>
public sealed class ScheduleTests
{
    private static readonly JsonElement Fixture = JsonDocument
        .Parse(File.ReadAllText(Repository.Fixture("training", "schedules.json")))
        .RootElement;

    public static TheoryData<string> TimmCases =>
        [.. Fixture.GetProperty("timm").EnumerateArray().Select(row => row.GetProperty("name").GetString()!)];

    // MMCV's poly rate at an iteration, times the share of its linear warm-up (mmcv/runner/hooks/lr_updater.py).
    [Theory]
    [InlineData(80_000, 0.9, 0, 0)]
    [InlineData(160_000, 1.0, 1500, 1e-6)]
    public void Poly_rates_are_those_of_mmcv(int updates, double power, int warmup, double ratio)
    {
        const double Peak = 2e-4;
        var recipe = new TrainingRecipe
        {
            LearningRate = Peak,
            LearningRateBatch = 16,
            BatchSize = 16,
            Schedule = ScheduleKind.Poly,
            ScheduleUnit = ScheduleUnit.Update,
            Updates = updates,
            PolyPower = power,
            WarmupUpdates = warmup,
            WarmupLearningRate = Peak * ratio,
            MinLearningRate = 0,
        };
        LearningRateSchedule schedule = LearningRateSchedule.Create(recipe.Validated(), 1263);
        foreach (int at in new[] { 0, 1, 700, 1499, 1500, 1501, 40_000, updates - 1 })
        {
            double regular = Peak * Math.Pow(1 - ((double)at / updates), power);
            double share = at < warmup ? 1 - ((1 - ((double)at / warmup)) * (1 - ratio)) : 1;
            Assert.Equal(regular * share, schedule.RateAt(at), 1e-12);
        }

        Assert.Equal((updates + 1262) / 1263, recipe.TotalEpochs(1263));
        Assert.Equal(updates, recipe.TotalUpdates(1263));
    }

    [Fact]
    public void A_drop_comes_at_each_milestone()
    {
        TrainingRecipe recipe = RecipePresets.Find("coco-pose-210e");
        LearningRateSchedule schedule = LearningRateSchedule.Create(recipe, 100);
        Assert.Equal(1e-6, schedule.RateAt(0), 1e-15);
        Assert.Equal(1e-3, schedule.RateAt(500), 1e-12);
        Assert.Equal(1e-3, schedule.RateAt(16_999), 1e-12);
        Assert.Equal(1e-4, schedule.RateAt(17_000), 1e-12);
        Assert.Equal(1e-5, schedule.RateAt(20_000), 1e-12);
        Assert.Equal(21_000, recipe.TotalUpdates(100));
    }

    public static TheoryData<string> OneCycleCases =>
        [.. Fixture.GetProperty("one_cycle").EnumerateArray().Select(row => row.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(TimmCases))]
    public void Rates_are_those_of_timm(string name)
    {
        JsonElement row = Find("timm", name),
            options = row.GetProperty("options");
        double peak = row.GetProperty("lr").GetDouble();
        var warmup = new Warmup(Option(options, "warmup_t", 0), Option(options, "warmup_lr_init", 0));
        LearningRateSchedule schedule = options.TryGetProperty("decay_t", out _)
            ? new StepSchedule(peak, Option(options, "decay_t", 1), Option(options, "decay_rate", 1)) { Warmup = warmup }
            : new CosineSchedule(peak, Option(options, "t_initial", 1))
            {
                Minimum = Option(options, "lr_min", 0),
                Warmup = warmup,
                CycleFactor = Option(options, "cycle_mul", 1),
                CycleDecay = Option(options, "cycle_decay", 1),
                Cycles = (int)Option(options, "cycle_limit", 1),
            };
        foreach (
            (JsonElement time, JsonElement rate) in row.GetProperty("times").EnumerateArray().Zip(row.GetProperty("rates").EnumerateArray())
        )
            Close(rate.GetDouble(), schedule.RateAt(time.GetInt64()));
    }

    [Theory]
    [MemberData(nameof(OneCycleCases))]
    public void One_cycle_is_that_of_PyTorch(string name)
    {
        JsonElement row = Find("one_cycle", name),
            options = row.GetProperty("options");
        long steps = row.GetProperty("steps").GetInt64();
        var schedule = new OneCycleSchedule(row.GetProperty("lr").GetDouble(), steps)
        {
            RiseShare = Option(options, "pct_start", 0.3),
            StartDivisor = Option(options, "div_factor", 25),
            EndDivisor = Option(options, "final_div_factor", 1e4),
            IsLinear = options.TryGetProperty("anneal_strategy", out JsonElement strategy) && strategy.GetString() == "linear",
            HasThreePhases = options.TryGetProperty("three_phase", out JsonElement three) && three.GetBoolean(),
        };
        for (int i = 0; i < steps; i++)
        {
            Close(row.GetProperty("rates")[i].GetDouble(), schedule.RateAt(i));
            Close(row.GetProperty("momenta")[i].GetDouble(), schedule.MomentumAt(i)!.Value);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => schedule.RateAt(steps + 1));
    }

    [Fact]
    public void A_recipe_makes_its_schedule()
    {
        JsonElement row = Find("timm", "official_t");
        LearningRateSchedule schedule = LearningRateSchedule.Create(RecipePresets.Find("t"), 1251);
        foreach (
            (JsonElement time, JsonElement rate) in row.GetProperty("times").EnumerateArray().Zip(row.GetProperty("rates").EnumerateArray())
        )
            Close(rate.GetDouble(), schedule.RateAt(time.GetInt64()));
        Assert.Null(schedule.MomentumAt(3));

        // RSB A3 over 625 updates an epoch is the case "updates".
        LearningRateSchedule rsb = LearningRateSchedule.Create(RecipePresets.Find("rsb-a3"), 625);
        JsonElement updates = Find("timm", "updates");
        foreach (
            (JsonElement time, JsonElement rate) in updates
                .GetProperty("times")
                .EnumerateArray()
                .Zip(updates.GetProperty("rates").EnumerateArray())
        )
            Close(rate.GetDouble(), rsb.RateAt(time.GetInt64()));

        TrainingRecipe constant = RecipePresets.Find("t") with { Schedule = ScheduleKind.Constant, BatchSize = 256 };
        Assert.Equal(2.5e-4, LearningRateSchedule.Create(constant, 10).RateAt(123), 1e-18);
        var oneCycle = Assert.IsType<OneCycleSchedule>(
            LearningRateSchedule.Create(constant with { Schedule = ScheduleKind.OneCycle, ScheduleUnit = ScheduleUnit.Update }, 10)
        );
        Assert.Equal(3000, oneCycle.Length);
        var step = Assert.IsType<StepSchedule>(
            LearningRateSchedule.Create(constant with { Schedule = ScheduleKind.Step, ScheduleUnit = ScheduleUnit.Update }, 10)
        );
        Assert.Equal(1000, step.Interval);
    }

    private static void Close(double expected, double actual) =>
        Assert.True(Math.Abs(expected - actual) <= 1e-13 * Math.Max(1e-3, Math.Abs(expected)), $"{expected:R} and {actual:R}");

    private static JsonElement Find(string kind, string name) =>
        Fixture.GetProperty(kind).EnumerateArray().Single(row => row.GetProperty("name").GetString() == name);

    private static double Option(JsonElement options, string name, double otherwise) =>
        options.TryGetProperty(name, out JsonElement value) ? value.GetDouble() : otherwise;
}
