using System.Collections.Immutable;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Torch;
using MogaSharp.Vision;

namespace MogaSharp.Training;

/// <summary>Images to the boxes of objects, and their masks where the network makes any.</summary>
public sealed class DetectionTask : TrainingTask
{
    /// <summary>What sides of inputs are multiples of.</summary>
    internal const int Divisor = 32;

    // Of each level of the pyramid, as in the official trainings.
    private const int MostPerLevel = 2000;

    private static readonly Metric BoxPrecision = Share("box_ap", "box AP");
    private static readonly Metric MaskPrecision = Share("mask_ap", "mask AP");

    private readonly IDetectionDefinition _definition;
    private readonly AnchorLosses _anchors;
    private readonly ProposalSelector? _selector;
    private readonly RegionLosses? _regions;

    /// <summary>Makes a task for a model.</summary>
    /// <param name="definition">The model.</param>
    /// <param name="recipe">The settings.</param>
    public DetectionTask(IDetectionDefinition definition, DetectionRecipe recipe)
    {
        _definition = definition;
        _anchors =
            definition is IRegionDefinition
                ? new AnchorLosses(definition)
                {
                    Assigner = MaxIoUAssigner.RegionProposals,
                    Sampler = RandomSampler.RegionProposals with { Number = recipe.AnchorSamples },
                    InsideOnly = recipe.InsideOnly,
                    Beta = recipe.ProposalBeta,
                }
                : new AnchorLosses(definition) { Assigner = MaxIoUAssigner.RetinaNet };
        if (definition is not IRegionDefinition regions)
        {
            Metrics = [BoxPrecision, Share("box_ap50", "AP50"), Share("box_ap75", "AP75")];
            return;
        }

        _selector = new ProposalSelector
        {
            Anchors = definition.Anchors.ToGenerator(),
            MostPerLevel = MostPerLevel,
            Suppression = new(0.7f) { Most = recipe.Proposals },
        };
        _regions = new RegionLosses(regions, recipe);
        Metrics = [BoxPrecision, Share("box_ap50", "AP50"), Share("box_ap75", "AP75"), MaskPrecision];
    }

    /// <inheritdoc/>
    public override ModelTask Task => ModelTask.Detection;

    /// <inheritdoc/>
    public override ImmutableArray<Metric> Metrics { get; }

    /// <inheritdoc/>
    public override Metric Best => BoxPrecision;

    /// <inheritdoc/>
    public override Losses Step(NetworkPass pass, TrainingBatch batch)
    {
        DetectionBatch images = batch.As<DetectionBatch>();
        IReadOnlyDictionary<string, TorchTensor> outputs = pass.Run(batch);
        GroundTruth[] truths = GroundTruth.Of(images);
        Random random = pass.CreateRandom();
        (TorchTensor classes, TorchTensor boxes) = _anchors.Of(outputs, truths, random);
        if (_regions is null)
            return new(("loss_cls", classes), ("loss_bbox", boxes));
        float[][] regions = images.Regions is { } given ? [.. given] : Proposals(outputs, truths);
        return new([("loss_rpn_cls", classes), ("loss_rpn_bbox", boxes), .. _regions.Of(pass, outputs, truths, regions, random)]);
    }

    /// <inheritdoc/>
    public override TaskEvaluation CreateEvaluation() => new DetectionEvaluation(_definition);

    /// <summary>The shape that the network is built for: images of the recipe's size.</summary>
    internal static Shape InputShape(ModelCard card, TrainingRecipe recipe)
    {
        ImmutableArray<int> scale = (recipe.Detection ?? new()).Scale;
        var size = new ImageSize(scale.Max(), scale.Min());
        size = SizeRules.UpToMultiple(size, Divisor);
        return card.CreateDefinition().InputShape(1, size.Height, size.Width);
    }

    private float[][] Proposals(IReadOnlyDictionary<string, TorchTensor> outputs, GroundTruth[] truths)
    {
        ImmutableArray<HeadLevel> all = _definition.Levels(name => outputs[name].ToTensor());
        return
        [
            .. truths.Select(
                (truth, image) => _selector!.Select([.. all.Select(level => Of(level, image, truths.Length))], truth.Size).Boxes.ToArray()
            ),
        ];
    }

    private static HeadLevel Of(HeadLevel all, int image, int count)
    {
        (int scores, int deltas) = (all.Scores.Length / count, all.Deltas.Length / count);
        return all with { Scores = all.Scores.Slice(image * scores, scores), Deltas = all.Deltas.Slice(image * deltas, deltas) };
    }

    private static Metric Share(string name, string label) =>
        new(name, label)
        {
            Axis = "precision (%)",
            Scale = 100,
            Unit = "%",
        };
}
