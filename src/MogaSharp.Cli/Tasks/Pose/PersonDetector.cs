using System.Collections.Immutable;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Tasks;

namespace MogaSharp.Cli;

/// <summary>Finds the people in images with a detector, by the rule of MMPose's demonstrations: boxes of the class <c>person</c> from a
/// score on.</summary>
internal sealed class PersonDetector : IDisposable
{
    /// <summary>The least score of a box where nobody says.</summary>
    public const double DefaultScore = 0.3;

    private const string Person = "person";

    private readonly ObjectDetector _detector;
    private readonly IInferenceEngine _engine;

    // Images are prepared on several threads, and one search takes all processors.
    private readonly Lock _gate = new();

    private PersonDetector(LoadedModel model, double leastScore, IInferenceEngine engine)
    {
        _engine = engine;
        _detector = new ObjectDetector(
            model,
            new DetectionInference
            {
                // Which scores have to be above, not at.
                ScoreThreshold = leastScore > 0 ? MathF.BitDecrement((float)leastScore) : 0,
                Classes = [PersonOf(model.Card)],
                HasMasks = false,
            },
            engine
        );
    }

    /// <summary>Loads a detector.</summary>
    /// <param name="nameOrPath">A model of the catalogue or a card.</param>
    /// <param name="leastScore">The least score of a box, 0 to 1.</param>
    /// <param name="engine">What computes; it is disposed here.</param>
    /// <param name="cancellationToken">Ends a download.</param>
    /// <exception cref="UsageException">The model does not find things, or does not know people.</exception>
    public static async Task<PersonDetector> LoadAsync(
        string nameOrPath,
        double leastScore,
        IInferenceEngine engine,
        CancellationToken cancellationToken
    )
    {
        try
        {
            ModelCard card = ModelFinder.Card(nameOrPath);
            if (card.CreateDefinition() is not IDetectionDefinition)
                throw new UsageException($"--detector takes a model for detection; {card.Name} is one for {card.Options.Task}.");
            // Before its weights are read.
            PersonOf(card);
            LoadedModel model = await ModelFinder.LoadAsync(card, null, false, cancellationToken).ConfigureAwait(false);
            return new PersonDetector(model, leastScore, engine);
        }
        catch
        {
            engine.Dispose();
            throw;
        }
    }

    /// <summary>The people in an image, the surest first.</summary>
    /// <param name="name">What names the image.</param>
    /// <param name="image">The image.</param>
    public IReadOnlyList<PersonBox> Find(string name, RgbImage image)
    {
        ImageDetections found;
        lock (_gate)
            found = _detector.Predict(image);
        PersonBox[] people =
        [
            .. found.Objects.Where(one => one.Box.Width > 0 && one.Box.Height > 0).Select(one => new PersonBox(one.Box, one.Score)),
        ];
        if (people.Length == 0)
            Notices.OfThisRun.Count("nobody", name, count => $"{count} image{(count == 1 ? "" : "s")} in which the detector finds nobody");
        return people;
    }

    /// <summary>Frees the detector and its engine.</summary>
    public void Dispose()
    {
        _detector.Dispose();
        _engine.Dispose();
    }

    private static int PersonOf(ModelCard card)
    {
        ImmutableArray<string> names = card.GetLabels();
        int person = names.IndexOf(Person, 0, names.Length, StringComparer.OrdinalIgnoreCase);
        return person >= 0 ? person : throw new UsageException($"--detector: {card.Name} does not know the class '{Person}'.");
    }
}
