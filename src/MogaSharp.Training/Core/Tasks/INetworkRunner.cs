using MogaSharp.Graph;

namespace MogaSharp.Training;

/// <summary>Something that computes a network in eval mode: weights in training, or a session of any engine.</summary>
public interface INetworkRunner : IDisposable
{
    /// <summary>Computes the network's outputs.</summary>
    /// <param name="values">The values of its input, row-major.</param>
    /// <param name="shape">Their shape.</param>
    /// <param name="cancellationToken">Ends the computation.</param>
    /// <returns>The outputs by name, in the graph's order.</returns>
    /// <exception cref="GraphException">The input does not fit the network.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    IReadOnlyDictionary<string, Tensor> Run(ReadOnlyMemory<float> values, Shape shape, CancellationToken cancellationToken = default);

    /// <summary>A session for another graph of the model over the same weights, such as the heads that look at regions.</summary>
    /// <param name="part">The graph.</param>
    /// <returns>A session, which the caller owns; of use as long as the network is.</returns>
    /// <exception cref="NotSupportedException">The network was given without its weights.</exception>
    IInferenceSession Open(ComputationGraph part);
}
