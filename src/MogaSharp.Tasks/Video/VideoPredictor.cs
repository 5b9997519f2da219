using System.Collections.Immutable;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;

namespace MogaSharp.Tasks;

/// <summary>
/// Predicts how clips go on: from the frames that are seen to those that follow. Safe for concurrent use.
/// </summary>
public sealed class VideoPredictor : IDisposable
{
    private readonly ModelSession _session;
    private readonly IVideoDefinition _definition;

    /// <summary>Binds a loaded model to an engine.</summary>
    /// <param name="model">The model. It need not be kept: the engine has its weights in a form of its own.</param>
    /// <param name="engine">The engine, which must outlive the predictor; null for a managed one that the predictor owns.</param>
    /// <exception cref="ModelCardException">The model does not predict video, or its card has another number of means than
    /// channels.</exception>
    public VideoPredictor(LoadedModel model, IInferenceEngine? engine = null)
    {
        Card = model.Card;
        _definition =
            model.Definition as IVideoDefinition
            ?? throw new ModelCardException(Card.Name, $"The model is for {Card.Options.Task}; it does not predict video.")
            {
                IsForAnotherTask = true,
            };
        PreprocessCard preprocess = Card.Preprocess;
        if (
            (preprocess.Mean.Length != 1 && preprocess.Mean.Length != Channels)
            || (preprocess.Std.Length != 1 && preprocess.Std.Length != Channels)
        )
            throw new ModelCardException(
                Card.Name,
                $"The card has {preprocess.Mean.Length} means and {preprocess.Std.Length} deviations for {Channels} channels."
            );
        InputShape = model.Graph.Inputs[0].Shape;
        _session = new ModelSession(model.Graph, model.Weights, engine);
    }

    /// <summary>The model's card.</summary>
    public ModelCard Card { get; }

    /// <summary>T: the frames that it needs to see.</summary>
    public int InputFrames => _definition.Frames;

    /// <summary>The frames that it predicts unless another number is asked for.</summary>
    public int OutputFrames => Card.Clip?.OutFrames ?? InputFrames;

    /// <summary>The channels of a frame: 1 for gray, 3 for RGB.</summary>
    public int Channels => _definition.Channels;

    /// <summary>The input for one clip at the size that the card states: (1, T, C, H, W). Other sizes may be predicted where the network
    /// allows them.</summary>
    public Shape InputShape { get; }

    /// <summary>Loads a model by catalogue name or card and binds it to an engine.</summary>
    /// <param name="nameOrCard">See <see cref="ModelSource.FindCard"/>.</param>
    /// <param name="engine">The engine, which must outlive the predictor; null for a managed one that the predictor owns.</param>
    /// <param name="options">Which weights.</param>
    /// <param name="cancellationToken">Ends a download.</param>
    /// <inheritdoc cref="ModelSource.LoadAsync(string, ModelSourceOptions, CancellationToken)"/>
    public static async Task<VideoPredictor> CreateAsync(
        string nameOrCard,
        IInferenceEngine? engine = null,
        ModelSourceOptions? options = null,
        CancellationToken cancellationToken = default
    ) => new(await ModelSource.LoadAsync(nameOrCard, options ?? new(), cancellationToken).ConfigureAwait(false), engine);

    /// <summary>Predicts the frames that follow clips.</summary>
    /// <param name="clips">(N, T, C, H, W), values 0..1.</param>
    /// <param name="frames">
    /// T', at least 1; null for <see cref="OutputFrames"/>. More than the network gives in a run take further runs on its own predictions,
    /// fewer are cut off, as the official code does (<c>simvp/methods/simvp.py</c>).
    /// </param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <returns>(N, T', C, H, W), on the scale of the input; values may lie a little outside of 0..1.</returns>
    /// <exception cref="GraphException">The clips have another number of frames or channels than the network takes, or a size that it
    /// cannot take.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="frames"/> is below 1.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The predictor has been disposed.</exception>
    public Tensor Predict(Tensor clips, int? frames = null, CancellationToken cancellationToken = default)
    {
        int wanted = frames ?? OutputFrames;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(wanted, nameof(frames));
        Check(clips.Shape);
        Tensor seen = Scaled(clips, (value, mean, deviation) => (value - mean) / deviation);
        var output = new Tensor(clips.Shape.With(1, wanted));
        for (int done = 0; done < wanted; )
        {
            seen = _session.Run(seen, cancellationToken)[IVideoDefinition.Output];
            int count = Math.Min(InputFrames, wanted - done);
            CopyFrames(seen, output, done, count);
            done += count;
        }

        return Scaled(output, (value, mean, deviation) => (value * deviation) + mean);
    }

