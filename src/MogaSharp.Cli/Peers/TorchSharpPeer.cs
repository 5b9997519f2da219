using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Torch;
using MogaSharp.Training;

namespace MogaSharp.Cli;

/// <summary>
/// The official code as TorchScript in TorchSharp on today's libtorch. <c>benchmarks/torchsharp_peer</c> builds it at first use,
/// from a project that nothing references, since its packages are large.
/// </summary>
internal static class TorchSharpPeer
{
    /// <summary>Starts the same network in eval mode, frozen, with weights of its own.</summary>
    /// <exception cref="UsageException">The official code has no such network, or not where it was said to be.</exception>
    /// <exception cref="FailureException">There is no Python, or the peer could not be built.</exception>
    public static ProcessPeer StartInference(ModelCard card, Shape input, int threads, string official) =>
        Start("eval", card, input, threads, official);

    /// <summary>Starts the training of the same network in float32 on the CPU.</summary>
    /// <exception cref="UsageException">
    /// The official code has no such network, or not where it was said to be; or another type or device was asked for.
    /// </exception>
    /// <exception cref="FailureException">There is no Python, or the peer could not be built.</exception>
    public static ProcessPeer StartTraining(ModelCard card, Shape input, Precision amp, TorchDevice device, int threads, string official)
    {
        if (amp != Precision.None || device != TorchDevice.Cpu)
            throw new UsageException("The peer torchsharp trains in float32 on the CPU only.");
        return Start("train", card, input, threads, official);
    }

    private static ProcessPeer Start(string mode, ModelCard card, Shape input, int threads, string official)
    {
        OfficialNetwork network = TaskModules.Of(card).OfficialOf(card, official);
        string script = OfficialNetwork.Script("torchsharp_peer");
        return new ProcessPeer(
            "TorchSharp",
            "bash",
            script,
            OfficialNetwork.Python(),
            network.Source,
            network.Model,
            input.ToString(),
            $"{network.Classes}",
            $"{threads}",
            mode
        );
    }
}
