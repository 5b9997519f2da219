using System.Globalization;
using Microsoft.Extensions.Logging;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Training;

/// <summary>Clips for video prediction.</summary>
public sealed class ClipTrainingSet : TrainingSet, IEvaluationSource
{
    private readonly IClipDataset _train;
    private readonly IClipDataset? _eval;

    private ClipTrainingSet(ClipSpec source, IClipDataset train, IClipDataset? eval, ModelCard card, IReadOnlyList<string> notes) =>
        (Source, _train, _eval, Model, Notes) = (source, train, eval, card, notes);

    /// <summary>Where the clips come from.</summary>
    public ClipSpec Source { get; }

    /// <summary>The shape of a clip.</summary>
    public ClipShape Shape => _train.Shape;

    /// <inheritdoc/>
    public override ModelCard Model { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Notes { get; }

    /// <inheritdoc/>
    public override int TrainCount => _train.Count;

    /// <inheritdoc/>
    public override int? EvalCount => _eval?.Count;

    /// <inheritdoc/>
    public override string Describe
    {
        get
        {
            ClipShape clip = Shape;
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{clip.InputFrames} to {clip.OutputFrames} frames of {clip.Channels} x {clip.Height} x {clip.Width}"
            );
        }
    }

    /// <summary>Checks what can be checked without opening the data.</summary>
    /// <param name="text">The data; see <see cref="ClipSpec"/>.</param>
    /// <param name="card">The model.</param>
    /// <exception cref="DatasetSpecException">The text does not name clips.</exception>
    /// <exception cref="TrainingSetupException">The model does not take clips.</exception>
    public static void Check(string text, ModelCard card) => SpecOf(text, card);

    /// <summary>Opens clips and fits the model to their size, of which it gives as many frames as it sees.</summary>
    /// <param name="text">The data; see <see cref="ClipSpec"/>.</param>
    /// <param name="card">The model.</param>
    /// <exception cref="DatasetSpecException">The text does not name clips.</exception>
    /// <exception cref="DatasetException">The clips are broken.</exception>
    /// <exception cref="TrainingSetupException">The clips do not fit the model or each other.</exception>
    public static ClipTrainingSet Open(string text, ModelCard card)
    {
        ClipSpec spec = SpecOf(text, card);
        var options = (IVideoOptions)card.Options;
        IClipDataset train = spec.Open(DatasetSplit.Train);
        IClipDataset? eval = spec.HasSeparateSplits ? spec.Open(DatasetSplit.Test) : null;
        ClipShape clip = train.Shape;
        if (clip.OutputFrames > clip.InputFrames)
            throw new TrainingSetupException(
                $"{card.Name} gives as many frames as it sees, {clip.InputFrames}, but the data's clips go on for "
                    + $"{clip.OutputFrames}; '?out={clip.InputFrames}' behind the data makes them fit."
            );
        if (eval is not null && eval.Shape != clip)
            throw new TrainingSetupException($"The test clips have {Size(eval.Shape)}, those to train on {Size(clip)}.");
        ModelOptions fitted = options.WithInShape([clip.InputFrames, clip.Channels, clip.Height, clip.Width]);
        return new ClipTrainingSet(
            spec,
            train,
            eval,
            card with
            {
                Options = fitted,
                Preprocess = card.Preprocess with { Height = clip.Height, Width = clip.Width },
                // The data's values are from 0 to 1.
                Clip = new ClipCard { OutFrames = clip.OutputFrames },
            },
            Said(spec, train, eval)
        );
    }

