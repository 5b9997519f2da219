using MogaSharp.Cpu;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Vision;

namespace MogaSharp.Tasks.Tests.Explain;

/// <summary>Maps of classes of pixels and of boxes: their gradients against differences of what is explained, computed in double
/// precision and found again by other code.</summary>
public sealed class TargetCamTests : IDisposable
{
    private const string Layer = "backbone.norm4";

    // Small beside the distance of most elements from a kink, large beside the rounding of doubles.
    private const double Step = 1e-6;

    private static readonly MogaNetOptions Backbone = new() { Arch = new MogaNetArch([8, 8, 16, 16], [1, 1, 1, 1], [4, 4, 2, 2]) };

    private readonly CpuEngine _engine = new(new(Threads: 2));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _engine.Dispose();

    [Theory]
    [InlineData(null)]
    [InlineData(1)]
    public void The_logits_of_pixels_change_as_their_gradient_says(int? label)
    {
        LoadedModel model = Create("fpn");
        RgbImage image = Image(96, 64);
        Tensor input = new SegmentationPreparation(model.Card.Preprocess).Prepare(image, "image").Inputs[0];
        float[] logits = Run(model.Graph, model.Weights, input)[ISegmentationDefinition.Logits].Data;
        int[] classes = Classes(logits, 3);
        int expected = label ?? classes.GroupBy(c => c).MaxBy(same => same.Count())!.Key;
        using var mapper = new PixelActivationMapper(model, null, label, _engine);
        PixelActivation seen = mapper.Predict(image, Token);
        Assert.Equal(expected, seen.Target);
        Assert.Equal(classes.Count(c => c == expected) / (double)classes.Length, seen.Share, 1e-6);
        Assert.Equal((96, 64), (seen.Seen.Width, seen.Seen.Height));
        CheckGradient(
            model,
            model.Graph,
            input,
            seen.Cam.Gradients[Layer],
            outputs =>
                outputs[ISegmentationDefinition.Logits]
                    .Data.Skip(expected * classes.Length)
                    .Take(classes.Length)
                    .Zip(classes, (logit, c) => c == expected ? logit : 0)
                    .Sum()
        );
    }

