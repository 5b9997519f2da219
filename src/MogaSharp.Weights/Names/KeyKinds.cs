namespace MogaSharp.Weights;

/// <summary>What the keys of a checkpoint, and the prefixes of names, say about the tensors under them.</summary>
internal static class KeyKinds
{
    /// <summary>Where weights usually lie, the most usual first; the last is the top level.</summary>
    public static readonly string[] Usual =
    [
        "state_dict",
        "model",
        "model_state_dict",
        "net",
        "network",
        "weights",
        "params",
        "model_state",
        "module",
        "state",
        "model/state_dict",
        "net/state_dict",
        "",
    ];

    private static readonly HashSet<string> Wrappers =
    [
        "module",
        "model",
        "net",
        "network",
        "backbone",
        "encoder",
        "method",
        "generator",
        "classifier",
        "_model",
        "_module",
        "_forward_module",
    ];

    // Not under these, even where the names and shapes are the network's: gradients and the averages that optimizers keep.
    private static readonly string[] OptimizerWords = ["optim", "grad", "momentum", "exp_avg", "velocity", "scheduler", "scaler", "master"];

    private static readonly string[] AverageWords = ["ema", "swa", "averaged", "average", "avg", "shadow"];

    /// <summary>Whether a key leads to an optimizer's state or gradients.</summary>
    public static bool IsOptimizer(string key) =>
        Array.Exists(OptimizerWords, word => key.Contains(word, StringComparison.OrdinalIgnoreCase)) || key.Split('/').Contains("opt");

    /// <summary>Whether a key, or a prefix of names, leads to a moving average.</summary>
    public static bool IsAverage(string key) =>
        key.Split('/', '.', '_').Any(word => AverageWords.Contains(word, StringComparer.OrdinalIgnoreCase));

    /// <summary>Whether a prefix is one that training tools put before all names.</summary>
    public static bool IsWrapper(string prefix) => prefix.Split('.', StringSplitOptions.RemoveEmptyEntries).All(Wrappers.Contains);

    /// <summary>Where a key stands among the usual ones; <see cref="int.MaxValue"/> for another.</summary>
    public static int Rank(string key)
    {
        int place = Array.IndexOf(Usual, key);
        return place < 0 ? int.MaxValue : place;
    }
}
