using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Tasks;

namespace MogaSharp.Cli;

/// <summary>The images of a data set that a model is looked at with.</summary>
internal sealed class MaskedSet
{
    private readonly int[] _places;
    private readonly LabeledInputs _inputs;

    /// <summary>Opens the data set and takes images at equal distances, since sets are often sorted by class.</summary>
    /// <exception cref="UsageException">The grid does not divide what the model sees, or there are no images.</exception>
    public MaskedSet(LoadedModel model, DatasetSpec spec, DatasetSplit split, int images, int grid, IInferenceEngine engine)
    {
        Model = model;
        // Checks that the model classifies images of three channels, and knows how they are prepared.
        using var classifier = new ImageClassifier(model, engine);
        Shape = classifier.InputShape.With(0, 1);
        RequireEven(grid, model.Card.Name);
        IImageDataset set = spec.Open(split, classifier.Card.GetClassLabels());
        Notices.OfThisRun.AddRange(set.Notes);
        if (set.Count == 0)
            throw new UsageException($"'{spec.Kind}:{spec.Path}' has no images.");
        int count = images == 0 ? set.Count : Math.Min(images, set.Count);
        if (images > set.Count)
            Notices.OfThisRun.Add($"the set has {set.Count} images, fewer than {images}: all of them are taken");
        _places = [.. Enumerable.Range(0, count).Select(image => (int)((long)image * set.Count / count))];
        Names = [.. _places.Select(place => set[place].Name)];
        _inputs = new LabeledInputs(set, classifier.Preprocessor, Shape);
        (Mean, StandardDeviation) = ([.. classifier.Preprocessor.Options.Mean], [.. classifier.Preprocessor.Options.StandardDeviation]);
    }

    /// <summary>The model.</summary>
    public LoadedModel Model { get; }

    /// <summary>(1, 3, H, W).</summary>
    public Shape Shape { get; }

    /// <summary>The images' names.</summary>
    public string[] Names { get; }

    /// <summary>What is subtracted from pixels of 0 to 1.</summary>
    public float[] Mean { get; }

    /// <summary>What they are divided by.</summary>
    public float[] StandardDeviation { get; }

    /// <summary>Reads some of the images.</summary>
    public LabeledBatch Read(int first, int count, CancellationToken cancellationToken) =>
        _inputs.Read(_places[first..(first + count)], cancellationToken);

    /// <summary>Says on stderr which images could not be read so far, and returns them.</summary>
    public SkippedImage[] ReportSkipped() => _inputs.ReportSkipped();

    private void RequireEven(int grid, string name)
    {
        (int height, int width) = (Shape[2], Shape[3]);
        if (height % grid == 0 && width % grid == 0)
            return;
        var fitting = PatchGrid.EvenSides(height, width);
        throw new UsageException(
            $"A grid of {grid}x{grid} does not divide the {height}x{width} pixels that {name} sees"
                + (fitting.IsEmpty ? "." : $"; --grid takes {string.Join(", ", fitting)}.")
        );
    }
}
