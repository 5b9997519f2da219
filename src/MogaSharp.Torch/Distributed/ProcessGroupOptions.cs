using System.Globalization;

namespace MogaSharp.Torch;

/// <summary>Which process of how many this is, and how it finds the others.</summary>
/// <param name="Rank">Its number, from 0.</param>
/// <param name="Size">The number of processes.</param>
/// <param name="MasterAddress">Name or address of the machine of rank 0, or of the launcher where that serves the store.</param>
/// <param name="MasterPort">The port of the store there, 1 to 65535.</param>
public sealed record ProcessGroupOptions(int Rank, int Size, string MasterAddress, int MasterPort)
{
    /// <summary>The number of the process on its machine, which decides its CUDA device; null when unknown.</summary>
    public int? LocalRank { get; init; }

    /// <summary>The number of processes on this machine; null when unknown.</summary>
    public int? LocalSize { get; init; }

    /// <summary>How long to wait for the master and for all processes to come.</summary>
    public TimeSpan JoinTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A process that gives no sign of life for so long counts as dead. Signs are given by a thread of their own, whatever the
    /// process computes.</summary>
    public TimeSpan PeerTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long one exchange of data may take among living processes.</summary>
    public TimeSpan CollectiveTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>The network interface for gloo; null for the one by which the master is reached.</summary>
    public string? NetworkInterface { get; init; }

    /// <summary>True where a launcher serves the store (torchrun), so that rank 0 does not.</summary>
    public bool IsStoreServed { get; init; }

    /// <summary>Put before all keys in the store, so that one store can serve several attempts.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>
    /// Reads the variables of torchrun: RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT, LOCAL_RANK, LOCAL_WORLD_SIZE, and gloo's
    /// GLOO_SOCKET_IFNAME.
    /// </summary>
    /// <param name="read">Gives the value of a variable, or null; the process's environment when null.</param>
    /// <returns>The options; null when neither RANK nor WORLD_SIZE is set, or when there is one process only.</returns>
    /// <exception cref="ProcessGroupException">A variable is missing or has no meaning.</exception>
    public static ProcessGroupOptions? FromEnvironment(Func<string, string?>? read = null)
    {
        read ??= Environment.GetEnvironmentVariable;
        if (Text("RANK") is null && Text("WORLD_SIZE") is null)
            return null;
        int size = Number("WORLD_SIZE", 1, int.MaxValue),
            rank = Number("RANK", 0, int.MaxValue);
        if (rank >= size)
            throw new ProcessGroupException($"RANK is {rank}, but with a WORLD_SIZE of {size} it is at most {size - 1}.");
        if (size == 1)
            return null;
        bool served = Text("TORCHELASTIC_USE_AGENT_STORE") == "True";
        return new ProcessGroupOptions(rank, size, Text("MASTER_ADDR") ?? throw Missing("MASTER_ADDR"), Number("MASTER_PORT", 1, 65535))
        {
            LocalRank = Text("LOCAL_RANK") is null ? null : Number("LOCAL_RANK", 0, int.MaxValue),
            LocalSize = Text("LOCAL_WORLD_SIZE") is null ? null : Number("LOCAL_WORLD_SIZE", 1, int.MaxValue),
            NetworkInterface = Text("GLOO_SOCKET_IFNAME"),
            IsStoreServed = served,
            Prefix = served ? $"moga/{Text("TORCHELASTIC_RESTART_COUNT") ?? "0"}" : "",
        };

        string? Text(string name) => read(name) is { Length: > 0 } text ? text : null;

        int Number(string name, int least, int most)
        {
            string text = Text(name) ?? throw Missing(name);
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most)
                return number;
            throw new ProcessGroupException(
                $"{name} is '{text}', which is not a whole number {(most == int.MaxValue ? $"from {least}" : $"from {least} to {most}")}."
            );
        }

        ProcessGroupException Missing(string name) =>
            new(
                $"{(Text("RANK") is null ? "WORLD_SIZE" : "RANK")} is set, but {name} is not. Several processes need RANK, "
                    + "WORLD_SIZE, MASTER_ADDR and MASTER_PORT (and LOCAL_RANK with CUDA), as torchrun sets them; for one process unset "
                    + "RANK and WORLD_SIZE."
            );
    }
}
