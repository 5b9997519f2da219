using System.Diagnostics;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Onnx;
using MogaSharp.OnnxRuntime;
using MogaSharp.Tasks;
using MogaSharp.Vision;

namespace MogaSharp.Cli;

/// <summary>Measures a detector from an image file's bytes to things with masks.</summary>
internal static class DetectionBenchmark
{
    /// <summary>Measures it.</summary>
    /// <param name="model">The model with its weights.</param>
    /// <param name="image">The image file.</param>
    /// <param name="engine">What computes.</param>
    /// <param name="threads">Its threads.</param>
    /// <param name="duration">How long to measure.</param>
    /// <param name="compares">Whether ONNX Runtime does the same in turn, with what <c>moga export --end-to-end</c> writes.</param>
    /// <param name="cancellationToken">Ends it between runs.</param>
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
        using var detector = new ObjectDetector(model, engine: engine);
        using DetectionPeer? peer = compares ? new DetectionPeer(model, file, threads) : null;
        ImageDetections? found = null;
        BenchmarkResult result = Benchmark.Measure(() => found = detector.Predict(file, cancellationToken), peer, duration);
        Shape input = detector.Preparation.Prepare(ImageDecoder.Decode(file), image).Inputs[0].Shape;
        result = Benchmark.WithRate(result, model.Graph.TotalCost(input).MultiplyAdds, 1) with
        {
            Model = model.Card.Name,
            Input = $"{Path.GetFileName(image)} {input}",
            Engine = engine.Name,
            Threads = threads,
        };
        if (peer is null)
            return result;
        double[] ours = [.. found!.Objects.Select(one => one.Score)];
        return result with
        {
            PeerDifference =
                ours.Length != peer.Scores.Count ? 1
                : ours.Length == 0 ? 0
                : ours.Zip(peer.Scores, (a, b) => Math.Abs(a - b)).Max() / ours.Max(),
        };
    }

    /// <summary>The same steps around ONNX Runtime.</summary>
    private sealed class DetectionPeer(LoadedModel model, byte[] file, int threads) : IBenchmarkPeer
    {
        private readonly DetectionPreparation _preparation = new(model.Card.Preprocess);
        private readonly OnnxRuntimeModel _model = new(
            OnnxExporter.Export(DetectionExport.Create((IDetectionDefinition)model.Definition, DetectionInference.Default), model.Weights),
            new OnnxRuntimeOptions { Threads = threads }
        );

        public string Name { get; } = $"ONNX Runtime {OnnxRuntimeModel.RuntimeVersion}";

        public IReadOnlyList<float> Scores { get; private set; } = [];

        public double Step()
        {
            long start = Stopwatch.GetTimestamp();
            RgbImage image = ImageDecoder.Decode(file);
            PreparedImage prepared = _preparation.Prepare(image, "image");
            var own = new ImageSize(image.Width, image.Height);
            ImageSize size = ((DetectionView)prepared.Detail!).Size;
            IReadOnlyDictionary<string, Tensor> found = _model.Run(prepared.Inputs[0], new Tensor(new Shape(2), [size.Height, size.Width]));
            Scores = found["scores"].Data;
            float[] boxes = found["boxes"].Data;
            for (int i = 0; i < boxes.Length; i++)
                boxes[i] *= i % 2 == 0 ? (float)own.Width / size.Width : (float)own.Height / size.Height;
            if (found.TryGetValue("masks", out Tensor? masks))
                for (int i = 0; i < Scores.Count; i++)
                    DetectionPipeline.Mask(masks, i, boxes.AsSpan(i * 4, 4), own);
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        public void Dispose() => _model.Dispose();
    }
}
