using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Tasks;

namespace MogaSharp.Training;

/// <summary>Predicts clips as <see cref="VideoPredictor"/> does: as many frames as the data goes on for, in several runs where the network
/// gives fewer.</summary>
/// <param name="model">The model.</param>
/// <param name="frames">Frames to predict.</param>
/// <param name="engine">Where to compute; the caller owns it.</param>
internal sealed class ClipRunner(LoadedModel model, int frames, IInferenceEngine engine) : INetworkRunner
{
    private readonly VideoPredictor _predictor = new(model, engine);

    public IReadOnlyDictionary<string, Tensor> Run(ReadOnlyMemory<float> values, Shape shape, CancellationToken cancellationToken) =>
        new Dictionary<string, Tensor>(StringComparer.Ordinal)
        {
            [IVideoDefinition.Output] = _predictor.Predict(new Tensor(shape, values.ToArray()), frames, cancellationToken),
        };

    public IInferenceSession Open(ComputationGraph part) => throw new NotSupportedException("A model for video has one graph.");

    public void Dispose() => _predictor.Dispose();
}
