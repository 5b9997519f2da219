using System.Collections.Immutable;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Vision;

namespace MogaSharp.Training;

/// <summary>People with their joints, in two parts: one by one to train on, image by image to evaluate.</summary>
public sealed class PoseTrainingSet : DenseTrainingSet
{
    private readonly IPoseDataset _train;
    private readonly IPoseDataset? _eval;

    private PoseTrainingSet(IPoseDataset train, IPoseDataset? eval, ModelCard card)
        : base(train, eval, card) => (_train, _eval) = (train, eval);

    private PoseTrainingSet(IPoseDataset eval, bool isPart, ModelCard card)
        : base(eval, isPart, card) => (_train, _eval) = (eval, eval);

    /// <inheritdoc/>
    public override string Describe => $"{Model.Options.ClassCount} joints";

    /// <summary>Checks what can be checked without opening the data.</summary>
    /// <param name="text">The data; see <see cref="PoseSpec"/>.</param>
    /// <exception cref="DatasetSpecException">It does not name a data set.</exception>
    public static void Check(string text) => Parse(text);

    /// <summary>Opens a data set, whose joints the model has to have.</summary>
    /// <param name="text">The data; see <see cref="PoseSpec"/>.</param>
    /// <param name="card">A model for poses.</param>
    /// <exception cref="DatasetSpecException">The text does not name a data set.</exception>
    /// <exception cref="DatasetException">The data set is broken.</exception>
    /// <exception cref="TrainingSetupException">The model is for another task or for other joints.</exception>
    public static PoseTrainingSet Open(string text, ModelCard card)
    {
        PoseSpec spec = ParseFor(card, text);
        IPoseDataset train = spec.OpenPersons(DatasetSplit.Train);
        IPoseDataset? eval = spec.HasSeparateSplits ? spec.OpenImages(DatasetSplit.Test) : null;
        return new PoseTrainingSet(train, eval, Fitted(card, train, text));
    }

    /// <summary>Opens what a finished model is evaluated on: the part that is for it, or all of the data where there is no such part. Both
    /// parts of the set are that one.</summary>
    /// <param name="text">The data; see <see cref="PoseSpec"/>.</param>
    /// <param name="card">A model for poses.</param>
    /// <param name="split">The part; the one to train on for the figures there.</param>
    /// <exception cref="DatasetSpecException">The text does not name a data set.</exception>
    /// <exception cref="DatasetException">The data set is broken.</exception>
    /// <exception cref="TrainingSetupException">The model is for another task or for other joints.</exception>
    public static PoseTrainingSet OpenEvaluation(string text, ModelCard card, DatasetSplit split = DatasetSplit.Test)
    {
        PoseSpec spec = ParseFor(card, text);
        IPoseDataset eval = spec.OpenImages(split);
        return new(eval, spec.HasSeparateSplits, Fitted(card, eval, text));
    }

    /// <inheritdoc/>
    public override void RequireSame(ModelCard begun, string folder)
    {
        if (begun.Skeleton != Model.Skeleton)
            throw new RunFolderException($"The run in '{folder}' is of other joints than the data; a new run needs another folder.");
    }

    private protected override TrainingBatch BatchOf(Batch batch) =>
        new PoseBatch(batch.Images, new Shape(batch.Count, batch.Channels, batch.Height, batch.Width))
        {
            Joints = [.. batch.Annotations.Select(all => all.OfType<PersonAnnotation>().Single().Person.Points)],
            Skeleton = _train.Skeleton,
            BadItems = batch.BadItems,
        };

    private protected override Func<int, ImageItem, TrainingBatch> EvaluationOf(PreprocessCard preprocess)
    {
        IPoseDataset set = _eval!;
        var preparation = new PosePreparation(preprocess, new PoseInference { Flip = false });
        var size = new ImageSize(preprocess.Width, preprocess.Height);
        return (index, item) => Batch(item, set.ImageIdOf(index));

        // The official code's boxes are the annotated ones, cut off at the edges of the image, of people with joints.
        TrainingBatch Batch(ImageItem item, long id)
        {
            RgbImage image = item.ToImage();
            ImmutableArray<AnnotatedPerson> truth = [.. item.ReadAnnotations().OfType<PersonAnnotation>().Select(one => one.Person)];
            AnnotatedPerson[] people =
            [
                .. truth
                    .Where(person => !person.IsCrowd && person.Points.Any(point => point.Visibility != KeyPointVisibility.Unlabeled))
                    .Select(person => person with { Box = CocoPoseSet.Clip(person.Box, new ImageSize(image.Width, image.Height)) })
                    .Where(person => person.Box is { Width: > 0, Height: > 0 } && person.Area > 0),
            ];
            PreparedImage prepared = preparation.Prepare(image, [.. people.Select(person => new PersonBox(person.Box))], item.Name);
            SeenPerson[] seen =
            [
                .. people.Select(person => new SeenPerson(
                    id,
                    person.Box,
                    1,
                    PoseRegion.FromBox(person.Box, size, (float)preprocess.BoxPadding)
                )),
            ];
            return new PoseBatch(
                prepared.Inputs.SelectMany(input => input.Data).ToArray(),
                new Shape(people.Length, 3, preprocess.Height, preprocess.Width)
            )
            {
                People = seen,
                Joints = [.. people.Zip(seen, (person, one) => Moved(person.Points, one.Region.ToInput(size)))],
                Truths = new Dictionary<long, ImmutableArray<AnnotatedPerson>> { [id] = truth },
                Skeleton = set.Skeleton,
            };
        }
    }

    private static ImmutableArray<KeyPoint> Moved(ImmutableArray<KeyPoint> points, AffineMap map) =>
        [
            .. points.Select(point =>
            {
                (double x, double y) = map.Apply(point.X, point.Y);
                return point with { X = x, Y = y };
            }),
        ];

    private protected override IImageTransform TransformOf(TrainingRecipe recipe, PreprocessCard preprocess)
    {
        PoseRecipe own = recipe.Pose ?? new();
        return new PoseTransform(
            new PoseTransformOptions(preprocess.Width, preprocess.Height)
            {
                Padding = (float)preprocess.BoxPadding,
                Shift = own.Shift,
                ShiftProbability = own.ShiftProbability,
                Flip = recipe.HorizontalFlip,
                HalfBodyProbability = own.HalfBodyProbability,
                Scale = own.Scale,
                Rotation = own.Rotation,
                RotationProbability = own.RotationProbability,
                IsBgr = preprocess.ChannelOrder == ChannelOrder.Bgr,
                Mean = preprocess.Mean,
                StandardDeviation = preprocess.Std,
            }
        );
    }

    private static ModelCard Fitted(ModelCard card, IPoseDataset set, string text)
    {
        int joints = set.Skeleton.Joints.Length;
        return joints == card.Options.ClassCount
            ? card with
            {
                Skeleton = set.Skeleton.Name,
            }
            : throw new TrainingSetupException(
                $"{card.Name} finds {card.Options.ClassCount} joints, the people of '{text}' have {joints}."
            );
    }

    private static PoseSpec ParseFor(ModelCard card, string text) =>
        card.Options is HeatMapPoseOptions
            ? Parse(text)
            : throw new TrainingSetupException($"{card.Name} is a model for {card.Options.Task}; '{text}' takes one for poses.");

    private static PoseSpec Parse(string text) => PoseSpec.Parse(text, KnownFolders.OfMnist);
}