    /// <summary>Opens clips that a finished model is evaluated on. Both parts of the set are that one; the model stays as it is, but for
    /// the number of frames that it predicts.</summary>
    /// <param name="text">The data; see <see cref="ClipSpec"/>.</param>
    /// <param name="card">The model.</param>
    /// <param name="split">The part.</param>
    /// <exception cref="DatasetSpecException">The text does not name clips.</exception>
    /// <exception cref="DatasetException">The clips are broken.</exception>
    /// <exception cref="TrainingSetupException">The clips have other frames or channels than the model takes.</exception>
    /// <exception cref="GraphException">The model cannot take frames of the clips' size.</exception>
    public static ClipTrainingSet OpenEvaluation(string text, ModelCard card, DatasetSplit split = DatasetSplit.Test)
    {
        ClipSpec spec = SpecOf(text, card);
        IClipDataset clips = spec.Open(split);
        try
        {
            Require(card, text, clips.Shape);
        }
        catch
        {
            (clips as IDisposable)?.Dispose();
            throw;
        }

        return new(spec, clips, clips, card with { Clip = new ClipCard { OutFrames = clips.Shape.OutputFrames } }, clips.Notes);
    }

    private static void Require(ModelCard card, string text, ClipShape clip)
    {
        var definition = (IVideoDefinition)card.CreateDefinition();
        if (clip.InputFrames != definition.Frames)
            throw new TrainingSetupException($"{card.Name} sees {definition.Frames} frames, '{text}' gives {clip.InputFrames}.");
        if (clip.Channels != definition.Channels)
            throw new TrainingSetupException(
                $"{card.Name} takes frames of {definition.Channels} channels, '{text}' has "
                    + $"{clip.Channels}{(definition.Channels == 1 ? "; the option gray makes them gray" : "")}."
            );
        definition.Build(definition.InputShape(1, clip.Height, clip.Width));
    }

    /// <inheritdoc/>
    public IEnumerable<TrainingBatch> ReadEvaluation(
        PreprocessCard preprocess,
        EvaluationReading reading,
        CancellationToken cancellationToken
    ) => _eval is null ? [] : ClipTrainingData.Evaluation(_eval, reading, cancellationToken);

    private static ClipSpec SpecOf(string text, ModelCard card) =>
        card.Options is IVideoOptions options
            ? ClipSources.Parse(text, options.InShape[0], card.Clip!.OutFrames)
            : throw new TrainingSetupException(
                $"{card.Name} is a model for {card.Options.Task}; '{text}' takes one for {ModelTask.Video}."
            );

    private static IReadOnlyList<string> Said(ClipSpec spec, IClipDataset train, IClipDataset? eval) =>
        eval is null
            ? [.. spec.PartNotes(DatasetSplit.Train), .. train.Notes, "there is nothing to evaluate on: the last epoch counts as the best"]
            : [.. spec.PartNotes(DatasetSplit.Train), .. train.Notes, .. spec.PartNotes(DatasetSplit.Test), .. eval.Notes];

    /// <inheritdoc/>
    public override void RequireSame(ModelCard begun, string folder)
    {
        string now = Size(Model),
            then = Size(begun);
        if (now != then)
            throw new RunFolderException($"The run in '{folder}' trains on clips of {then}; the data has {now}.");
    }

    /// <inheritdoc/>
    public override PreprocessCard Preprocessing(TrainingRecipe recipe, PreprocessCard model) => Model.Preprocess;

    /// <inheritdoc/>
    public override ITrainingData Read(TrainingRecipe recipe, PreprocessCard preprocess, int workers, ProcessShare share, ILogger logger) =>
        new ClipTrainingData(_train, _eval, recipe, workers, share, logger);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            (_train as IDisposable)?.Dispose();
            if (!ReferenceEquals(_eval, _train))
                (_eval as IDisposable)?.Dispose();
        }

        base.Dispose(disposing);
    }

    private static string Size(ClipShape clip) =>
        $"{clip.InputFrames} and {clip.OutputFrames} frames of {clip.Channels} x {clip.Height} x {clip.Width}";

    private static string Size(ModelCard card) =>
        ((IVideoOptions)card.Options).InShape is [int frames, int channels, int height, int width]
            ? $"{frames} frames of {channels} x {height} x {width}"
            : "";
}
