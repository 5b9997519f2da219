using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Cli;

/// <summary>What a command line of <c>moga train</c> asks for.</summary>
internal sealed record TrainRequest
{
    public string? Model { get; init; }

    /// <summary>The task that the command line names; null to take the model's.</summary>
    public ModelTask? Task { get; init; }

    public string? Data { get; init; }

    public string? Output { get; init; }

    public bool Resume { get; init; }

    public string? Init { get; init; }

    public bool Ema { get; init; }

    public string? Preset { get; init; }

    public string? Recipe { get; init; }

    /// <summary>Options of the model that the command line changes.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> ModelChanges { get; init; } = [];

    /// <summary>Fields of the recipe that the command line changes.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Changes { get; init; } = [];

    public string? Device { get; init; }

    /// <summary>Processes to start on this machine.</summary>
    public int Processes { get; init; } = 1;

    public TimeSpan JoinTimeout { get; init; }

    public TimeSpan PeerTimeout { get; init; }

    public int Workers { get; init; }

    public int Threads { get; init; }

    public int LogEvery { get; init; } = 50;

    public int SaveEvery { get; init; }

    public int KeepEvery { get; init; }

    public long? StopAfter { get; init; }

    public DType Type { get; init; }

    /// <summary>Whether the command line changes a field of the recipe.</summary>
    /// <param name="field">Its name in snake case.</param>
    public bool Sets(string field) => Changes.Any(change => change.Key.Trim().Replace('-', '_') == field);
}
