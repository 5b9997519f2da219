using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <summary>
/// Processes that train together, on one machine or many, by PyTorch's c10d: gloo on the CPU, NCCL on CUDA. Everything that
/// exchanges data is called by all ranks in the same order. A process that dies or fails ends the others' calls with a
/// <see cref="ProcessGroupException"/> that names it.
/// </summary>
public sealed unsafe partial class TorchProcessGroup : IDisposable
{
    private readonly ProcessGroupOptions _options;
    private readonly ProcessStore _store;
    private readonly PeerWatch _watch;
    private readonly string[] _names;
    private readonly GroupHandle _handle;
    private bool _broken;
    private bool _disposed;

    private TorchProcessGroup(ProcessGroupOptions options, TorchDevice device)
    {
        _options = options;
        Device = device;
        _store = ProcessStore.Connect(options, serve: options.Rank == 0 && !options.IsStoreServed);
        PeerWatch? watch = null;
        try
        {
            // With a port of 0 the store has chosen one.
            _options = options with
            {
                MasterPort = _store.Port,
            };
            (_names, string address) = Rendezvous();
            _watch = watch = new PeerWatch(
                _options,
                ProcessStore.Connect(_options, serve: false),
                _names,
                verdict => PeerLost?.Invoke(verdict)
            );
            int status = Shim.GroupCreate(
                _store.Handle,
                options.Rank,
                options.Size,
                device.Index,
                (long)options.CollectiveTimeout.TotalMilliseconds,
                options.NetworkInterface ?? "",
                address,
                out _handle
            );
            Check(status);
        }
        catch
        {
            watch?.Dispose();
            _store.Dispose();
            throw;
        }
    }

    /// <summary>The number of this process, from 0.</summary>
    public int Rank => _options.Rank;

    /// <summary>The number of processes, at least 2.</summary>
    public int Size => _options.Size;

    /// <summary>Where tensors lie that are exchanged.</summary>
    public TorchDevice Device { get; }

    /// <summary>Who is lost and why, for people; null while all are well.</summary>
    public string? Loss => _watch.Verdict;

    /// <summary>
    /// Another process is dead or has failed; the text names it. Raised once, on a thread of the group. A call in progress may not
    /// come back before <see cref="ProcessGroupOptions.CollectiveTimeout"/> where a network has gone silent, so that a program which
    /// has nothing else to do should end.
    /// </summary>
    public event Action<string>? PeerLost;

    internal GroupHandle Handle => _handle;

    /// <summary>Whether several processes can be used on a device: gloo for the CPU, NCCL for CUDA.</summary>
    /// <exception cref="TorchUnavailableException">libtorch is not there.</exception>
    public static bool IsSupported(TorchDevice device)
    {
        TorchLibrary.Require();
        return (Shim.GroupBackends() & (device.IsCuda ? 2 : 1)) != 0;
    }

