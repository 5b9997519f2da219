using MogaSharp.Graph;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <summary>One pass over a network's values: computes them in order and frees each after its last use.</summary>
internal sealed partial class GraphRun : ITrainingOpVisitor<Value, TensorHandle>, IDisposable
{
    private readonly TorchNetwork _network;
    private readonly TorchForwardOptions _options;
    private readonly TensorHandle?[] _values;

    public GraphRun(TorchNetwork network, TorchForwardOptions options)
    {
        _network = network;
        _options = options;
        _values = new TensorHandle?[network.Executed.Values.Count];
    }

    /// <summary>False where a segment is computed once more: the batch has been counted in already.</summary>
    public bool UpdatesStatistics { get; init; } = true;

    /// <summary>Gives a value that is not computed; the run frees it.</summary>
    public void Put(int index, TensorHandle handle) => _values[index] = handle;

    /// <summary>A value that has been computed, which the run still owns.</summary>
    public TensorHandle Peek(int index) => _values[index]!;

    /// <summary>A value that has been computed and is now the caller's.</summary>
    public TensorHandle Take(int index)
    {
        TensorHandle handle = _values[index]!;
        _values[index] = null;
        return handle;
    }

    /// <summary>Computes a range of values; outputs of the graph and the last value of the range are kept.</summary>
    public void Execute(int first, int last, CancellationToken cancellationToken = default)
    {
        NetworkPlan plan = _network.Plan;
        for (int i = first; i <= last; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Value value = _network.Executed.Values[i];
            if (value.Op is not Input && !plan.IsWithin[i])
                _values[i] = Compute(value);
            foreach (int done in plan.DoneAfter[i])
                if (done != last)
                    Free(done);
        }
    }

    public TensorHandle Visit(Input op, Value value) => throw new GraphException("Inputs are given, not computed.");

    public void Dispose()
    {
        for (int i = 0; i < _values.Length; i++)
            Free(i, evenOutputs: true);
    }

    // What a call of the shim gave, once its status has been looked at.
    private static TensorHandle Checked(int status, TensorHandle result)
    {
        Shim.Check(status);
        return result;
    }

    private TensorHandle Compute(Value value) =>
        _network.Plan.Steps.TryGetValue(value.Index, out FusedStep? step) ? Compute(step)
        : value.Op is TrainingOp op ? op.Accept(this, value)
        : value.Accept(this, value);

    private TensorHandle In(Value value, int input = 0) => _values[value.Inputs[input].Index]!;

    private TensorHandle Tensor(string? name) => name is null ? TensorHandle.None : _network.Handle(name);

    private void Free(int index, bool evenOutputs = false)
    {
        if (_network.Plan.IsOutput[index] && !evenOutputs)
            return;
        _values[index]?.Dispose();
        _values[index] = null;
    }
}
