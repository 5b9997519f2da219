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

    private ClipTrainSet(IClipDataset train, IClipDataset? eval, ModelCard card) => (_train, _eval, Card) = (train, eval, card);

    public override ModelCard Card { get; }

    public override int TrainCount => _train.Count;

    public override int? EvalCount => _eval?.Count;

    public override string Describe
    {
        get
        {
            ClipShape clip = _train.Shape;
            return string.Create(CultureInfo.InvariantCulture, $"{clip.InputFrames} to {clip.OutputFrames} frames of {clip.Channels} x {clip.Height} x {clip.Width}");
        }
    }

    // Frames and channels are the model's; the size of the frames is the data's.
    public static new ClipTrainSet Open(string text, ModelCard card)
    {
        var spec = ClipSpec.Parse(text);
        IClipDataset train = spec.Open(DatasetSplit.Train);
        ClipShape clip = train.Shape;
        var model = (IVideoDefinition)card.CreateDefinition();
        if (clip.Channels != model.Channels) throw new UsageException($"the data's frames have {clip.Channels} channels, {card.Name} takes {model.Channels}");
        if (clip.InputFrames != model.Frames)
            throw new UsageException($"the data's clips show {clip.InputFrames} frames, {card.Name} takes {model.Frames}; '?in={model.Frames}' behind the data makes them fit");
        if (clip.OutputFrames > model.Frames)
            throw new UsageException($"the data's clips go on for {clip.OutputFrames} frames, {card.Name} gives {model.Frames}; '?out={model.Frames}' behind the data makes them fit");
        IClipDataset? eval = spec.HasSeparateSplits ? spec.Open(DatasetSplit.Test) : null;
        if (eval is not null && eval.Shape != clip) throw new UsageException($"the test clips are {Size(eval.Shape)}, those to train on {Size(clip)}");
        return new ClipTrainSet(train, eval, card with { Preprocess = card.Preprocess with { Height = clip.Height, Width = clip.Width } });
    }

    public override void RequireSame(ModelCard begun, string folder)
    {
        (int height, int width) = (begun.Preprocess.Height, begun.Preprocess.Width);
        if ((_train.Shape.Height, _train.Shape.Width) != (height, width))
            throw new UsageException($"the run in '{folder}' trains on frames of {height} x {width}, the data has {_train.Shape.Height} x {_train.Shape.Width}");
    }

    public override PreprocessCard Preprocessing(TrainingRecipe recipe, PreprocessCard model) => Card.Preprocess;

    public override ITrainingData Read(TrainingRecipe recipe, PreprocessCard preprocess, int workers, ProcessShare? share) =>
        new ClipTrainingData(_train, _eval, recipe, workers, share);

    public override void Dispose()
    {
        (_train as IDisposable)?.Dispose();
        (_eval as IDisposable)?.Dispose();
    }

    private static string Size(ClipShape clip) => $"{clip.InputFrames} + {clip.OutputFrames} frames of {clip.Channels} x {clip.Height} x {clip.Width}";
}