    /// <summary>Meets the other processes; returns when all have come.</summary>
    /// <param name="options">Who this is; at least 2 processes.</param>
    /// <param name="device">Where tensors lie that are exchanged; on CUDA each process on a machine has its own device.</param>
    /// <exception cref="ProcessGroupException">The master cannot be reached, a rank is missing or there twice, or the shim has no
    /// c10d.</exception>
    /// <exception cref="TorchUnavailableException">libtorch is not there.</exception>
    public static TorchProcessGroup Connect(ProcessGroupOptions options, TorchDevice device)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Size, 2);
        ArgumentOutOfRangeException.ThrowIfNegative(options.Rank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(options.Rank, options.Size);
        if (!IsSupported(device))
        {
            throw new ProcessGroupException(
                device.IsCuda
                    ? "Several processes on CUDA need NCCL, and the shim over libtorch was built without it: it needs a libtorch "
                        + "with NCCL, and the headers of NCCL and CUDA."
                    : "The shim over libtorch was built without c10d. 'sudo apt-get install -y libgloo-dev', then '.ci/native' in "
                        + "the repository builds it anew."
            );
        }

        return new TorchProcessGroup(options, device);
    }

    /// <summary>Tells the other processes why this one ends, so that they need not find out. Best before <see cref="Dispose"/>.</summary>
    /// <param name="reason">Why, for people.</param>
    public void Fail(string reason)
    {
        _broken = true;
        try
        {
            PeerWatch.Tell(_store, $"{_names[Rank]} failed: {reason}");
        }
        catch (TorchException)
        {
            // Whoever would hear it is gone.
        }
    }

    /// <summary>What an exception of libtorch's means: who is lost, where an exchange of data failed because of it.</summary>
    /// <param name="exception">What a call threw that may have exchanged data, such as a backward pass.</param>
    /// <returns>An exception that names the rank; the given one where it has another cause.</returns>
    public Exception Explain(TorchException exception)
    {
        bool exchange = new[] { "gloo", "nccl", "c10d", "connection", "socket", "timed out", "broken pipe" }.Any(word =>
            exception.Message.Contains(word, StringComparison.OrdinalIgnoreCase)
        );
        if (!exchange && Loss is null)
            return exception;
        _broken = true;
        return _watch.Wait() is { } verdict
            ? new ProcessGroupException($"The training cannot go on: {verdict}.", exception)
            : new ProcessGroupException($"The processes could not exchange data: {exception.Message.Split('\n')[0]}", exception);
    }

    /// <summary>Leaves the group. Rank 0 waits for the others to leave, for a while.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        if (_broken || Loss is not null)
        {
            _handle.Abandon();
            // The verdict stays to be read by those who have not seen it yet.
            if (Rank == 0 && !_options.IsStoreServed)
                Thread.Sleep(TimeSpan.FromSeconds(Math.Min(3, _options.PeerTimeout.TotalSeconds / 4)));
        }
        else
        {
            try
            {
                _watch.Leave(_store);
            }
            catch (TorchException)
            {
                // The store went first.
            }
        }

        _watch.Dispose();
        _handle.Dispose();
        _store.Dispose();
    }

    /// <summary>Stops giving signs of life, as a process that hangs or is cut off; for tests.</summary>
    internal void Silence() => _watch.Dispose();

    private void Check(int status)
    {
        try
        {
            Shim.Check(status);
        }
        catch (TorchException e)
        {
            Exception explained = Explain(e);
            if (explained != e)
                throw explained;
            throw;
        }
    }

    private (string[] Names, string Address) Rendezvous()
    {
        try
        {
            return Join();
        }
        catch (TorchException e)
        {
            throw new ProcessGroupException(
                $"The master at {_options.MasterAddress}:{_options.MasterPort} went away before all processes had come; it says why.",
                e
            );
        }
    }

    // Everybody counts himself, so that those who wait can say who is missing.
    private (string[] Names, string Address) Join()
    {
        string address = OwnAddress();
        if (_store.Add($"came/{Rank}", 1) > 1)
            throw new ProcessGroupException(
                $"There is more than one process with RANK {Rank}, or the store at {_options.MasterAddress}:{_options.MasterPort} has "
                    + "served another run."
            );
        string host = Dns.GetHostName();
        _store.Set($"who/{Rank}", $"rank {Rank} (process {Environment.ProcessId} on {host})");
        _store.Set($"host/{Rank}", host);
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            int[] missing = [.. Enumerable.Range(0, Size).Where(rank => _store.Get($"host/{rank}") is null)];
            if (missing.Length == 0)
                break;
            if (Stopwatch.GetElapsedTime(start) > _options.JoinTimeout)
            {
                string who = missing.Length == 1 ? $"rank {missing[0]} has" : $"ranks {string.Join(", ", missing)} have";
                throw new ProcessGroupException(
                    $"Of {Size} processes {who} not come within {ProcessStore.Seconds(_options.JoinTimeout)}. Each needs the same "
                        + "MASTER_ADDR, MASTER_PORT and WORLD_SIZE, and its own RANK."
                );
            }

            Thread.Sleep(missing.Length > 16 ? 200 : 20);
        }

        string[] names = [.. Enumerable.Range(0, Size).Select(rank => _store.Get($"who/{rank}")!)];
        bool elsewhere = Enumerable.Range(0, Size).Any(rank => _store.Get($"host/{rank}") != host);
        return (names, elsewhere && IPAddress.IsLoopback(IPAddress.Parse(address)) ? OuterAddress() ?? address : address);
    }

    // The address from which the master is reached: the one on the right network where a machine has several.
    private string OwnAddress()
    {
        try
        {
            using var socket = new UdpClient(_options.MasterAddress, _options.MasterPort);
            return ((IPEndPoint)socket.Client.LocalEndPoint!).Address is { IsIPv4MappedToIPv6: false } address
                ? address.ToString()
                : IPAddress.Loopback.ToString();
        }
        catch (SocketException)
        {
            return IPAddress.Loopback.ToString();
        }
    }

    // Many systems give the machine's own name a loopback address, where no other machine can connect to.
    private static string? OuterAddress() =>
        NetworkInterface
            .GetAllNetworkInterfaces()
            .Where(network => network.OperationalStatus == OperationalStatus.Up)
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address))
            ?.ToString();
}
