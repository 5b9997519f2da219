using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Onnx;
using MogaSharp.OnnxRuntime;
using MogaSharp.Tasks;
using MogaSharp.Testing;
using MogaSharp.Vision;

namespace MogaSharp.Cli.Tests;

/// <summary>Detectors as ONNX models, in ONNX Runtime, against the official code and the engine.</summary>
public sealed class DetectionExportTests : IDisposable
{
    private const string OneStep = "detection/retinanet/moganet_xt_",
        TwoSteps = "detection/mask_rcnn/moganet_xt_";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(OneStep + "odd_203x331")]
    [InlineData(OneStep + "photo_small")]
    [InlineData(TwoSteps + "odd_203x331")]
    [InlineData(TwoSteps + "photo_small")]
    [InlineData("detection/cascade_mask_rcnn/moganet_s_odd_157x203")]
    [InlineData("detection/cascade_mask_rcnn/moganet_s_giou_4conv1f_odd_157x203")]
    public void End_to_end_the_official_things_are_found(string name)
    {
        DenseFixture official = DenseFixture.Load(name);
        var definition = (IDetectionDefinition)official.Card.CreateDefinition();
        WeightSet weights = official.Weights();
        int[] shape = JsonSerializer.Deserialize<int[]>(official.Expected.Metadata["img_shape"])!;
        Tensor input = name.Contains("photo", StringComparison.Ordinal) ? Photo(official.Card) : official.Input;
        byte[] file = OnnxExporter.Export(DetectionExport.Create(definition, DetectionInference.Default), weights);
        using var model = new OnnxRuntimeModel(file);
        IReadOnlyDictionary<string, Tensor> found = model.Run(input, new Tensor(new Shape(2), [shape[0], shape[1]]));
        CheckThings(official.Expected, found);

        var size = new ImageSize(shape[1], shape[0]);
        IReadOnlyList<Detection> own = DetectionExport.Find(
            definition,
            weights,
            DetectionInference.Default,
            input,
            size,
            TestContext.Current.CancellationToken
        );
        Assert.Equal(own.Count, found["labels"].Data.Length);
        CheckThings(
            [.. own.Select(one => one.Box).SelectMany(box => new[] { box.X, box.Y, box.Right, box.Bottom }).Select(side => (float)side)],
            [.. own.Select(one => (float)one.Score)],
            [.. own.Select(one => (long)one.Label)],
            found
        );
    }

    private static Tensor Photo(ModelCard card) =>
        new DetectionPreparation(card.Preprocess with { Width = 333, Height = 200 })
            .Prepare(ImageDecoder.Load(Repository.Fixture("imaging", "chelsea.png")), "photo")
            .Inputs[0];

    private static void CheckThings(FixtureFile expected, IReadOnlyDictionary<string, Tensor> found)
    {
        float[] boxes = expected.Floats("det.boxes"),
            factor = expected.Floats("scale_factor");
        for (int i = 0; i < boxes.Length; i++)
            boxes[i] *= factor[i % 4];
        int[] places = CheckThings(boxes, expected.Floats("det.scores"), expected.Longs("det.labels"), found);
        if (!expected.Has("mask.prob"))
        {
            Assert.False(found.ContainsKey("masks"));
            return;
        }

        Tensor masks = found["masks"];
        Assert.Equal(new Shape(places.Length, 28, 28), masks.Shape);
        const int Plane = 28 * 28;
        float[] official = expected.Floats("mask.prob");
        for (int i = 0; i < official.Length / Plane; i++)
        for (int k = 0; k < Plane; k++)
            Assert.Equal(official[(i * Plane) + k], masks.Data[(places[i] * Plane) + k], 5e-4);
    }

    // Where each expected thing was found.
    private static int[] CheckThings(float[] boxes, float[] scores, long[] labels, IReadOnlyDictionary<string, Tensor> found)
    {
        Tensor actual = found["boxes"];
        Assert.Equal(new Shape(labels.Length, 4), actual.Shape);
        Assert.Equal(found["scores"].Data.OrderDescending(), found["scores"].Data);
        return
        [
            .. labels.Select(
                (label, i) =>
                {
                    // Neighbors whose scores are nearly the same may change places.
                    int place = new[] { i, i - 1, i + 1 }.FirstOrDefault(
                        j =>
                            j >= 0
                            && j < labels.Length
                            && Math.Abs(scores[i] - scores[j]) < 2e-5
                            && (long)found["labels"].Data[j] == label
                            && Math.Abs(found["scores"].Data[j] - scores[i]) <= 1e-4
                            && Enumerable.Range(0, 4).All(k => Math.Abs(actual.Data[(j * 4) + k] - boxes[(i * 4) + k]) <= 0.02),
                        -1
                    );
                    Assert.True(
                        place >= 0,
                        $"thing {i}: {label} {scores[i]}; there is {found["labels"].Data[i]} {found["scores"].Data[i]}"
                    );
                    return place;
                }
            ),
        ];
    }

    [Theory]
    [InlineData(OneStep + "odd_203x331")]
    [InlineData(TwoSteps + "odd_203x331")]
    public void Without_img_shape_all_of_the_input_is_image_and_nothing_may_be_found(string name)
    {
        DenseFixture official = DenseFixture.Load(name);
        var definition = (IDetectionDefinition)official.Card.CreateDefinition();
        byte[] file = OnnxExporter.Export(
            DetectionExport.Create(definition, new DetectionInference { ScoreThreshold = 0.9999f, MaxDetections = 3 }),
            official.Weights()
        );
        using var model = new OnnxRuntimeModel(file);
        Assert.Equal(["input"], model.InputNames);
        Assert.Equal(["img_shape"], model.OptionalInputNames);
        IReadOnlyDictionary<string, Tensor> nothing = model.Run(FormulaWeights.CoarseAndFine(new Shape(1, 3, 96, 160)));
        Assert.Equal(new Shape(0, 4), nothing["boxes"].Shape);
        Assert.Empty(nothing["labels"].Data);
        if (nothing.TryGetValue("masks", out Tensor? masks))
            Assert.Equal(new Shape(0, 28, 28), masks.Shape);
    }

    [Fact]
    public void Thresholds_are_those_that_were_asked_for()
    {
        DenseFixture official = DenseFixture.Load(OneStep + "odd_203x331");
        var definition = (IDetectionDefinition)official.Card.CreateDefinition();
        Tensor input = FormulaWeights.CoarseAndFine(new Shape(1, 3, 128, 96));
        float[] all = Run(new DetectionInference()),
            few = Run(new DetectionInference { MaxDetections = 3 });
        Assert.Equal(all[..3], few);
        Assert.Equal(all.TakeWhile(score => score > all[5]), Run(new DetectionInference { ScoreThreshold = all[5] }));

        float[] Run(DetectionInference inference)
        {
            using var model = new OnnxRuntimeModel(OnnxExporter.Export(DetectionExport.Create(definition, inference), official.Weights()));
            return model.Run(input)["scores"].Data;
        }
    }

    [Fact]
    public void Raw_heads_leave_batch_rows_and_columns_open()
    {
        foreach (string name in new[] { OneStep, TwoSteps })
        {
            DenseFixture official = DenseFixture.Load(name + "odd_203x331");
            ComputationGraph graph = official.Card.CreateDefinition().Build(new Shape(1, 3, 64, 96));
            WeightSet weights = official.Weights();
            using var model = new OnnxRuntimeModel(OnnxExporter.Export(graph, weights, new() { DynamicBatch = true, DynamicSize = true }));
            using var engine = new Cpu.CpuEngine();
            using Cpu.CpuSession session = engine.CreateSession(graph, weights);
            foreach (Shape shape in new[] { new Shape(1, 3, 64, 96), new Shape(2, 3, 160, 128) })
            {
                Tensor input = FormulaWeights.CoarseAndFine(shape);
                IReadOnlyDictionary<string, Tensor> own = session.Run(input, TestContext.Current.CancellationToken),
                    theirs = model.Run(input);
                Assert.Equal(own.Keys.Order(), theirs.Keys.Order());
                foreach ((string output, Tensor tensor) in own)
                {
                    Assert.Equal(tensor.Shape, theirs[output].Shape);
                    double largest = tensor.Data.Max(Math.Abs);
                    Assert.InRange(tensor.Data.Zip(theirs[output].Data, (a, b) => Math.Abs(a - b)).Max(), 0, 3e-4 * (1 + largest));
                }
            }
        }
    }

    [Fact]
    public async Task The_command_says_what_goes_in_and_out()
    {
        string card = DenseModels.WriteDetector(_folder);
        Outcome outcome = (await Export(card, "--end-to-end", "--score", "0.01", "--max", "20")).Succeeded();
        Assert.Equal(_folder.File("m.onnx") + "\n", outcome.Output);
        foreach (
            string text in new[]
            {
                "inputs: input (1, 3, height, width)",
                "img_shape",
                "outputs: boxes (n, 4",
                "masks (n, 28, 28",
                "not in the file: ",
                "ONNX Runtime ",
            }
        )
            Assert.Contains(text, outcome.Errors, StringComparison.Ordinal);
        (await Export(card, "--dynamic-batch", "--dynamic-size", "--size", "64x96")).Succeeded();
        using var raw = new OnnxRuntimeModel(_folder.File("m.onnx"));
        Assert.Contains("rpn.cls.0", raw.OutputNames);
    }

    [Theory]
    [InlineData("excludes --size and --dynamic-batch", "--end-to-end", "--size", "64")]
    [InlineData("excludes --size and --dynamic-batch", "--end-to-end", "--dynamic-batch")]
    [InlineData("--score takes a number from 0 to below 1", "--end-to-end", "--score", "1")]
    [InlineData("--score and --max need --end-to-end", "--max", "3")]
    [InlineData("--labels is for segmentation", "--end-to-end", "--labels")]
    public async Task Options_that_do_not_fit_are_refused(string problem, params string[] options)
    {
        (await Export(DenseModels.WriteDetector(_folder), options)).Failed(2, problem);
        Assert.False(File.Exists(_folder.File("m.onnx")));
    }

    [Fact]
    public async Task End_to_end_is_for_detectors()
    {
        (await Export(DenseModels.WritePose(_folder), "--end-to-end")).Failed(
            2,
            "--end-to-end is for detection, and pose is a model for pose."
        );
        Assert.False(File.Exists(_folder.File("m.onnx")));
    }

    [Fact]
    public async Task Detectors_are_measured_alone_and_from_a_file_on()
    {
        string card = DenseModels.WriteDetector(_folder),
            photo = Repository.Fixture("imaging", "chelsea.png"),
            weights = _folder.File("weights.safetensors");
        string[] options = ["--seconds", "1", "--compare", "onnxruntime", "--json"];
        JsonElement network = (await Moga.RunAsync(["bench", card, "--size", "64x96", .. options])).Json[0],
            whole = (await Moga.RunAsync(["bench", card, "--image", photo, "--weights", weights, .. options])).Json[0];
        Assert.Equal("1x3x64x96", network.GetProperty("input").GetString());
        Assert.Equal("chelsea.png 1x3x96x128", whole.GetProperty("input").GetString());
        foreach (JsonElement row in new[] { network, whole })
        {
            Assert.StartsWith("ONNX Runtime ", row.GetProperty("peer").GetString(), StringComparison.Ordinal);
            Assert.InRange(row.GetProperty("peer_difference").GetDouble(), 0, 1e-3);
            Assert.True(row.GetProperty("ratio").GetDouble() > 0);
        }

        (await Moga.RunAsync("bench", card, "--weights", weights)).Failed(2, "--weights needs --image");
        JsonElement pose = (
            await Moga.RunAsync("bench", DenseModels.WritePose(_folder), "--image", photo, "--seconds", "1", "--json")
        ).Json[0];
        Assert.InRange(pose.GetProperty("outside_share").GetDouble(), 0.001, 0.999);
        (await Moga.RunAsync("bench", DenseModels.WritePose(_folder), "--image", photo, "--compare", "onnxruntime")).Failed(
            2,
            "--image is compared with ONNX Runtime for detection alone."
        );
        (await Moga.RunAsync("bench", "simvp_moga_small", "--image", photo)).Failed(
            2,
            "--image is for tasks of single images, and simvp_moga_small is a model for video."
        );
    }

    private Task<Outcome> Export(string card, params string[] options) =>
        Moga.RunAsync(["export", card, "--onnx", _folder.File("m.onnx"), .. options]);
}
