using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Vision;

namespace MogaSharp.Tasks;

/// <summary>
/// Tells the class of each pixel of images of any size: decoding, resizing as the model card says, network, and the network's numbers
/// resized to the image with the largest one's class taken, in one step. Safe for concurrent use.
/// </summary>
public sealed class SemanticSegmenter : ImagePredictor<Segmentation>
{
    // Four of 512 x 512: their feature maps take some hundred megabytes.
    private const long RunPixels = 1 << 20;

    private readonly int _classes;
    private readonly int _threads;

    /// <summary>Binds a loaded model to an engine.</summary>
    /// <param name="model">The model. It need not be kept: the engine has its weights in a form of its own.</param>
    /// <param name="inference">How images are segmented; <see cref="SegmentationInference.Default"/> when null.</param>
    /// <param name="engine">The engine, which must outlive the segmenter; null for a managed one that the segmenter owns.</param>
    /// <param name="logger">Receives the batches that go through the network and images that cannot be read; null for none.</param>
    /// <exception cref="ModelCardException">The model does not segment images, or takes other than 3 channels.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public SemanticSegmenter(
        LoadedModel model,
        SegmentationInference? inference = null,
        IInferenceEngine? engine = null,
        ILogger? logger = null
    )
        : base(model, Check(model), new SegmentationPreparation(model.Card.Preprocess, inference), engine, logger)
    {
        Classes = model.Card.GetClassLabels();
        _classes = ((ISegmentationDefinition)model.Definition).NumClasses;
        _threads = inference?.Threads is > 0 and int threads ? threads : Environment.ProcessorCount;
    }

    /// <summary>The classes in the order of their indices.</summary>
    public ImmutableArray<ClassLabel> Classes { get; }

    /// <inheritdoc/>
    protected override long MaxRunPixels => RunPixels;

    /// <summary>Loads a model by catalogue name or card and binds it to an engine.</summary>
    /// <param name="nameOrCard">See <see cref="ModelSource.FindCard"/>.</param>
    /// <param name="inference">How images are segmented; <see cref="SegmentationInference.Default"/> when null.</param>
    /// <param name="engine">The engine, which must outlive the segmenter; null for a managed one that the segmenter owns.</param>
    /// <param name="options">Which weights.</param>
    /// <param name="cancellationToken">Ends a download.</param>
    /// <inheritdoc cref="ModelSource.LoadAsync(string, ModelSourceOptions, CancellationToken)"/>
    public static async Task<SemanticSegmenter> CreateAsync(
        string nameOrCard,
        SegmentationInference? inference = null,
        IInferenceEngine? engine = null,
        ModelSourceOptions? options = null,
        CancellationToken cancellationToken = default
    ) => new(await ModelSource.LoadAsync(nameOrCard, options ?? new(), cancellationToken).ConfigureAwait(false), inference, engine);

    /// <inheritdoc/>
    protected override Segmentation Interpret(
        PreparedImage image,
        IReadOnlyList<NetworkOutputs> outputs,
        CancellationToken cancellationToken
    )
    {
        var views = (ImmutableArray<SegmentationView>)image.Detail!;
        var maps = new List<LogitMap>();
        int first = 0;
        foreach (SegmentationView view in views)
        {
            maps.Add(Map(view, [.. outputs.Skip(first).Take(view.Count)], new(image.Size.Width, image.Size.Height)));
            first += view.Count;
        }

        return new Segmentation(LogitMap.Labels(maps, _threads, cancellationToken), Classes);
    }

    // As the official code: the head's numbers, enlarged to the windows, whose mean is resized to the image.
    private LogitMap Map(SegmentationView view, NetworkOutputs[] outputs, ImageSize image)
    {
        Shape shape = outputs[0].ShapeOf(ISegmentationDefinition.Logits);
        var size = new ImageSize(shape[3], shape[2]);
        AxisTaps rows = Axis(size.Height, view.Window.Height, view.Tops, view.Size.Height, image.Height);
        AxisTaps columns = Axis(size.Width, view.Window.Width, view.Lefts, view.Size.Width, image.Width);
        var map = new LogitMap(_classes, rows, view.IsMirrored ? columns.Reversed() : columns);
        for (int i = 0; i < outputs.Length; i++)
        {
            (int row, int column) = Math.DivRem(i, view.Lefts.Length);
            map.Write(outputs[i].MemoryOf(ISegmentationDefinition.Logits), size, row * size.Height, column * size.Width, _threads);
        }

        return map;
    }

    private static AxisTaps Axis(int logits, int window, ImmutableArray<int> starts, int seen, int image) =>
        AxisTaps
            .Resize(logits, window)
            .Repeat(starts.Length)
            .Then(AxisTaps.Windows(window, starts, seen))
            .Then(AxisTaps.Resize(seen, image));

    private static ComputationGraph Check(LoadedModel model) =>
        model.Definition is ISegmentationDefinition
            ? model.Graph
            : throw new ModelCardException(model.Card.Name, $"The model is for {model.Card.Options.Task}; it does not segment images.")
            {
                IsForAnotherTask = true,
            };
}
