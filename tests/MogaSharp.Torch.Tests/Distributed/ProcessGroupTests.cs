using MogaSharp.Graph;

namespace MogaSharp.Torch.Tests;

/// <summary>Processes find each other, exchange data, and learn who is lost.</summary>
public sealed class ProcessGroupTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Ranks_exchange_tensors(int size) =>
        Ranks.Run(
            size,
            group =>
            {
                Assert.Equal(size, group.Size);
                TorchTensor Numbers(DType type) =>
                    TorchTensor.From<float>([1 + group.Rank, -group.Rank, 0.5f], new Shape(3)).To(type: type);
                float sum = Enumerable.Range(0, size).Sum();
                foreach (DType type in new[] { DType.Float32, DType.Float64 })
                {
                    Assert.Equal([sum + size, -sum, 0.5f * size], Reduced(Numbers(type), ReduceKind.Sum));
                    Assert.Equal([(sum + size) / size, -sum / size, 0.5f], Reduced(Numbers(type), ReduceKind.Mean));
                    Assert.Equal([size, 0, 0.5f], Reduced(Numbers(type), ReduceKind.Max));
                    Assert.Equal([1, 1 - size, 0.5f], Reduced(Numbers(type), ReduceKind.Min));
                }

                // Several tensors of different shapes, channels innermost, as one message.
                TorchTensor map = TorchTensor.Full(group.Rank, new Shape(2, 3, 4, 5)).To(channelsLast: true),
                    single = TorchTensor.Full(1, new Shape(1));
                group.AllReduce([map, single], ReduceKind.Sum);
                Assert.All(map.ToArray<float>(), value => Assert.Equal(sum, value));
                Assert.True(map.IsChannelsLast);
                Assert.Equal(size, single.Item());

                TorchTensor all = group.AllGather(TorchTensor.From<long>([group.Rank, 10 * group.Rank], new Shape(2)));
                Assert.Equal(Enumerable.Range(0, size).SelectMany(rank => new long[] { rank, 10 * rank }), all.ToArray<long>());
                Assert.Equal(new Shape(size, 2), all.Shape);

                TorchTensor floats = Numbers(DType.Float32),
                    whole = TorchTensor.Full(group.Rank, new Shape(4), DType.Int64);
                group.Broadcast([floats, whole], root: 1);
                Assert.Equal([2, -1, 0.5f], floats.ToArray<float>());
                Assert.All(whole.ToArray<long>(), value => Assert.Equal(1, value));
                Assert.Equal("from 0"u8.ToArray(), group.BroadcastBytes(group.Rank == 0 ? "from 0"u8 : []));
                Assert.Empty(group.BroadcastBytes([]));

                Assert.Equal([sum, size], group.AllReduce([group.Rank, 1], ReduceKind.Sum));
                Assert.True(group.Any(group.Rank == 1));
                Assert.False(group.Any(false));
                group.Barrier();
                Assert.Null(group.Loss);
                float[] Reduced(TorchTensor tensor, ReduceKind kind)
                {
                    group.AllReduce([tensor], kind);
                    return tensor.ToTensor().Data;
                }
            }
        );

    [Fact]
    public void Wrong_arguments_are_refused_before_anything_is_sent() =>
        Ranks.Run(
            2,
            group =>
            {
                TorchTensor whole = TorchTensor.Full(1, new Shape(2), DType.Int64),
                    floats = TorchTensor.Full(1, new Shape(2));
                Assert.Contains(
                    "not reduced together",
                    Assert.Throws<ArgumentException>(() => group.AllReduce([whole, floats], ReduceKind.Sum)).Message,
                    StringComparison.Ordinal
                );
                Assert.Contains(
                    "not of Int64",
                    Assert.Throws<ArgumentException>(() => group.AllReduce([whole], ReduceKind.Mean)).Message,
                    StringComparison.Ordinal
                );
                Assert.Throws<ArgumentOutOfRangeException>(() => group.Broadcast([floats], root: 2));
                group.Barrier();
            }
        );

    [Fact]
    public void A_rank_that_fails_tells_the_others_why()
    {
        Ranks.Require();
        int port = Ranks.FreePort();
        var heard = new string?[2];
        string[] messages = Ranks.Start(
            2,
            rank =>
            {
                using var group = TorchProcessGroup.Connect(Options(rank, 2, port), TorchDevice.Cpu);
                group.PeerLost += verdict => heard[rank] = verdict;
                group.Barrier();
                if (rank == 1)
                {
                    group.Fail("the disk is full");
                    return "";
                }

                return Assert.Throws<ProcessGroupException>(group.Barrier).Message;
            }
        );
        Assert.Matches(@"^The training cannot go on: rank 1 \(process \d+ on .+\) failed: the disk is full\.$", messages[0]);
        Assert.Contains("failed: the disk is full", heard[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_rank_without_signs_of_life_is_named(int silent)
    {
        Ranks.Require();
        int port = Ranks.FreePort();
        using var over = new ManualResetEventSlim();
        string[] messages = Ranks.Start(
            3,
            rank =>
            {
                // A group that is never disposed and whose watch is stopped is what a killed process leaves, but for its open sockets.
                var group = TorchProcessGroup.Connect(Options(rank, 3, port), TorchDevice.Cpu);
                group.Barrier();
                if (rank == silent)
                {
                    group.Silence();
                    over.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
                    group.Dispose();
                    return "";
                }

                var lost = new TaskCompletionSource<string>();
                group.PeerLost += lost.SetResult;
                string verdict = group.Loss ?? (lost.Task.Wait(TimeSpan.FromSeconds(20)) ? lost.Task.Result : "nobody");
                if (rank == 2)
                    over.Set();
                group.Dispose();
                return verdict;
            }
        );
        Assert.All(
            messages.Where((_, rank) => rank != silent),
            message => Assert.Contains($"rank {silent} (process ", message, StringComparison.Ordinal)
        );
        Assert.All(
            messages.Where((_, rank) => rank != silent),
            message => Assert.Contains("no sign of life for 2 s", message, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void A_port_in_use_is_an_error()
    {
        Ranks.Require();
        using var taken = new System.Net.Sockets.TcpListener(System.Net.IPAddress.IPv6Any, 0);
        taken.Server.DualMode = true;
        taken.Start();
        int port = ((System.Net.IPEndPoint)taken.LocalEndpoint).Port;
        Assert.Equal(
            $"Rank 0 cannot serve on port {port}: another program uses it. Give another MASTER_PORT to all processes.",
            Assert.Throws<ProcessGroupException>(() => TorchProcessGroup.Connect(Options(0, 2, port), TorchDevice.Cpu)).Message
        );
    }

    [Fact]
    public void An_unreachable_master_is_an_error()
    {
        Ranks.Require();
        int port = Ranks.FreePort();
        Assert.StartsWith(
            $"Rank 1 cannot reach the master at 127.0.0.1:{port} (MASTER_ADDR, MASTER_PORT); it was tried for 2 s.",
            Assert.Throws<ProcessGroupException>(() => TorchProcessGroup.Connect(Options(1, 2, port), TorchDevice.Cpu)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_rank_that_does_not_come_is_named()
    {
        Ranks.Require();
        int port = Ranks.FreePort();
        string[] messages = Ranks.Start(
            2,
            rank =>
                Assert.Throws<ProcessGroupException>(() => TorchProcessGroup.Connect(Options(2 * rank, 4, port), TorchDevice.Cpu)).Message
        );
        // Whoever is first to give up says who is missing; rank 2 may find the master gone by then.
        Assert.StartsWith("Of 4 processes ranks 1, 3 have not come within 2 s.", messages[0], StringComparison.Ordinal);
        Assert.Matches("^(Of 4 processes ranks 1, 3 have not come|The master at 127.0.0.1:.* went away before)", messages[1]);
    }

    [Fact]
    public void Two_processes_of_one_rank_are_an_error()
    {
        Ranks.Require();
        int port = Ranks.FreePort();
        string[] messages = Ranks.Start(
            3,
            rank =>
                Assert
                    .Throws<ProcessGroupException>(() => TorchProcessGroup.Connect(Options(Math.Min(rank, 1), 3, port), TorchDevice.Cpu))
                    .Message
        );
        Assert.Contains(
            messages[1..],
            message => message.StartsWith("There is more than one process with RANK 1,", StringComparison.Ordinal)
        );
    }

    // Rank 0 notices nothing; it hears of it from the other.
    [Fact]
    public void Parameters_that_differ_between_ranks_are_an_error()
    {
        Ranks.Require();
        int port = Ranks.FreePort();
        string[] messages = Ranks.Start(
            2,
            rank =>
            {
                using var group = TorchProcessGroup.Connect(Options(rank, 2, port), TorchDevice.Cpu);
                using var scope = new TorchScope();
                var builder = new GraphBuilder();
                ComputationGraph graph = builder.Build(
                    new GraphOutput("y", builder.Root.Linear("head", builder.Input("x", new Shape(1, 4)), 3 + rank))
                );
                using TorchNetwork network = Libtorch.Network(graph);
                Exception error = Assert.ThrowsAny<Exception>(() =>
                {
                    using var reducer = new GradientReducer(network, group);
                    group.Barrier();
                });
                group.Fail(error.Message);
                return error.Message;
            }
        );
        Assert.Contains("params[0] in this process with sizes [4, 4] appears not to match", messages[1], StringComparison.Ordinal);
        Assert.Contains("rank 1 (process ", messages[0], StringComparison.Ordinal);
    }

    private static ProcessGroupOptions Options(int rank, int size, int port) =>
        new(rank, size, "127.0.0.1", port)
        {
            JoinTimeout = TimeSpan.FromSeconds(2),
            PeerTimeout = TimeSpan.FromSeconds(2),
            CollectiveTimeout = TimeSpan.FromSeconds(3),
        };
}
