using MogaSharp.Graph;

namespace MogaSharp.Cpu.Passes;

/// <summary>
/// One exact rewriting of an eval-mode graph. A pass is asked for every node, after the node's inputs have been rewritten, so
/// that it only ever looks upwards, at producers.
/// </summary>
internal abstract class GraphPass
{
    /// <summary>What the pass does, for plans and tests.</summary>
    public string Name => GetType().Name;

    /// <summary>The value that replaces a node, or null to keep it.</summary>
    /// <param name="op">The node's op.</param>
    /// <param name="scope">The node's module.</param>
    /// <param name="inputs">Its inputs as rewritten.</param>
    /// <param name="context">The graph at work.</param>
    public abstract Value? Rewrite(Op op, string scope, IReadOnlyList<Value> inputs, GraphRewriter context);
}
