using System.Net;
using System.Net.Sockets;

namespace MogaSharp.Torch.Tests;

/// <summary>
/// Several ranks in one process, each on a thread of its own: to c10d they are processes, since nothing but sockets is between them.
/// </summary>
internal static class Ranks
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static void Require() =>
        Assert.SkipUnless(
            TorchRuntime.IsAvailable && TorchProcessGroup.IsSupported(TorchDevice.Cpu),
            TorchRuntime.IsAvailable ? "the shim was built without c10d" : TorchRuntime.Unavailability
        );

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Runs a body on all ranks and asserts that no native tensor outlives them.</summary>
    public static T[] Run<T>(int size, Func<TorchProcessGroup, T> body)
    {
        Require();
        long before = TorchRuntime.LiveTensors;
        int port = FreePort();
        T[] results = Start(
            size,
            rank =>
            {
                var options = new ProcessGroupOptions(rank, size, "127.0.0.1", port)
                {
                    JoinTimeout = TimeSpan.FromSeconds(20),
                    PeerTimeout = TimeSpan.FromSeconds(10),
                };
                using var group = TorchProcessGroup.Connect(options, TorchDevice.Cpu);
                using var scope = new TorchScope();
                try
                {
                    return body(group);
                }
                catch (Exception e)
                {
                    group.Fail(e.Message);
                    throw;
                }
            }
        );
        Assert.Equal(before, TorchRuntime.LiveTensors);
        return results;
    }

    public static void Run(int size, Action<TorchProcessGroup> body) =>
        Run(
            size,
            group =>
            {
                body(group);
                return 0;
            }
        );

    /// <summary>Runs a body on a thread for each rank; the first failure of any is thrown.</summary>
    public static T[] Start<T>(int size, Func<int, T> body)
    {
        int threads = TorchRuntime.Threads;
        TorchRuntime.Threads = 1;
        try
        {
            Task<T>[] ranks =
            [
                .. Enumerable
                    .Range(0, size)
                    .Select(rank =>
                        Task.Factory.StartNew(
                            () => body(rank),
                            CancellationToken.None,
                            TaskCreationOptions.LongRunning,
                            TaskScheduler.Default
                        )
                    ),
            ];
            Assert.True(Task.WhenAll(ranks).ContinueWith(_ => { }, TaskScheduler.Default).Wait(Limit), "the ranks hang");
            if (Array.Find(ranks, rank => rank.Exception is not null) is { } failed)
                throw new InvalidOperationException(
                    string.Join("\n---\n", ranks.Select(rank => rank.Exception?.ToString() ?? "well")),
                    failed.Exception!.InnerException
                );
            return [.. ranks.Select(rank => rank.Result)];
        }
        finally
        {
            TorchRuntime.Threads = threads;
        }
    }
}
