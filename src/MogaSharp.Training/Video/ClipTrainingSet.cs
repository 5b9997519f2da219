using System.Globalization;
using Microsoft.Extensions.Logging;
using MogaSharp.Data;
using MogaSharp.Models;

namespace MogaSharp.Training;

/// <summary>Clips for video prediction.</summary>
public sealed class ClipTrainingSet : TrainingSet
{
    private readonly IClipDataset _train;
    private readonly IClipDataset? _eval;

    private ClipTrainingSet(IClipDataset train, IClipDataset? eval, ModelCard card, IReadOnlyList<string> notes) =>
        (_train, _eval, Model, Notes) = (train, eval, card, notes);

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
            ClipShape clip = _train.Shape;
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
    public static void Check(string text, ModelCard card) => Spec(text, card);

    /// <summary>Opens clips and fits the model to their size, of which it gives as many frames as it sees.</summary>
    /// <param name="text">The data; see <see cref="ClipSpec"/>.</param>
    /// <param name="card">The model.</param>
    /// <exception cref="DatasetSpecException">The text does not name clips.</exception>
    /// <exception cref="DatasetException">The clips are broken.</exception>
    /// <exception cref="TrainingSetupException">The clips do not fit the model or each other.</exception>
    public static ClipTrainingSet Open(string text, ModelCard card)
    {
        ClipSpec spec = Spec(text, card);
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

    private static ClipSpec Spec(string text, ModelCard card) =>
        card.Options is IVideoOptions options
            ? ClipSources.Parse(text, options.InShape[0], card.Clip!.OutFrames)
            : throw new TrainingSetupException($"{card.Name} is not a model for clips.");

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
