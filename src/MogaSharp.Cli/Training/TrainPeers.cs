using MogaSharp.Torch;

namespace MogaSharp.Cli;

/// <summary>This process's place among those of a training, its connection to them, and what it does when one is lost.</summary>
internal sealed class TrainPeers : IDisposable
{
    // Time for a call that fails because of a lost process to say so itself; one that hangs in a silent network never would.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stopping;
    private readonly int _onThisMachine;

    private TrainPeers(TorchProcessGroup group, ProcessGroupOptions options, CancellationToken cancellationToken)
    {
        Group = group;
        _onThisMachine = options.LocalSize ?? 1;
        _stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        group.PeerLost += verdict =>
            new Thread(() =>
            {
                Thread.Sleep(Grace);
                Environment.Exit(Report(verdict));
            })
            {
                IsBackground = true,
            }.Start();
    }

    public TorchProcessGroup Group { get; }

    /// <summary>Processes that share this machine's processors.</summary>
    public int OnThisMachine => _onThisMachine;

    /// <summary>Asks to stop, from wherever that comes.</summary>
    public CancellationToken Stopping => _stopping.Token;

    public static TrainPeers Connect(ProcessGroupOptions options, TrainRequest request, CancellationToken cancellationToken)
    {
        TorchDevice device = TrainRun.DeviceOf(request);
        if (device.IsCuda)
        {
            int index =
                options.LocalRank
                ?? throw new UsageException("LOCAL_RANK is missing; it says which CUDA device each process on a machine takes.");
            if (index >= TorchRuntime.CudaDeviceCount)
                throw new UsageException(
                    $"LOCAL_RANK is {index}, but this machine has {TorchRuntime.CudaDeviceCount} CUDA devices; start one process per "
                        + "device, or give --device cpu."
                );
            device = TorchDevice.Cuda(index);
        }

        options = options with { JoinTimeout = request.JoinTimeout, PeerTimeout = request.PeerTimeout };
        return new TrainPeers(TorchProcessGroup.Connect(options, device), options, cancellationToken);
    }

    /// <summary>Runs the training; the others hear why it failed, and a loss of another process ends it.</summary>
    public async Task<int> GuardAsync(Func<Task<int>> train)
    {
        try
        {
            return await train().ConfigureAwait(false);
        }
        catch (ProcessGroupException e)
        {
            return Report(e.Message);
        }
        catch (Exception e)
        {
            Group.Fail(Failure.Describe(e) ?? e.Message);
            throw;
        }
    }

    public void Dispose()
    {
        Group.Dispose();
        _stopping.Dispose();
    }

    // The launcher tells of the process that failed first; the others need not say it again.
    private static int Report(string loss)
    {
        if (TrainLauncher.IsChild)
            return ExitCode.PeerLost;
        return Failure.Report(
            $"{loss} The last checkpoint is good: start all processes again with --resume to continue.",
            ExitCode.PeerLost
        );
    }
}
