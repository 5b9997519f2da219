using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Tasks;

namespace MogaSharp.Cli;

/// <summary>A predictor of some task, whatever it predicts.</summary>
/// <param name="Predictor">The predictor, which this owns.</param>
/// <param name="Predict">Predicts for a file's bytes.</param>
/// <param name="Preparation">Makes the network's inputs.</param>
internal sealed record AnyPredictor(
    IDisposable Predictor,
    Func<ReadOnlyMemory<byte>, CancellationToken, object> Predict,
    IImagePreparation Preparation
) : IDisposable
{
    /// <summary>Hides what a predictor predicts.</summary>
    public static AnyPredictor Of<T>(ImagePredictor<T> predictor)
        where T : class => new(predictor, predictor.Predict, predictor.Preparation);

    public void Dispose() => Predictor.Dispose();
}

/// <summary>What does the same for an image file as a predictor.</summary>
internal interface IImagePeer : IBenchmarkPeer
{
    /// <summary>How far its last prediction is from ours, as a share of the largest number.</summary>
    double DifferenceFrom(object ours);
}

/// <summary>Measures a model from an image file's bytes to its prediction.</summary>
internal static class ImageBenchmark
{
    /// <summary>Measures it.</summary>
    /// <param name="model">The model with its weights.</param>
    /// <param name="image">The image file.</param>
    /// <param name="engine">What computes.</param>
    /// <param name="threads">Its threads.</param>
    /// <param name="duration">How long to measure.</param>
    /// <param name="compares">Whether a peer does the same in turn.</param>
    /// <param name="cancellationToken">Ends it between runs.</param>
    /// <exception cref="UsageException">The model's task is not about single images, or has no peer.</exception>
    public static BenchmarkResult Measure(
        LoadedModel model,
        string image,
        IInferenceEngine engine,
        int threads,
        TimeSpan duration,
        bool compares,
        CancellationToken cancellationToken
    )
    {
        byte[] file = File.ReadAllBytes(image);
        TaskModule module = TaskModules.Of(model.Card);
        using var metered = new MeteredEngine(engine);
        using AnyPredictor predictor = module.OpenPredictor(model, metered);
        using IImagePeer? peer = compares ? module.StartImagePeer(model, file, threads) : null;
        object? found = null;
        List<double> shares = [];
        BenchmarkResult result = Benchmark.Measure(Step, peer, duration);
        Shape input = predictor.Preparation.Prepare(ImageDecoder.Decode(file), image).Inputs[0].Shape;
        result = Benchmark.WithRate(result, model.Graph.TotalCost(input).MultiplyAdds, 1) with
        {
            Model = model.Card.Name,
            Input = $"{Path.GetFileName(image)} {input}",
            Engine = engine.Name,
            Threads = threads,
            OutsideShare = Benchmark.Percentile(shares, 50),
        };
        return peer is null ? result : result with { PeerDifference = peer.DifferenceFrom(found!) };

        void Step()
        {
            TimeSpan before = metered.Elapsed;
            long start = System.Diagnostics.Stopwatch.GetTimestamp();
            found = predictor.Predict(file, cancellationToken);
            shares.Add(1 - ((metered.Elapsed - before) / System.Diagnostics.Stopwatch.GetElapsedTime(start)));
        }
    }
}
