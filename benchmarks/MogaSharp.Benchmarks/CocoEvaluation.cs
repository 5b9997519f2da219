using System.Collections.Immutable;
using BenchmarkDotNet.Attributes;
using MogaSharp.Data;
using MogaSharp.Vision;

namespace MogaSharp.Benchmarks;

/// <summary>COCO's evaluation of as many images as val2017 has, with its number of objects and 100 detections in each.</summary>
public class CocoEvaluationBenchmark
{
    private const int Images = 5000,
        Detections = 100,
        Classes = 80;

    private static readonly ImageSize Size = new(640, 480);

    private readonly ImmutableArray<AnnotatedObject>[] _truth = new ImmutableArray<AnnotatedObject>[Images];
    private readonly (long Image, Detection Detection)[] _found = new (long, Detection)[Images * Detections];
    private CocoDetectionMetrics _metrics = null!;
    private CocoInstances _instances = null!;
    private string _folder = "";

    [Params(CocoComparison.Boxes, CocoComparison.Masks)]
    public CocoComparison Comparison { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(7);
        for (int image = 0; image < Images; image++)
        {
            AnnotatedObject[] objects = [.. Enumerable.Range(0, random.Next(16)).Select(i => Object(random, isCrowd: i == 15))];
            _truth[image] = [.. objects];
            for (int i = 0; i < Detections; i++)
                _found[(image * Detections) + i] = (image, Found(random, objects));
        }

        _metrics = Counted();
        _folder = Directory.CreateTempSubdirectory("moga-benchmark-").FullName;
        string truth = Path.Combine(_folder, "truth.json");
        File.WriteAllText(truth, Truth());
        _instances = CocoInstances.Load(truth);
        CocoDetectionResults.Save(Results, _found, _instances.Categories);
    }

    [GlobalCleanup]
    public void Cleanup() => Directory.Delete(_folder, recursive: true);

    /// <summary>Reading the file of results alone.</summary>
    [Benchmark]
    public int Read() => CocoDetectionResults.Load(Results, _instances).Length;

    /// <summary>Everything that COCO's rules tell, from detections in memory.</summary>
    [Benchmark]
    public double Figures() => Counted().Report().Figures["AP"];

    [Benchmark]
    public double Errors() => _metrics.Errors().AveragePrecision;

    [Benchmark]
    public int Confusion() => _metrics.Confusion().Mistakes().Length;

    private string Results => Path.Combine(_folder, "results.json");

    private CocoDetectionMetrics Counted()
    {
        var metrics = new CocoDetectionMetrics(_truth.Select((objects, image) => ((long)image, objects)), Classes, Comparison);
        foreach ((long image, Detection detection) in _found)
            metrics.Add(image, detection);
        return metrics;
    }

    private AnnotatedObject Object(Random random, bool isCrowd)
    {
        double width = Math.Exp(random.NextDouble() * 5.5) + 8,
            height = Math.Exp(random.NextDouble() * 5.5) + 8;
        Box box = Clip(new Box(random.NextDouble() * Size.Width, random.NextDouble() * Size.Height, width, height));
        return new AnnotatedObject(box, box.Area * 0.8, random.Next(Classes)) { IsCrowd = isCrowd, Mask = Mask(box) };
    }

    // Most lie near an object, and many of those are of its class.
    private Detection Found(Random random, AnnotatedObject[] objects)
    {
        if (objects.Length == 0 || random.Next(3) == 0)
        {
            AnnotatedObject nothing = Object(random, isCrowd: false);
            return new Detection(nothing.Box, random.NextDouble() * 0.5, nothing.Label) { Mask = nothing.Mask };
        }

        AnnotatedObject near = objects[random.Next(objects.Length)];
        double Shift(double side) => (random.NextDouble() - 0.5) * 0.6 * side;
        Box box = Clip(
            new Box(
                near.Box.X + Shift(near.Box.Width),
                near.Box.Y + Shift(near.Box.Height),
                near.Box.Width + Shift(near.Box.Width),
                near.Box.Height + Shift(near.Box.Height)
            )
        );
        int label = random.Next(4) == 0 ? random.Next(Classes) : near.Label;
        return new Detection(box, random.NextDouble(), label) { Mask = Mask(box) };
    }

    private RunLengthMask? Mask(Box box)
    {
        if (Comparison == CocoComparison.Boxes)
            return null;
        double[] points = new double[32];
        for (int i = 0; i < points.Length; i += 2)
        {
            (double sine, double cosine) = Math.SinCos(i * Math.Tau / points.Length);
            (points[i], points[i + 1]) = (box.X + (box.Width * (1 + cosine) / 2), box.Y + (box.Height * (1 + sine) / 2));
        }

        return RunLengthMask.FromPolygons([points], Size);
    }

    private static Box Clip(Box box)
    {
        Box inside = box.Clip(Size);
        return inside.Width >= 1 && inside.Height >= 1 ? inside : new Box(0, 0, 10, 10);
    }

    private string Truth()
    {
        int id = 0;
        IEnumerable<string> images = Enumerable
                .Range(0, Images)
                .Select(i => $$"""{"id": {{i}}, "width": {{Size.Width}}, "height": {{Size.Height}}, "file_name": "{{i}}.jpg"}"""),
            categories = Enumerable.Range(1, Classes).Select(i => $$"""{"id": {{i}}, "name": "class {{i}}"}"""),
            objects = _truth.SelectMany((all, image) => all.Select(one => Annotation(id++, image, one)));
        return $$"""
            {"images": [{{string.Join(",", images)}}], "categories": [{{string.Join(",", categories)}}],
             "annotations": [{{string.Join(",\n", objects)}}]}
            """;
    }

    private static string Annotation(int id, int image, AnnotatedObject one) =>
        FormattableString.Invariant(
            $$"""
            {"id": {{id}}, "image_id": {{image}}, "category_id": {{one.Label + 1}}, "area": {{one.Area}}, "iscrowd": {{(
                one.IsCrowd ? 1 : 0
            )}}, "bbox": [{{one.Box.X}}, {{one.Box.Y}}, {{one.Box.Width}}, {{one.Box.Height}}]}
            """
        );
}