    /// <summary>Predicts the frames that follow a clip of images.</summary>
    /// <param name="clip">T images of one size; colors become gray where the network takes gray.</param>
    /// <param name="frames">T', at least 1; null for <see cref="OutputFrames"/>.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="ArgumentException">There is another number of images than <see cref="InputFrames"/>, or they have different
    /// sizes.</exception>
    /// <inheritdoc cref="Predict(Tensor, int?, CancellationToken)"/>
    /// <returns>T' images.</returns>
    public ImmutableArray<RgbImage> Predict(IReadOnlyList<RgbImage> clip, int? frames = null, CancellationToken cancellationToken = default)
    {
        Tensor output = Predict(ToClip(clip), frames, cancellationToken);
        int length = (int)(output.Shape.ElementCount / output.Shape[1]);
        return
        [
            .. Enumerable
                .Range(0, output.Shape[1])
                .Select(i => FramePlanes.ToImage(output.Span.Slice(i * length, length), Channels, output.Shape[3], output.Shape[4])),
        ];
    }

    /// <summary>Makes the input for one clip of images.</summary>
    /// <param name="clip">T images of one size.</param>
    /// <returns>(1, T, C, H, W), values 0..1.</returns>
    /// <exception cref="ArgumentException">There is another number of images than <see cref="InputFrames"/>, or they have different
    /// sizes.</exception>
    public Tensor ToClip(IReadOnlyList<RgbImage> clip)
    {
        if (clip.Count != InputFrames)
            throw new ArgumentException($"'{Card.Name}' takes clips of {InputFrames} frames, not {clip.Count}.", nameof(clip));
        (int height, int width) = (clip[0].Height, clip[0].Width);
        var input = new Tensor(_definition.InputShape(1, height, width));
        int length = Channels * height * width;
        for (int i = 0; i < clip.Count; i++)
        {
            if ((clip[i].Height, clip[i].Width) != (height, width))
                throw new ArgumentException(
                    $"Frame {i} has {clip[i].Width} x {clip[i].Height} pixels, frame 0 has {width} x {height}.",
                    nameof(clip)
                );
            byte[] planes = FramePlanes.Of(clip[i], Channels);
            Span<float> values = input.Span.Slice(i * length, length);
            for (int k = 0; k < length; k++)
                values[k] = planes[k] / 255f;
        }

        return input;
    }

    /// <summary>Frees the session; no call may be in progress.</summary>
    public void Dispose() => _session.Dispose();

    private void Check(Shape clips)
    {
        if (clips.Rank != 5 || clips[1] != InputFrames || clips[2] != Channels || clips.ElementCount == 0)
            throw new GraphException($"'{Card.Name}' takes clips of shape (N, {InputFrames}, {Channels}, H, W), it got {clips}.");
        // The definition says best which sizes it cannot take.
        if (clips[3] != InputShape[3] || clips[4] != InputShape[4])
            _definition.Build(clips.With(0, 1));
    }

    private Tensor Scaled(Tensor clips, Func<float, float, float, float> change)
    {
        (ImmutableArray<float> means, ImmutableArray<float> deviations) = (Card.Preprocess.Mean, Card.Preprocess.Std);
        if (means.All(mean => mean == 0) && deviations.All(deviation => deviation == 1))
            return clips;
        var scaled = new Tensor(clips.Shape);
        int plane = clips.Shape[3] * clips.Shape[4];
        for (int at = 0, channel = 0; at < clips.Data.Length; at += plane, channel = (channel + 1) % Channels)
        {
            (float mean, float deviation) = (means[means.Length == 1 ? 0 : channel], deviations[deviations.Length == 1 ? 0 : channel]);
            for (int i = at; i < at + plane; i++)
                scaled.Data[i] = change(clips.Data[i], mean, deviation);
        }

        return scaled;
    }

    private static void CopyFrames(Tensor from, Tensor to, int first, int count)
    {
        int frame = from.Shape[2] * from.Shape[3] * from.Shape[4];
        for (int clip = 0; clip < from.Shape[0]; clip++)
            from.Span.Slice(clip * from.Shape[1] * frame, count * frame).CopyTo(to.Span[(((clip * to.Shape[1]) + first) * frame)..]);
    }
}
