using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>What the classifiers' definitions have in common.</summary>
internal static class Classifiers
{
    /// <summary>Declares the input <c>input</c>.</summary>
    /// <exception cref="GraphException">The shape is none of pictures with these channels.</exception>
    public static Value Pictures(this GraphBuilder builder, Shape input, int channels)
    {
        if (input.Rank != 4 || input.Extents[1] != channels || input.ElementCount == 0)
            throw new GraphException($"The network takes pictures of shape (N, {channels}, H, W), it got {input}.");
        return builder.Input("input", input);
    }

    /// <summary>The outputs that were asked for, the head's first.</summary>
    public static ComputationGraph Build(this GraphBuilder builder, ModelOutputs outputs, IReadOnlyList<Value> stages, Func<KeyValuePair<string, Value>> head)
    {
        var results = new List<KeyValuePair<string, Value>>();
        if (outputs.HasFlag(ModelOutputs.Head)) results.Add(head());
        if (outputs.HasFlag(ModelOutputs.Stages)) results.AddRange(stages.Select((stage, i) => KeyValuePair.Create($"stage{i + 1}", stage)));
        return builder.Build([.. results]);
    }

    /// <summary>The last layer: <c>logits</c> (N, classes), or <c>features</c> (N, C) for no classes.</summary>
    public static KeyValuePair<string, Value> Head(this Scope s, string name, Value features, int classes, double initialScale = 1) =>
        classes > 0 ? new("logits", s.Linear(name, features, classes, initialScale)) : new("features", features);
}
