using System.Collections.Immutable;

namespace MogaSharp.Training;

/// <summary>
/// The learning rate over time. Stateless: time is what the caller counts, epochs or updates, from 0. A parameter group's own factor
/// (layer decay) multiplies the value.
/// </summary>
public abstract record LearningRateSchedule
{
    /// <summary>The learning rate at a time.</summary>
    /// <param name="time">Epochs or updates done, 0 or more.</param>
    public abstract double RateAt(long time);

    /// <summary>The momentum (SGD) or first beta (Adam) at a time; null to leave it as it is.</summary>
    /// <param name="time">Epochs or updates done, 0 or more.</param>
    public virtual double? MomentumAt(long time) => null;

    /// <summary>
    /// The schedule of a recipe, in its own unit: with <see cref="ScheduleUnit.Update"/> the times of the recipe are multiplied by
    /// the updates of an epoch, as timm does.
    /// </summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="updatesPerEpoch">Updates of one epoch, 1 or more.</param>
    public static LearningRateSchedule Create(TrainingRecipe recipe, long updatesPerEpoch)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(updatesPerEpoch, 1);
        double peak = recipe.ScaledLearningRate();
        double scale = recipe.ScheduleUnit == ScheduleUnit.Update ? updatesPerEpoch : 1;
        var warmup = new Warmup(recipe.WarmupUpdates ?? (recipe.WarmupEpochs * scale), recipe.WarmupLearningRate);
        return recipe.Schedule switch
        {
            ScheduleKind.Cosine => new CosineSchedule(peak, recipe.Epochs * scale) { Minimum = recipe.MinLearningRate, Warmup = warmup },
            ScheduleKind.Step when !recipe.Milestones.IsEmpty => new MilestoneSchedule(
                peak,
                [.. recipe.Milestones.Select(epoch => epoch * scale)],
                recipe.DecayRate
            )
            {
                Warmup = warmup,
            },
            ScheduleKind.Poly => new PolySchedule(peak, recipe.Updates ?? (recipe.Epochs * scale), recipe.PolyPower)
            {
                Minimum = recipe.MinLearningRate,
                Warmup = warmup,
            },
            ScheduleKind.Step => new StepSchedule(peak, recipe.DecayEpochs * scale, recipe.DecayRate) { Warmup = warmup },
            ScheduleKind.OneCycle => new OneCycleSchedule(peak, checked((long)(recipe.Epochs * scale)))
            {
                Momentum = recipe.CycleMomentum ? OneCycleSchedule.UsualMomentum : null,
            },
            ScheduleKind.Constant => new StepSchedule(peak, double.PositiveInfinity, 1) { Warmup = warmup },
            _ => throw new ArgumentOutOfRangeException(nameof(recipe)),
        };
    }
}

/// <summary>Linear growth at the start. It is part of the schedule's own time (timm's <c>warmup_prefix=False</c>): what follows does not
/// begin at its own start.</summary>
/// <param name="Length">Its length; 0 for none.</param>
/// <param name="Start">The learning rate at time 0.</param>
public readonly record struct Warmup(double Length, double Start)
{
    /// <summary>The rate during the warm-up; null after it.</summary>
    internal double? RateAt(double time, double peak) => time < Length ? Start + (time * ((peak - Start) / Length)) : null;
}

/// <summary>timm's cosine with restarts (<c>timm.scheduler.CosineLRScheduler</c>, Loshchilov and Hutter 2017); the minimum after the last
/// cycle.</summary>
/// <param name="Peak">The rate of the first cycle's start.</param>
/// <param name="Length">The first cycle's length, above 0.</param>
public sealed record CosineSchedule(double Peak, double Length) : LearningRateSchedule
{
    /// <summary>Where each cycle ends.</summary>
    public double Minimum { get; init; }

    /// <summary>Growth at the start.</summary>
    public Warmup Warmup { get; init; }

    /// <summary>Each cycle's length as a multiple of the one before.</summary>
    public double CycleFactor { get; init; } = 1;

    /// <summary>Each cycle's peak as a multiple of the one before.</summary>
    public double CycleDecay { get; init; } = 1;

    /// <summary>How many cycles there are.</summary>
    public int Cycles { get; init; } = 1;

    /// <inheritdoc/>
    public override double RateAt(long time)
    {
        if (Warmup.RateAt(time, Peak) is { } rate)
            return rate;
        (double cycle, double length, double passed) = Position(time);
        if (cycle >= Cycles)
            return Minimum;
        double peak = Peak * Math.Pow(CycleDecay, cycle);
        return Minimum + (0.5 * (peak - Minimum) * (1 + Math.Cos(Math.PI * passed / length)));
    }

    private (double Cycle, double Length, double Passed) Position(double time)
    {
        if (CycleFactor == 1)
        {
            double whole = Math.Floor(time / Length);
            return (whole, Length, time - (Length * whole));
        }

        // The lengths are a geometric series; its sum is solved for the number of terms.
        double cycle = Math.Floor(Math.Log(1 - (time / Length * (1 - CycleFactor)), CycleFactor));
        double power = Math.Pow(CycleFactor, cycle);
        return (cycle, power * Length, time - ((1 - power) / (1 - CycleFactor) * Length));
    }
}

