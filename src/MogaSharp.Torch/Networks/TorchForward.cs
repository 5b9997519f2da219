using MogaSharp.Graph;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <summary>
/// What a forward pass gave: the graph's outputs, and the way back. All tensors in it belong to the scope that was current.
/// </summary>
public sealed class TorchForward
{
    private readonly TorchNetwork _network;
    private readonly TorchForwardOptions _options;
    private readonly Dictionary<string, TorchTensor> _outputs = new(StringComparer.Ordinal);
    private readonly List<Recomputed> _tape = [];

    internal TorchForward(
        TorchNetwork network,
        ReadOnlySpan<TorchTensor> inputs,
        TorchForwardOptions options,
        CancellationToken cancellationToken
    )
    {
        _network = network;
        _options = options;
        bool segments = options.Checkpointing && options.Records && network.Plan.Segments.Count > 1;
        using var recording = new TorchRuntime.GradientSwitch(options.Records && !segments);
        using var run = new GraphRun(network, options);
        PutInputs(run, inputs);
        if (segments)
            RunSegments(run, inputs.ToArray(), cancellationToken);
        else
            RunWhole(run, cancellationToken);
    }

    /// <summary>The graph's outputs by name.</summary>
    public IReadOnlyDictionary<string, TorchTensor> Outputs => _outputs;

    /// <summary>An output.</summary>
    /// <exception cref="KeyNotFoundException">The graph has no such output.</exception>
    public TorchTensor this[string name] =>
        _outputs.TryGetValue(name, out TorchTensor? output)
            ? output
            : throw new KeyNotFoundException($"The graph has no output '{name}'; it has {string.Join(", ", _outputs.Keys)}.");

    /// <summary>
    /// Adds the gradients of a loss to the parameters', and to those inputs' that require gradients. To be used in place
    /// of the loss's own method, which knows nothing of what checkpointing has left out.
    /// </summary>
    /// <param name="loss">A scalar that was computed from the outputs.</param>
    /// <exception cref="TorchException">Nothing was recorded, or it has been used up by an earlier call.</exception>
    public void Backward(TorchTensor loss)
    {
        loss.Backward();
        for (int i = _tape.Count - 1; i >= 0; i--)
            Recompute(_tape[i]);
        _tape.Clear();
    }

    private void RunWhole(GraphRun run, CancellationToken cancellationToken)
    {
        run.Execute(0, _network.Executed.Values.Count - 1, cancellationToken);
        foreach ((string name, Value output) in _network.Executed.Outputs)
            _outputs.Add(name, Output(run, output.Index));
    }

    // The last segment's values are needed at once by the backward pass, so it is not computed twice.
    private void RunSegments(GraphRun run, TorchTensor[] inputs, CancellationToken cancellationToken)
    {
        NetworkPlan plan = _network.Plan;
        var results = new Dictionary<int, TorchTensor>();
        TorchTensor? boundary = null;
        foreach (Segment segment in plan.Segments.SkipLast(1))
        {
            byte[]? random = segment.Draws && _options.Training ? _network.Generator.GetState() : null;
            run.Execute(segment.First, segment.Last, cancellationToken);
            int[] read =
            [
                .. Enumerable.Range(segment.First, segment.Last - segment.First + 1).Where(i => plan.IsOutput[i] || i == segment.Last),
            ];
            foreach (int i in read)
                results.Add(i, Leaf(run, i));
            _tape.Add(new Recomputed(segment, boundary, inputs, random, [.. read.Select(i => (i, results[i]))]));
            boundary = results[segment.Last];
        }

        using (new TorchRuntime.GradientSwitch(true))
            run.Execute(plan.Segments[^1].First, plan.Segments[^1].Last, cancellationToken);
        foreach ((string name, Value output) in _network.Executed.Outputs)
        {
            if (!results.TryGetValue(output.Index, out TorchTensor? result))
                results.Add(output.Index, result = Output(run, output.Index));
            _outputs.Add(name, result);
        }
    }

    // A value without history, from which the next segment starts; its gradient is what this one's backward pass starts from.
    private static TorchTensor Leaf(GraphRun run, int index)
    {
        Shim.Check(Shim.Detach(run.Peek(index), out TensorHandle handle));
        TorchTensor leaf = TorchTensor.InScope(handle);
        leaf.RequiresGradient = true;
        Shim.Check(Shim.TensorAlias(leaf.Handle, out TensorHandle alias));
        run.Take(index).Dispose();
        run.Put(index, alias);
        return leaf;
    }

    private static TorchTensor Output(GraphRun run, int index)
    {
        Shim.Check(Shim.TensorAlias(run.Peek(index), out TensorHandle handle));
        return TorchTensor.InScope(handle);
    }

    private void Recompute(Recomputed piece)
    {
        using var scope = new TorchScope();
        var wanted = new List<(int Index, TorchTensor Gradient)>();
        foreach ((int index, TorchTensor leaf) in piece.Results)
            if (leaf.Gradient() is { } gradient)
                wanted.Add((index, gradient));
        if (wanted.Count == 0)
            return;
        using var run = new GraphRun(_network, _options) { UpdatesStatistics = false };
        PutInputs(run, piece.Inputs);
        if (piece.Boundary is { } boundary)
        {
            Shim.Check(Shim.TensorAlias(boundary.Handle, out TensorHandle alias));
            run.Put(piece.Segment.First - 1, alias);
        }

        byte[]? now = piece.Random is null ? null : _network.Generator.GetState();
        try
        {
            if (piece.Random is not null)
                _network.Generator.SetState(piece.Random);
            using (new TorchRuntime.GradientSwitch(true))
                run.Execute(piece.Segment.First, piece.Segment.Last);
            TorchTensor.Backward(
                [.. wanted.Select(result => run.Peek(result.Index))],
                [.. wanted.Select(result => result.Gradient.Handle)]
            );
        }
        finally
        {
            if (now is not null)
                _network.Generator.SetState(now);
        }

        foreach ((_, TorchTensor leaf) in piece.Results)
            if (!_outputs.ContainsValue(leaf))
                leaf.Dispose();
    }

    private void PutInputs(GraphRun run, ReadOnlySpan<TorchTensor> inputs)
    {
        for (int i = 0; i < inputs.Length; i++)
        {
            Shim.Check(
                Shim.TensorTo(
                    inputs[i].Handle,
                    (int)_network.Type,
                    ShimNumbers.KeepDevice,
                    _network.IsChannelsLast && inputs[i].Shape.Rank == 4 ? 1 : ShimNumbers.KeepLayout,
                    out TensorHandle handle
                )
            );
            run.Put(_network.Executed.Inputs[i].Index, handle);
        }
    }

    private sealed record Recomputed(
        Segment Segment,
        TorchTensor? Boundary,
        TorchTensor[] Inputs,
        byte[]? Random,
        (int Index, TorchTensor Leaf)[] Results
    );
}
