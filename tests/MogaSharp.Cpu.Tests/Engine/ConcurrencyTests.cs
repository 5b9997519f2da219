using MogaSharp.Cpu.Planning;
using MogaSharp.Cpu.Steps;
using MogaSharp.Cpu.Tests.Support;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;

namespace MogaSharp.Cpu.Tests.Engine;

public sealed class ConcurrencyTests
{
    private static readonly GraphCase Net = GraphCase.Create((
            new MogaNetOptions()
            {
                Arch = new([16, 24], [1, 1], [4, 2]),
                PatchEmbeds = [PatchEmbedKind.ConvEmbed, PatchEmbedKind.Conv],
                NumClasses = 5,
            }
        ).CreateDefinition().Build(new Shape(1, 3, 32, 32), ModelOutputs.All));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Many_callers_with_more_shapes_than_plans_are_kept_get_their_own_results(int threads)
    {
        using var engine = new CpuEngine(new(threads));
        using CpuSession session = engine.CreateSession(Net.Graph, Net.Weights);
        GraphCase[] cases =
        [
            .. Enumerable
                .Range(0, 12)
                .Select(i => Net with { Inputs = [FormulaWeights.Input(new Shape(1 + (i % 3), 3, 16 + (2 * i), 40 - i), $"{i}")] }),
        ];
        float[][][] alone = [.. cases.Select(c => Data(c.Run(session)))];
        foreach ((GraphCase c, float[][] expected) in cases.Zip(alone))
            ErrorModel.AssertClose(c, c.Reference(), expected.Select(x => Array.ConvertAll(x, y => (double)y)));

        var failures = new System.Collections.Concurrent.ConcurrentQueue<Exception>();
        Thread[] callers = [.. Enumerable.Range(0, 8).Select(caller => new Thread(() => Call(caller)))];
        foreach (Thread caller in callers)
            caller.Start();
        foreach (Thread caller in callers)
            caller.Join();
        Assert.Empty(failures);

        void Call(int caller)
        {
            try
            {
                for (int i = 0; i < 40; i++)
                {
                    int which = (caller + (i * (1 + (caller % 3)))) % cases.Length;
                    Assert.Equal(alone[which], Data(cases[which].Run(session)));
                }
            }
            catch (Exception e)
            {
                failures.Enqueue(e);
            }
        }
    }

    [Fact]
    public void Sessions_of_one_engine_run_at_the_same_time()
    {
        using var engine = new CpuEngine(new(Threads: 3));
        GraphCase[] cases = [.. Enumerable.Range(0, 6).Select(i => RandomMogaNet.Create(80_000 + i))];
        CpuSession[] sessions = [.. cases.Select(c => engine.CreateSession(c.Graph, c.Weights))];
        float[][][] alone = [.. cases.Zip(sessions, (c, session) => Data(c.Run(session)))];
        Parallel.For(
            0,
            120,
            new ParallelOptions { MaxDegreeOfParallelism = 6 },
            i => Assert.Equal(alone[i % 6], Data(cases[i % 6].Run(sessions[i % 6])))
        );
        foreach (CpuSession session in sessions)
            session.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void What_a_step_throws_reaches_the_caller_and_the_pool_goes_on(int threads)
    {
        using var pool = new WorkerPool(threads);
        int done = 0;
        bool fails = true;
        var counting = new LoopStep(
            "count",
            100,
            Plan.SerialWork,
            [],
            (_, item) =>
            {
                if (fails && item == 57)
                    throw new InvalidTimeZoneException("57");
                Interlocked.Increment(ref done);
            }
        );
        var after = new LoopStep("after", 10, Plan.SerialWork, [], (_, _) => Interlocked.Add(ref done, 1000));
        var plan = new Plan([counting, after], slackFloats: 16);
        Assert.Equal("57", Assert.Throws<InvalidTimeZoneException>(() => Run()).Message);
        Assert.InRange(done, 0, 99);
        (fails, done) = (false, 0);
        Run();
        Assert.Equal(100 + 10_000, done);

        unsafe void Run()
        {
            using var memory = new GuardedMemory(plan.MemoryBytes(threads) / sizeof(float));
            pool.Run(plan, new Frame(pool.Threads) { Arena = memory.Data }, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public void Every_item_is_done_once_and_steps_wait_for_each_other()
    {
        using var pool = new WorkerPool(4);
        const int Items = 1000,
            Steps = 20;
        var counts = new int[Steps][];
        int early = 0;
        var steps = new List<Step>();
        for (int s = 0; s < Steps; s++)
        {
            int step = s;
            counts[s] = new int[Items];
            steps.Add(
                new LoopStep(
                    "step",
                    Items,
                    s % 3 == 0 ? 1 : Plan.SerialWork,
                    [],
                    (_, item) =>
                    {
                        if (step > 0 && Volatile.Read(ref counts[step - 1][Items - 1 - item]) == 0)
                            Interlocked.Increment(ref early);
                        Interlocked.Increment(ref counts[step][item]);
                    }
                )
            );
        }

        var plan = new Plan(steps, slackFloats: 16);
        for (int run = 1; run <= 20; run++)
        {
            Run();
            Assert.All(counts, items => Assert.All(items, count => Assert.Equal(1, count)));
            foreach (int[] items in counts)
                Array.Clear(items);
        }

        Assert.Equal(0, early);

        unsafe void Run()
        {
            using var memory = new GuardedMemory(plan.MemoryBytes(threads: 4) / sizeof(float));
            pool.Run(plan, new Frame(pool.Threads) { Arena = memory.Data }, TestContext.Current.CancellationToken);
        }
    }

    private static float[][] Data(Tensor[] tensors) => [.. tensors.Select(tensor => tensor.Data)];
}
