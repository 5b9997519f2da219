using System.Globalization;
using MogaSharp.Data;
using MogaSharp.Models;
using MogaSharp.Training;

namespace MogaSharp.Cli;

/// <summary>Clips for video prediction.</summary>
internal sealed class ClipTrainSet : TrainData
{
    private readonly IClipDataset _train;
    private readonly IClipDataset? _eval;

    private ClipTrainSet(IClipDataset train, IClipDataset? eval, ModelCard card, IReadOnlyList<string> notes) =>
        (_train, _eval, Card, Notes) = (train, eval, card, notes);

    public override ModelCard Card { get; }

    public override IReadOnlyList<string> Notes { get; }

    // A video model has no head for classes.
    public override bool NeedsFreshHead => false;

    public override int TrainCount => _train.Count;

    public override int? EvalCount => _eval?.Count;

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

    /// <summary>Checks what can be checked at once.</summary>
    public static void Check(string text, ModelCard card) => Spec(text, card);

    // Fits the model to the size of the clips, of which it gives as many frames as it sees.
    public static ClipTrainSet Open(string text, ModelCard card)
    {
        ClipSpec spec = Spec(text, card);
        var options = (SimVpOptions)card.Options;
        IClipDataset train = spec.Open(DatasetSplit.Train);
        IClipDataset? eval = spec.HasSeparateSplits ? spec.Open(DatasetSplit.Test) : null;
        ClipShape clip = train.Shape;
        if (clip.OutputFrames > clip.InputFrames)
            throw new UsageException(
                $"{card.Name} gives as many frames as it sees, {clip.InputFrames}, but the data's clips go on for "
                    + $"{clip.OutputFrames}; '?out={clip.InputFrames}' behind the data makes them fit"
            );
        if (eval is not null && eval.Shape != clip)
            throw new UsageException($"the test clips have {Size(eval.Shape)}, those to train on {Size(clip)}");
        SimVpOptions fitted = options with { InShape = [clip.InputFrames, clip.Channels, clip.Height, clip.Width] };
        return new ClipTrainSet(
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
        card.Options is SimVpOptions options
            ? ClipSources.Parse(text, options.InShape[0], card.Clip!.OutFrames)
            : throw new UsageException($"{card.Name} is no model for clips");

    private static IReadOnlyList<string> Said(ClipSpec spec, IClipDataset train, IClipDataset? eval) =>
        eval is null
            ? [.. spec.PartNotes(DatasetSplit.Train), .. train.Notes, "there is nothing to evaluate on: the last epoch counts as the best"]
            : [.. spec.PartNotes(DatasetSplit.Train), .. train.Notes, .. spec.PartNotes(DatasetSplit.Test), .. eval.Notes];

    public override void RequireSame(ModelCard begun, string folder)
    {
        string now = Size(Card),
            then = Size(begun);
        if (now != then)
            throw new UsageException($"the run in '{folder}' trains on clips of {then}, the data has {now}");
    }

    public override PreprocessCard Preprocessing(TrainingRecipe recipe, PreprocessCard model) => Card.Preprocess;

    public override ITrainingData Read(TrainingRecipe recipe, PreprocessCard preprocess, int workers, ProcessShare? share) =>
        new ClipTrainingData(_train, _eval, recipe, workers, share, TraceLogger.Instance);

    public override void Dispose()
    {
        (_train as IDisposable)?.Dispose();
        (_eval as IDisposable)?.Dispose();
    }

    private static string Size(ClipShape clip) =>
        $"{clip.InputFrames} and {clip.OutputFrames} frames of {clip.Channels} x {clip.Height} x {clip.Width}";

    private static string Size(ModelCard card) =>
        ((SimVpOptions)card.Options).InShape is [int frames, int channels, int height, int width]
            ? $"{frames} frames of {channels} x {height} x {width}"
            : "";
}
