using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Torch;
using MogaSharp.Training;

namespace MogaSharp.Cli;

/// <summary>The official code in Python's PyTorch, in eager mode (<c>benchmarks/pytorch_train.py</c>).</summary>
internal static class PyTorchPeer
{
    /// <summary>Starts the training of the same network.</summary>
    /// <exception cref="UsageException">The official code has no such network, or not where it was said to be.</exception>
    /// <exception cref="FailureException">There is no Python, or it ended.</exception>
    public static ProcessPeer StartTraining(ModelCard card, Shape input, Precision amp, TorchDevice device, int threads, string official)
    {
        OfficialNetwork network = TaskModules.Of(card).OfficialOf(card, official);
        string script = OfficialNetwork.Script("pytorch_train.py"),
            type = amp == Precision.Bf16 ? "bf16" : "none";
        return new ProcessPeer(
            "Python",
            OfficialNetwork.Python(),
            script,
            network.Source,
            network.Model,
            input.ToString(),
            $"{network.Classes}",
            $"{threads}",
            device.ToString(),
            type
        );
    }
}
