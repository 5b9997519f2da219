using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>Classes of the last map: features (N, C), pooled as the family does it, and a fully connected layer over them.</summary>
public sealed record ClassifierHead : IHead
{
    /// <summary>The output with classes, (N, classes).</summary>
    public const string Logits = "logits";

    /// <summary>The output without classes, (N, C).</summary>
    public const string Features = "features";

    /// <summary>Makes (N, C) of the last map (N, C, H, W).</summary>
    public required Func<Scope, Value, Value> Pool { get; init; }

    /// <summary>The fully connected layer's official name.</summary>
    public required string Name { get; init; }

    /// <summary>Classes; 0 for the features alone.</summary>
    public required int NumClasses { get; init; }

    /// <summary>Factor on the fresh layer's weights.</summary>
    public double InitialScale { get; init; } = 1;

    /// <inheritdoc/>
    public IReadOnlyList<GraphOutput> Build(Scope net, IReadOnlyList<Value> features)
    {
        Value pooled = Pool(net, features[^1]);
        if (NumClasses == 0)
            return [new(Features, pooled)];
        string[] path = Name.Split('.');
        foreach (string module in path[..^1])
            net = net[module];
        return [new(Logits, net.Linear(path[^1], pooled, NumClasses, InitialScale))];
    }
}
