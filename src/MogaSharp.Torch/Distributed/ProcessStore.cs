using System.Text;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <summary>A connection to the store that all processes of a group see: texts and counters under keys. One thread at a time.</summary>
internal sealed class ProcessStore : IDisposable
{
    private const int MaxBytes = 4096;

    private ProcessStore(StoreHandle handle, int port) => (Handle, Port) = (handle, port);

    public StoreHandle Handle { get; }

    public int Port { get; }

    /// <exception cref="ProcessGroupException">The port is taken, or the master does not answer.</exception>
    public static ProcessStore Connect(ProcessGroupOptions options, bool serve)
    {
        try
        {
            Shim.Check(
                Shim.StoreCreate(
                    options.MasterAddress,
                    options.MasterPort,
                    serve ? 1 : 0,
                    (long)options.JoinTimeout.TotalMilliseconds,
                    options.Prefix,
                    out StoreHandle handle,
                    out int port
                )
            );
            return new ProcessStore(handle, port);
        }
        catch (TorchException e) when (serve && e.Message.Contains("in use", StringComparison.OrdinalIgnoreCase))
        {
            throw new ProcessGroupException(
                $"Rank 0 cannot serve on port {options.MasterPort}: another program uses it. Give another MASTER_PORT to all processes.",
                e
            );
        }
        catch (TorchException e) when (serve)
        {
            throw new ProcessGroupException($"Rank 0 cannot serve on port {options.MasterPort}: {FirstLine(e)}", e);
        }
        catch (TorchException e)
        {
            throw new ProcessGroupException(
                $"Rank {options.Rank} cannot reach the master at {options.MasterAddress}:{options.MasterPort} (MASTER_ADDR, "
                    + $"MASTER_PORT); it was tried for {Seconds(options.JoinTimeout)}. {FirstLine(e)}",
                e
            );
        }
    }

    public long Add(string key, long delta)
    {
        Shim.Check(Shim.StoreAdd(Handle, key, delta, out long value));
        return value;
    }

    public void Set(string key, string text) => Shim.Check(Shim.StoreSet(Handle, key, text));

    public unsafe string? Get(string key)
    {
        byte* buffer = stackalloc byte[MaxBytes];
        Shim.Check(Shim.StoreGet(Handle, key, buffer, MaxBytes, out long length));
        return length < 0 ? null : Encoding.UTF8.GetString(buffer, (int)Math.Min(length, MaxBytes));
    }

    public void Dispose() => Handle.Dispose();

    public static string Seconds(TimeSpan time) =>
        time.TotalSeconds < 120 ? $"{time.TotalSeconds:0.#} s" : $"{time.TotalMinutes:0.#} minutes";

    private static string FirstLine(TorchException e) => e.Message.Split('\n')[0];
}
