using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <content>Several values as one step. What the shim's kernels do not take, it computes op by op.</content>
internal sealed partial class GraphRun
{
    private TensorHandle Compute(FusedStep step)
    {
        TensorHandle result;
        Shim.Check(
            step switch
            {
                ChannelDecomposition s => Shim.Decompose(
                    _values[s.Map.Index]!,
                    Tensor(s.Conv.Weight),
                    Tensor(s.Conv.Bias),
                    Tensor(s.Scale),
                    _options.Precision,
                    out result
                ),
                ImageDecomposition s => Shim.DecomposeImage(_values[s.Map.Index]!, Tensor(s.Scale), out result),
                GatedProduct s => Shim.Gate(_values[s.Gate.Index]!, _values[s.Context.Index]!, out result),
                ScaledBranch s => Shim.AddBranch(
                    _values[s.Stream.Index]!,
                    _values[s.Branch.Index]!,
                    Tensor(s.Scale),
                    _options.Training ? s.DropPath : 0,
                    _network.Generator.Handle,
                    out result
                ),
                ActivatedNorm s => Shim.GroupNorm(
                    _values[s.Map.Index]!,
                    s.Norm.Groups,
                    Tensor(s.Norm.Weight),
                    Tensor(s.Norm.Bias),
                    s.Norm.Epsilon,
                    silu: 1,
                    low: s.OnlyConvolved ? 1 : 0,
                    out result
                ),
                _ => throw new InvalidOperationException($"No such step: {step.GetType().Name}."),
            }
        );
        return result;
    }
}
