using MogaSharp.Cpu.Planning;
using MogaSharp.Cpu.Steps;
using MogaSharp.Cpu.Tests.Support;
using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Cpu.Tests.Engine;

public sealed class CancellationTests
{
    private static readonly GraphCase Net = GraphCase.Create(
        new MogaNetOptions { Arch = MogaNetArch.Parse("small"), NumClasses = 10 }
            .CreateDefinition()
            .Build(new Shape(1, 3, 64, 64))
    );

    [Fact]
    public void A_cancelled_token_ends_a_run_before_it_begins()
    {
        using var engine = new CpuEngine(new(Threads: 2));
        using CpuSession session = engine.CreateSession(Net.Graph, Net.Weights);
        Tensor[] outputs = session.CreateOutputs(Net.Inputs[0].Shape);
        Assert.Throws<OperationCanceledException>(() => session.Run(Net.Inputs, outputs, new CancellationToken(canceled: true)));
        Assert.All(outputs[0].Data, x => Assert.Equal(0, x));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_token_cancelled_between_runs_of_a_loop_ends_it_and_the_next_run_is_right(int threads)
    {
        using var engine = new CpuEngine(new(threads));
        using CpuSession session = engine.CreateSession(Net.Graph, Net.Weights);
        Tensor[] expected = Net.Run(session);
        Tensor[] outputs = session.CreateOutputs(Net.Inputs[0].Shape);
        using var source = new CancellationTokenSource();
        using var begun = new ManualResetEventSlim();
        var canceller = new Thread(() =>
        {
            begun.Wait();
            source.Cancel();
        });
        canceller.Start();
        OperationCanceledException e = Assert.Throws<OperationCanceledException>(RunForEver);
        canceller.Join();
        Assert.Equal(source.Token, e.CancellationToken);
        session.Run(Net.Inputs, outputs, TestContext.Current.CancellationToken);
        Assert.Equal(expected[0].Data, outputs[0].Data);

        void RunForEver()
        {
            while (true)
            {
                begun.Set();
                session.Run(Net.Inputs, outputs, source.Token);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_run_ends_with_the_step_in_which_it_is_cancelled(int threads)
    {
        using var pool = new WorkerPool(threads);
        using var source = new CancellationTokenSource();
        int after = 0;
        Step[] steps =
        [
            new LoopStep("before", 10, Plan.SerialWork, [], (_, _) => { }),
            new LoopStep("cancels", 1, 1, [], (_, _) => source.Cancel()),
            new LoopStep("after", 10, Plan.SerialWork, [], (_, _) => Interlocked.Increment(ref after)),
        ];
        var plan = new Plan(steps, slackFloats: 16);
        Assert.Throws<OperationCanceledException>(() => Run(source.Token));
        Assert.Equal(0, after);

        unsafe void Run(CancellationToken token)
        {
            using var memory = new GuardedMemory(plan.MemoryBytes(threads) / sizeof(float));
            pool.Run(plan, new Frame(pool.Threads) { Arena = memory.Data }, token);
        }
    }
}
