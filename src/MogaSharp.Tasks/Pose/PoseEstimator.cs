using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Vision;

namespace MogaSharp.Tasks;

/// <summary>
/// Finds the joints of people: their boxes cut out of the image, network, heat maps decoded, people who are nearly the same left out. Safe
/// for concurrent use.
/// </summary>
public sealed class PoseEstimator : ImagePredictor<ImagePoses>
{
    // 32 people of 256 x 192.
    private const long RunPixels = 32 * 256 * 192;

    private readonly PoseInference _inference;
    private readonly PoseSuppression _suppression;

    /// <summary>Binds a loaded model to an engine.</summary>
    /// <param name="model">The model. It need not be kept: the engine has its weights in a form of its own.</param>
    /// <param name="inference">How joints are found; <see cref="PoseInference.Default"/> when null.</param>
    /// <param name="find">Gives the people of each image; null where an image is one person.</param>
    /// <param name="engine">The engine, which must outlive the estimator; null for a managed one that the estimator owns.</param>
    /// <param name="logger">Receives the batches that go through the network and images that cannot be read; null for none.</param>
    /// <exception cref="ModelCardException">The model does not find joints, takes other than 3 channels, or its card names a skeleton
    /// that is not known or has another number of joints.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public PoseEstimator(
        LoadedModel model,
        PoseInference? inference = null,
        PersonFinder? find = null,
        IInferenceEngine? engine = null,
        ILogger? logger = null
    )
        : base(model, Check(model), new PosePreparation(model.Card.Preprocess, inference, find), engine, logger)
    {
        _inference = inference ?? PoseInference.Default;
        Skeleton = SkeletonOf(model.Card);
        _suppression = new PoseSuppression(Skeleton)
        {
            JointThreshold = _inference.JointThreshold,
            SimilarityThreshold = _inference.SimilarityThreshold,
        };
    }

    /// <summary>The joints.</summary>
    public SkeletonDefinition Skeleton { get; }

    /// <inheritdoc/>
    protected override long MaxRunPixels => RunPixels;

    /// <summary>Loads a model by catalogue name or card and binds it to an engine.</summary>
    /// <param name="nameOrCard">See <see cref="ModelSource.FindCard"/>.</param>
    /// <param name="inference">How joints are found; <see cref="PoseInference.Default"/> when null.</param>
    /// <param name="find">Gives the people of each image; null where an image is one person.</param>
    /// <param name="engine">The engine, which must outlive the estimator; null for a managed one that the estimator owns.</param>
    /// <param name="options">Which weights.</param>
    /// <param name="cancellationToken">Ends a download.</param>
    /// <inheritdoc cref="ModelSource.LoadAsync(string, ModelSourceOptions, CancellationToken)"/>
    public static async Task<PoseEstimator> CreateAsync(
        string nameOrCard,
        PoseInference? inference = null,
        PersonFinder? find = null,
        IInferenceEngine? engine = null,
        ModelSourceOptions? options = null,
        CancellationToken cancellationToken = default
    ) => new(await ModelSource.LoadAsync(nameOrCard, options ?? new(), cancellationToken).ConfigureAwait(false), inference, find, engine);

    /// <summary>Finds the joints of given people.</summary>
    /// <param name="image">The image.</param>
    /// <param name="boxes">The people.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="PersonBoxException">A box is empty, not finite, or outside of the image.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ImagePoses Predict(RgbImage image, IReadOnlyList<PersonBox> boxes, CancellationToken cancellationToken = default) =>
        Predict([((PosePreparation)Preparation).Prepare(image, boxes, "image")], cancellationToken)[0];

    /// <inheritdoc/>
    protected override ImagePoses Interpret(PreparedImage image, IReadOnlyList<NetworkOutputs> outputs, CancellationToken cancellationToken)
    {
        var people = (ImmutableArray<PosePerson>)image.Detail!;
        int step = _inference.Flip ? 2 : 1;
        PersonPose[] poses =
        [
            .. people.Select((person, i) => _suppression.Rescore(Decode(person, [.. outputs.Skip(i * step).Take(step)]))),
        ];
        return new ImagePoses(_suppression.Suppress(poses), Skeleton);
    }

    private PersonPose Decode(PosePerson person, NetworkOutputs[] outputs)
    {
        Shape shape = outputs[0].ShapeOf(IPoseDefinition.HeatMaps);
        var size = new ImageSize(shape[3], shape[2]);
        float[] maps = outputs[0][IPoseDefinition.HeatMaps].ToArray();
        if (outputs.Length > 1)
            HeatMaps.MergeMirrored(maps, outputs[1][IPoseDefinition.HeatMaps], size, Skeleton);
        return new PersonPose(
            person.Person.Box,
            person.Person.Score,
            [.. HeatMapDecoder.Decode(maps, size, person.Region, _inference.Refinement)]
        )
        {
            Area = person.Region.Area,
        };
    }

    private static ComputationGraph Check(LoadedModel model)
    {
        if (model.Definition is not IPoseDefinition definition)
            throw new ModelCardException(model.Card.Name, $"The model is for {model.Card.Options.Task}; it does not find joints.")
            {
                IsForAnotherTask = true,
            };
        int joints = SkeletonOf(model.Card).Joints.Length;
        return joints == definition.Joints
            ? model.Graph
            : throw new ModelCardException(
                model.Card.Name,
                $"The skeleton '{model.Card.Skeleton}' has {joints} joints, the network {definition.Joints}."
            );
    }

    private static SkeletonDefinition SkeletonOf(ModelCard card) =>
        SkeletonDefinition.Find(card.Skeleton ?? "")
        ?? throw new ModelCardException(card.Name, $"No skeleton is called '{card.Skeleton}'; there is {SkeletonDefinition.Coco.Name}.");
}