/// <summary>A drop every so often (<c>timm.scheduler.StepLRScheduler</c>).</summary>
/// <param name="Peak">The rate after the warm-up.</param>
/// <param name="Interval">Time between two drops.</param>
/// <param name="Factor">Factor of each drop.</param>
public sealed record StepSchedule(double Peak, double Interval, double Factor) : LearningRateSchedule
{
    /// <summary>Growth at the start.</summary>
    public Warmup Warmup { get; init; }

    /// <inheritdoc/>
    public override double RateAt(long time) => Warmup.RateAt(time, Peak) ?? Peak * Math.Pow(Factor, Math.Floor(time / Interval));
}

/// <summary>A drop at each of some times (MMCV's <c>StepLrUpdaterHook</c> with a list of steps).</summary>
/// <param name="Peak">The rate after the warm-up.</param>
/// <param name="Times">When, in ascending order.</param>
/// <param name="Factor">Factor of each drop.</param>
public sealed record MilestoneSchedule(double Peak, ImmutableArray<double> Times, double Factor) : LearningRateSchedule
{
    /// <summary>Growth at the start.</summary>
    public Warmup Warmup { get; init; }

    /// <inheritdoc/>
    public override double RateAt(long time) =>
        Warmup.RateAt(time, Peak) ?? Peak * Math.Pow(Factor, Times.Count(milestone => time >= milestone));
}

/// <summary>Down to the minimum by a power of the time that is left (MMCV's <c>PolyLrUpdaterHook</c>); 1 is a straight line.</summary>
/// <param name="Peak">The rate at time 0, but for the warm-up.</param>
/// <param name="Length">The time of the minimum, above 0.</param>
/// <param name="Power">The power.</param>
public sealed record PolySchedule(double Peak, double Length, double Power) : LearningRateSchedule
{
    /// <summary>Where it ends.</summary>
    public double Minimum { get; init; }

    /// <summary>Growth at the start: a share of the rate that grows in a straight line, from that of its start in the peak to
    /// 1.</summary>
    public Warmup Warmup { get; init; }

    /// <inheritdoc/>
    public override double RateAt(long time)
    {
        double rate = ((Peak - Minimum) * Math.Pow(1 - Math.Min(1, time / Length), Power)) + Minimum;
        return time < Warmup.Length ? rate * (1 - ((1 - (time / Warmup.Length)) * (1 - (Warmup.Start / Peak)))) : rate;
    }
}

/// <summary>PyTorch's one-cycle policy (<c>torch.optim.lr_scheduler.OneCycleLR</c>, Smith and Topin 2017): up, down, and far down, by
/// updates.</summary>
/// <param name="Peak">The highest rate.</param>
/// <param name="Length">All updates, 1 or more.</param>
public sealed record OneCycleSchedule(double Peak, long Length) : LearningRateSchedule
{
    /// <summary>PyTorch's default of <see cref="Momentum"/>.</summary>
    public static (double Ends, double Peak) UsualMomentum => (0.95, 0.85);

    /// <summary>The share of the updates that the rate grows in, 0 to 1.</summary>
    public double RiseShare { get; init; } = 0.3;

    /// <summary>The first rate is the peak divided by this.</summary>
    public double StartDivisor { get; init; } = 25;

    /// <summary>The last rate is the first divided by this.</summary>
    public double EndDivisor { get; init; } = 1e4;

    /// <summary>Straight lines instead of half cosines.</summary>
    public bool IsLinear { get; init; }

    /// <summary>Come down to the first rate as fast as up, then on to the last.</summary>
    public bool HasThreePhases { get; init; }

    /// <summary>Momentum at the ends and at the peak, or null to leave it alone. PyTorch cycles it by default.</summary>
    public (double Ends, double Peak)? Momentum { get; init; } = UsualMomentum;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The time is past the end.</exception>
    public override double RateAt(long time)
    {
        double start = Peak / StartDivisor;
        return Between(time, start, Peak, start, start / EndDivisor);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The time is past the end.</exception>
    public override double? MomentumAt(long time) => Momentum is { } m ? Between(time, m.Ends, m.Peak, m.Ends, m.Ends) : null;

    private double Between(long time, double start, double peak, double middle, double end)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(time, Length);
        double rise = (RiseShare * Length) - 1,
            fall = (2 * RiseShare * Length) - 2,
            last = Length - 1;
        if (time <= rise)
            return Anneal(start, peak, time / rise);
        if (!HasThreePhases)
            return Anneal(peak, end, (time - rise) / (last - rise));
        return time <= fall ? Anneal(peak, middle, (time - rise) / (fall - rise)) : Anneal(middle, end, (time - fall) / (last - fall));
    }

    private double Anneal(double from, double to, double share) =>
        IsLinear ? ((to - from) * share) + from : to + ((from - to) / 2 * (Math.Cos(Math.PI * share) + 1));
}
