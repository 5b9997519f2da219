using MogaSharp.Cpu.Planning;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Tests.Engine;

public sealed class PlanCacheTests : IDisposable
{
    private static readonly Shape Known = new(1, 3, 8, 8),
        Slow = new(1, 3, 9, 9),
        Wrong = new(1, 4, 8, 8);

    private readonly ManualResetEventSlim _begun = new(),
        _goOn = new();
    private readonly PlanCache _plans;
    private int _compiled;

    public PlanCacheTests() => _plans = new PlanCache(Compile);

    public void Dispose()
    {
        _begun.Dispose();
        _goOn.Dispose();
    }

    [Fact]
    public async Task A_plan_that_is_being_compiled_holds_up_only_those_who_ask_for_it()
    {
        CompiledPlan known = _plans.Find([Known]);
        Task<CompiledPlan>[] waiting = [.. Enumerable.Range(0, 3).Select(_ => OnThread(() => _plans.Find([Slow])))];
        _begun.Wait(TestContext.Current.CancellationToken);
        Assert.Same(known, _plans.Find([Known]));
        CompiledPlan other = _plans.Find([Known, Known]);
        Assert.Same(other, _plans.Find([Known, Known]));
        Assert.All(waiting, task => Assert.False(task.IsCompleted));
        _goOn.Set();
        CompiledPlan[] slow = await Task.WhenAll(waiting);
        Assert.All(slow, plan => Assert.Same(slow[0], plan));
        Assert.Equal(3, _compiled);
    }

    [Fact]
    public void Shapes_that_do_not_fit_push_nothing_out_and_are_tried_again()
    {
        CompiledPlan known = _plans.Find([Known]);
        for (int i = 0; i <= PlanCache.MaxPlans; i++)
            Assert.Throws<GraphException>(() => _plans.Find([Wrong]));
        Assert.Equal(PlanCache.MaxPlans + 2, _compiled);
        Assert.Equal(1, _plans.Count);
        Assert.Same(known, _plans.Find([Known]));
    }

    [Fact]
    public void The_least_recent_plan_goes_first_and_with_it_what_it_needs()
    {
        CompiledPlan first = _plans.Find([new Shape(1, 3, 1000, 1)]),
            second = _plans.Find([new Shape(1, 3, 1, 1)]);
        for (int i = 2; i < PlanCache.MaxPlans; i++)
            _plans.Find([new Shape(1, 3, i, 2)]);
        Assert.Equal((PlanCache.MaxPlans, 1000), (_plans.Count, _plans.MaxMemoryBytes));
        Assert.Same(second, _plans.Find([new Shape(1, 3, 1, 1)]));
        _plans.Find([new Shape(1, 3, 40, 3)]);
        Assert.Equal((PlanCache.MaxPlans, 40), (_plans.Count, _plans.MaxMemoryBytes));
        Assert.Same(second, _plans.Find([new Shape(1, 3, 1, 1)]));
        Assert.NotSame(first, _plans.Find([new Shape(1, 3, 1000, 1)]));
    }

    private static Task<T> OnThread<T>(Func<T> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private CompiledPlan Compile(Shape[] shapes)
    {
        Interlocked.Increment(ref _compiled);
        if (shapes[0] == Wrong)
            throw new GraphException("wrong");
        if (shapes[0] == Slow)
        {
            _begun.Set();
            _goOn.Wait();
        }

        return new CompiledPlan(new Plan([], slackFloats: 16), shapes, shapes[0][2]);
    }
}