    [Theory]
    [InlineData("mask_rcnn", 0)]
    [InlineData("mask_rcnn", 3)]
    [InlineData("cascade", 1)]
    public void The_class_number_of_a_region_changes_as_its_gradient_says(string family, int index)
    {
        LoadedModel model = Create(family);
        var definition = (IRegionDefinition)model.Definition;
        RgbImage image = Image(90, 70);
        (Tensor input, ImageSize view) = Prepared(model, image);
        IReadOnlyDictionary<string, Tensor> outputs = Run(model.Graph, model.Weights, input);
        DetectionSet proposals = new ProposalSelector { Anchors = definition.Anchors.ToGenerator() }.Select(
            definition.Levels(name => outputs[name]),
            view
        );
        using var stages = new RegionStages(definition, model.Weights, _engine);
        RegionStages.Result result = stages.Run(
            [.. definition.RegionStrides.Select((_, level) => outputs[IRegionDefinition.MapName(level)])],
            proposals.Boxes,
            view,
            ((float)view.Width / image.Width, (float)view.Height / image.Height),
            DetectionInference.Default,
            Token
        );
        (int region, int label) = (result.Found.Sources[index], result.Found.Labels[index]);
        BoxActivation seen = Explain(model, image, index);
        Check(model, image, index, seen);
        double mean = seen.Cam.Logits.Data.Length > 0 ? result.ClassNumbers[(region * (definition.NumClasses + 1)) + label] : 0;
        CheckGradient(model, model.Graph, input, seen.Cam.Gradients[Layer], Value, mean);

        // The stages one by one, each from the pyramid's maps and its own region.
        double Value(IReadOnlyDictionary<string, ReferenceTensor> maps)
        {
            double sum = 0;
            ReferenceTensor[] pyramid = [.. definition.RegionStrides.Select((_, level) => maps[IRegionDefinition.MapName(level)])];
            for (int stage = 0; stage < definition.Stages.Length; stage++)
            {
                ComputationGraph graph = definition.BuildBoxes(stage, [.. pyramid.Select(map => map.Shape)], 1);
                double[] box = [.. result.Stages[stage].Regions.Skip(region * 4).Take(4).Select(x => (double)x)];
                ReferenceTensor[] values = new ReferenceInterpreter(graph, model.Weights).RunAll([
                    .. pyramid,
                    new ReferenceTensor(new Shape(1, 5), [0, .. box]),
                ]);
                sum += values[graph.Outputs.Single(output => output.Name == IRegionDefinition.StageClasses(stage)).Value.Index].Data[label];
            }

            return sum / definition.Stages.Length;
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public void The_class_number_of_an_anchor_changes_as_its_gradient_says(int index)
    {
        LoadedModel model = Create("retinanet");
        RgbImage image = Image(90, 70);
        (Tensor input, _) = Prepared(model, image);
        IReadOnlyDictionary<string, Tensor> outputs = Run(model.Graph, model.Weights, input);
        BoxActivation seen = Explain(model, image, index);
        Check(model, image, index, seen);
        // The score tells the place, unless others have the same.
        double score = seen.Thing.Score,
            logit = Math.Log(score / (1 - score));
        (string Name, int Place, double Distance)[] near =
        [
            .. outputs
                .Where(output => output.Key.StartsWith("cls.", StringComparison.Ordinal))
                .SelectMany(output => output.Value.Data.Select((number, place) => (output.Key, place, Math.Abs(number - logit))))
                .OrderBy(one => one.Item3)
                .Take(2),
        ];
        Assert.True(near[1].Distance > 10 * near[0].Distance, $"{near[0]}, {near[1]}");
        CheckGradient(
            model,
            model.Graph,
            input,
            seen.Cam.Gradients[Layer],
            values => values[near[0].Name].Data[near[0].Place],
            outputs[near[0].Name].Data[near[0].Place]
        );
    }

    [Fact]
    public void Channels_are_weighed_by_the_box_seen_through_each()
    {
        LoadedModel model = Create("mask_rcnn");
        RgbImage image = Image(90, 70);
        (Tensor input, _) = Prepared(model, image);
        BoxActivation seen = Explain(model, image, 2, CamMethod.ScoreCam);
        float[] weights = seen.Cam.Weights[Layer].Data;
        Assert.Equal(1, weights.Sum(), 1e-5);
        double[] scores = [.. Enumerable.Range(0, 6).Select(Score)];
        for (int channel = 1; channel < scores.Length; channel++)
            Assert.Equal(scores[channel] - scores[0], Math.Log(weights[channel] / weights[0]), 1e-4);

        double Score(int channel)
        {
            Tensor a = seen.Cam.Activations[Layer];
            int pixels = a.Shape[2] * a.Shape[3],
                plane = input.Shape[2] * input.Shape[3];
            double[] map = [.. a.Data.Skip(channel * pixels).Take(pixels).Select(x => (double)x)],
                mask = CamMaps.Resize(map, (a.Shape[2], a.Shape[3]), (input.Shape[2], input.Shape[3]), alignCorners: true);
            (double least, double most) = (mask.Min(), mask.Max());
            var masked = new Tensor(
                input.Shape,
                [.. input.Data.Select((x, i) => (float)(x * (mask[i % plane] - least) / (most - least + 1e-8)))]
            );
            var regions = (IRegionDefinition)model.Definition;
            IReadOnlyDictionary<string, Tensor> maps = Run(model.Graph, model.Weights, masked);
            Tensor[] pyramid = [.. regions.RegionStrides.Select((_, level) => maps[IRegionDefinition.MapName(level)])];
            ComputationGraph graph = regions.BuildBoxes(0, [.. pyramid.Select(one => one.Shape)], 1);
            using CpuSession session = _engine.CreateSession(graph, model.Weights);
            Tensor[] given = [.. pyramid, RegionOf(model, image, input, 2)],
                found = session.CreateOutputs([.. given.Select(one => one.Shape)]);
            session.Run(given, found, Token);
            return found[0].Data[seen.Thing.Class];
        }
    }

    [Theory]
    [InlineData("fpn")]
    [InlineData("retinanet")]
    [InlineData("mask_rcnn")]
    public void Methods_give_maps_or_say_why_not(string family)
    {
        LoadedModel model = Create(family);
        RgbImage image = Image(90, 70);
        foreach (CamMethod method in Enum.GetValues<CamMethod>())
        {
            if (method == CamMethod.AblationCam || (method == CamMethod.FullGrad && family != "fpn"))
            {
                string why = Assert.Throws<ExplainException>(() => Maps(method)).Message;
                Assert.Matches("what follows reads more than it|Full gradients add up maps of whole images", why);
                continue;
            }

            CamResult cam = Maps(method);
            Assert.Equal(0, cam.Map.Data.Min());
            Assert.InRange(cam.Map.Data.Max(), 0, 1);
        }

        CamResult Maps(CamMethod method)
        {
            if (family != "fpn")
                return Explain(model, image, 0, method).Cam;
            using var mapper = new PixelActivationMapper(model, new CamOptions { Method = method }, engine: _engine);
            return mapper.Predict(image, Token).Cam;
        }
    }

    [Fact]
    public void What_is_not_there_is_told()
    {
        RgbImage image = Image(96, 64);
        LoadedModel fpn = Create("fpn", 20),
            boxes = Create("mask_rcnn");
        int[] classes = Classes(
            Run(fpn.Graph, fpn.Weights, new SegmentationPreparation(fpn.Card.Preprocess).Prepare(image, "image").Inputs[0])[
                ISegmentationDefinition.Logits
            ].Data,
            20
        );
        int missing = Enumerable.Range(0, 20).Except(classes).First();
        using var pixels = new PixelActivationMapper(fpn, null, missing, _engine);
        Refuses($"The network gives no pixel to the class 'c{missing}'.", () => pixels.Predict(image, Token));
        Refuses("There is no class 20; the network has 20, from 0 on.", () => _ = new PixelActivationMapper(fpn, null, 20, _engine));
        Refuses("There is no box 500; the network finds ", () => Explain(boxes, image, 500));
        using var strict = new BoxActivationMapper(boxes, null, 0, new DetectionInference { ScoreThreshold = 0.999f }, _engine);
        Refuses("The network finds nothing above 0.999.", () => strict.Predict(image, Token));
        var smooth = new CamOptions { AugmentationSmooth = true };
        Refuses("The mean of six passes is made for classifiers alone", () => _ = new BoxActivationMapper(boxes, smooth, engine: _engine));
        Refuses(
            "The network has no layer 'norm9' with a feature map.",
            () => _ = new BoxActivationMapper(boxes, new CamOptions { Layers = ["norm9"] }, engine: _engine)
        );
        Assert.Throws<ModelCardException>(() => new PixelActivationMapper(boxes, engine: _engine));
        Assert.Throws<ModelCardException>(() => new BoxActivationMapper(fpn, engine: _engine));

        static void Refuses(string message, Action action) =>
            Assert.StartsWith(message, Assert.Throws<ExplainException>(action).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_image_without_the_class_stops_no_other()
    {
        LoadedModel model = Create("mask_rcnn");
        using var mapper = new BoxActivationMapper(model, null, 0, DetectionInference.Default with { ScoreThreshold = 0.36f }, _engine);
        RgbImage[] images = [.. Enumerable.Range(0, 12).Select(i => Image(60 + (6 * i), 64))];
        bool[] found = [.. images.Select(Finds)];
        var results = new List<ImageResult<BoxActivation>>();
        await foreach (
            ImageResult<BoxActivation> result in mapper.PredictManyAsync(
                images.Select(image => ImageSource.FromImage(image)),
                cancellationToken: Token
            )
        )
            results.Add(result);
        Assert.Equal(found, results.Select(result => result.IsSuccess));
        Assert.Contains(true, found);
        Assert.Contains(false, found);
        Assert.All(results.Where(result => !result.IsSuccess), result => Assert.IsType<ExplainException>(result.Error));

        bool Finds(RgbImage image)
        {
            using var detector = new ObjectDetector(model, DetectionInference.Default with { ScoreThreshold = 0.36f }, _engine);
            return detector.Predict(image, Token).Objects.Length > 0;
        }
    }

    private BoxActivation Explain(LoadedModel model, RgbImage image, int index, CamMethod method = CamMethod.HiResCam)
    {
        using var mapper = new BoxActivationMapper(model, new CamOptions { Method = method, Batch = 5 }, index, null, _engine);
        return mapper.Predict(image, Token);
    }

    // The thing is the one that a detector gives, and the map lies over the image without what was added.
    private void Check(LoadedModel model, RgbImage image, int index, BoxActivation seen)
    {
        using var detector = new ObjectDetector(model, DetectionInference.Default with { HasMasks = false }, _engine);
        Assert.Equal(detector.Predict(image, Token).Objects[index], seen.Thing);
        ImageSize view = Prepared(model, image).View;
        Assert.Equal((view.Width, view.Height), (seen.Seen.Width, seen.Seen.Height));
        Assert.Equal(new Shape(1, view.Height, view.Width), seen.Cam.Map.Shape);
        Assert.Equal(seen.Thing.Box.Right * view.Width / image.Width, seen.Box.Right, 1e-6);
    }

    // Steps of the layer along random directions change the value by the sum of gradient times step.
    private static void CheckGradient(
        LoadedModel model,
        ComputationGraph graph,
        Tensor input,
        Tensor gradient,
        Func<IReadOnlyDictionary<string, ReferenceTensor>, double> value,
        double? expected = null
    )
    {
        ComputationGraph moved = WithStep(graph.WithInputs(input.Shape), Layer);
        var reference = new ReferenceInterpreter(moved, model.Weights);
        var image = new ReferenceTensor(input.Shape, [.. input.Data.Select(x => (double)x)]);
        var random = new Random(3);
        double[] at = new double[gradient.Data.Length];
        if (expected is { } known)
            Assert.Equal(known, At(at), 1e-3 * Math.Max(1, Math.Abs(known)));
        for (int round = 0; round < 2; round++)
        {
            double change = 0,
                size = 0;
            for (int i = 0; i < at.Length; i++)
            {
                at[i] = Step * ((2 * random.NextDouble()) - 1);
                double part = 2 * at[i] * gradient.Data[i];
                change += part;
                size += part * part;
            }

            // The values on the way back are those of the engine, in single precision.
            double bound = 1e-10 + (0.002 * Math.Sqrt(size));
            Assert.InRange(At(at) - At([.. at.Select(x => -x)]) - change, -bound, bound);
            Assert.True(size > 0);
        }

        double At(double[] step)
        {
            ReferenceTensor[] values = reference.RunAll([image, new ReferenceTensor(gradient.Shape, step)]);
            return value(moved.Outputs.ToDictionary(output => output.Name, output => values[output.Value.Index]));
        }
    }

    // The same graph, with an input more that is added to a layer.
    private static ComputationGraph WithStep(ComputationGraph graph, string layer)
    {
        Value changed = GraphLayers.Find(graph, layer)!;
        var builder = new GraphBuilder();
        foreach (ParameterSpec spec in graph.Parameters)
            builder.Declare(spec);
        var moved = new Dictionary<Value, Value>();
        Value? step = null;
        foreach (Value value in graph.Values)
        {
            moved[value] = builder.Add(value.Scope, value.Op, [.. value.Inputs.Select(input => moved[input])]);
            step ??= builder.Input("step", changed.Shape);
            if (value == changed)
                moved[value] = builder.Add("", new Binary(BinaryKind.Add), moved[value], step);
        }

        return builder.Build([.. graph.Outputs.Select(output => new GraphOutput(output.Name, moved[output.Value]))]);
    }

    private Tensor RegionOf(LoadedModel model, RgbImage image, Tensor input, int index)
    {
        var definition = (IRegionDefinition)model.Definition;
        IReadOnlyDictionary<string, Tensor> outputs = Run(model.Graph, model.Weights, input);
        ImageSize view = Prepared(model, image).View;
        using var pipeline = new DetectionPipeline(
            definition,
            DetectionInference.Default,
            graph => _engine.CreateSession(graph, model.Weights)
        );
        TracedDetections found = pipeline.Trace(name => outputs[name], view, new ImageSize(image.Width, image.Height), Token);
        int region = found.Things[index].Source;
        return new Tensor(new Shape(1, 5), [0, .. found.Regions!.Stages[0].Regions.AsSpan(region * 4, 4)]);
    }

    private static (Tensor Input, ImageSize View) Prepared(LoadedModel model, RgbImage image)
    {
        PreparedImage prepared = new DetectionPreparation(model.Card.Preprocess).Prepare(image, "image");
        return (prepared.Inputs[0], ((DetectionView)prepared.Detail!).Size);
    }

    private IReadOnlyDictionary<string, Tensor> Run(ComputationGraph graph, WeightSet weights, Tensor input)
    {
        using CpuSession session = _engine.CreateSession(graph, weights);
        return session.Run(input, Token);
    }

    private static int[] Classes(float[] logits, int classes)
    {
        int pixels = logits.Length / classes;
        return [.. Enumerable.Range(0, pixels).Select(p => Enumerable.Range(0, classes).MaxBy(c => logits[(c * pixels) + p]))];
    }

    private static LoadedModel Create(string family, int classes = 3)
    {
        ModelOptions options = family switch
        {
            "fpn" => new SemanticFpnOptions
            {
                Backbone = Backbone,
                NumClasses = classes,
                NeckChannels = 8,
                HeadChannels = 8,
            },
            "retinanet" => new RetinaNetOptions
            {
                Backbone = Backbone,
                NumClasses = classes,
                NeckChannels = 8,
                HeadChannels = 8,
                HeadDepth = 1,
            },
            "mask_rcnn" => new MaskRcnnOptions
            {
                Backbone = Backbone,
                NumClasses = classes,
                NeckChannels = 8,
                ProposalChannels = 8,
                BoxFeatures = 16,
                MaskConvs = 1,
                MaskChannels = 8,
            },
            _ => new CascadeMaskRcnnOptions
            {
                Backbone = Backbone,
                NumClasses = classes,
                NeckChannels = 8,
                ProposalChannels = 8,
                BoxFeatures = 16,
                MaskConvs = 1,
                MaskChannels = 8,
            },
        };
        var card = new ModelCard
        {
            Name = family,
            Options = options,
            Labels = [.. Enumerable.Range(0, classes).Select(c => $"c{c}")],
            Preprocess = new PreprocessCard
            {
                Width = 96,
                Height = 64,
                Crop = 1,
                Mode = ResizeMode.Fit,
                SizeDivisor = 32,
                IsPadded = family != "fpn",
                Filter = ResizeFilter.PlainBilinear,
            },
        };
        return LoadedModel.Create(card, FormulaWeights.Create(card.CreateDefinition().Build(card.InputShape()).Parameters));
    }

    private static RgbImage Image(int width, int height)
    {
        byte[] pixels = new byte[width * height * 3];
        new Random(width).NextBytes(pixels);
        return new RgbImage(width, height, pixels);
    }
}
