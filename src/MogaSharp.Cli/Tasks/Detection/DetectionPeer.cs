using System.Diagnostics;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Onnx;
using MogaSharp.OnnxRuntime;
using MogaSharp.Tasks;
using MogaSharp.Vision;

namespace MogaSharp.Cli;

/// <summary>A detector's steps around ONNX Runtime, with what <c>moga export --end-to-end</c> writes.</summary>
internal sealed class DetectionPeer(LoadedModel model, byte[] file, int threads) : IImagePeer
{
    private IReadOnlyList<float> _scores = [];
    private readonly DetectionPreparation _preparation = new(model.Card.Preprocess);
    private readonly OnnxRuntimeModel _model = new(
        OnnxExporter.Export(DetectionExport.Create((IDetectionDefinition)model.Definition, DetectionInference.Default), model.Weights),
        new OnnxRuntimeOptions { Threads = threads }
    );

    public string Name { get; } = $"ONNX Runtime {OnnxRuntimeModel.RuntimeVersion}";

    public double DifferenceFrom(object ours)
    {
        double[] scores = [.. ((ImageDetections)ours).Objects.Select(one => one.Score)];
        return scores.Length != _scores.Count ? 1
            : scores.Length == 0 ? 0
            : scores.Zip(_scores, (a, b) => Math.Abs(a - b)).Max() / scores.Max();
    }

    public double Step()
    {
        long start = Stopwatch.GetTimestamp();
        RgbImage image = ImageDecoder.Decode(file);
        PreparedImage prepared = _preparation.Prepare(image, "image");
        var own = new ImageSize(image.Width, image.Height);
        ImageSize size = ((DetectionView)prepared.Detail!).Size;
        IReadOnlyDictionary<string, Tensor> found = _model.Run(prepared.Inputs[0], new Tensor(new Shape(2), [size.Height, size.Width]));
        _scores = found["scores"].Data;
        float[] boxes = found["boxes"].Data;
        for (int i = 0; i < boxes.Length; i++)
            boxes[i] *= i % 2 == 0 ? (float)own.Width / size.Width : (float)own.Height / size.Height;
        if (found.TryGetValue("masks", out Tensor? masks))
            for (int i = 0; i < _scores.Count; i++)
                DetectionPipeline.Mask(masks, i, boxes.AsSpan(i * 4, 4), own);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    public void Dispose() => _model.Dispose();
}
