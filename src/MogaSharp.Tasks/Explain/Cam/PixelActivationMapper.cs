using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;

namespace MogaSharp.Tasks;

/// <summary>Where an image speaks for what a segmentation model gives a class.</summary>
/// <param name="Target">The class that was looked at.</param>
/// <param name="Share">The share of the pixels that are of it, above 0 to 1, in the size of the network's logits.</param>
/// <param name="Cam">The maps, of one image.</param>
/// <param name="Seen">The image as the network sees it, in its size.</param>
public sealed record PixelActivation(int Target, double Share, CamResult Cam, RgbImage Seen);

/// <summary>
/// Makes maps of what a segmentation model finds: of the sum of a class's logits over the pixels that it gives this class. Safe for
/// concurrent use.
/// </summary>
public sealed class PixelActivationMapper : ImagePredictor<PixelActivation>
{
    private readonly CamSession _cam;
    private readonly Cpu.CpuEngine? _owned;
    private readonly int? _target;

    /// <summary>Binds a loaded segmentation model to an engine.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">The method and the layers, by default the last stage of the backbone; <see cref="CamOptions.Default"/> when
    /// null.</param>
    /// <param name="target">The class to look at; null for the one with most pixels of each image.</param>
    /// <param name="engine">The engine, which must outlive the mapper; null for a managed one that the mapper owns.</param>
    /// <exception cref="ModelCardException">The model does not segment images, or takes other than 3 channels.</exception>
    /// <exception cref="ExplainException">A layer or the class does not exist, or the method is for classifiers alone.</exception>
    public PixelActivationMapper(LoadedModel model, CamOptions? options = null, int? target = null, IInferenceEngine? engine = null)
        : this(model, options ?? CamOptions.Default, target, engine, engine is null ? new Cpu.CpuEngine() : null) { }

    private PixelActivationMapper(LoadedModel model, CamOptions options, int? target, IInferenceEngine? engine, Cpu.CpuEngine? owned)
        : base(model, Check(model, owned), new SegmentationPreparation(model.Card.Preprocess), engine ?? owned)
    {
        (_owned, _target) = (owned, target);
        try
        {
            BackboneLayers.Check(options);
            Labels = model.Card.GetLabels();
            if (target is < 0 || target >= Labels.Length)
                throw new ExplainException($"There is no class {target}; the network has {Labels.Length}, from 0 on.");
            ComputationGraph graph = model
                .Graph.WithOutputs(model.Graph.Outputs.First(output => output.Name == ISegmentationDefinition.Logits))
                .Pruned();
            _cam = new CamSession(graph, model.Weights, options, BackboneLayers.Of(graph, options), (engine ?? owned)!, null);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The class names in the order of the outputs.</summary>
    public System.Collections.Immutable.ImmutableArray<string> Labels { get; }

    /// <inheritdoc/>
    protected override PixelActivation Interpret(
        PreparedImage image,
        IReadOnlyList<NetworkOutputs> outputs,
        CancellationToken cancellationToken
    )
    {
        Tensor input = image.Inputs[0];
        CamTarget target = Target(outputs[0].TensorOf(ISegmentationDefinition.Logits));
        Tensor factors = target.Factors[ISegmentationDefinition.Logits];
        return new(
            target.Class,
            (double)factors.Data.Sum() * factors.Shape[1] / factors.Data.Length,
            _cam.Explain([input], _ => [target], cancellationToken),
            SeenImage.Of(input, Card.Preprocess.ToOptions())
        );
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (!disposing)
            return;
        _cam?.Dispose();
        _owned?.Dispose();
    }

    // Names the class where no pixel is of it.
    private CamTarget Target(Tensor logits)
    {
        try
        {
            return CamTarget.OfPixels(ISegmentationDefinition.Logits, logits, _target);
        }
        catch (ExplainException) when (_target is { } asked)
        {
            throw new ExplainException($"The network gives no pixel to the class '{Labels[asked]}'.");
        }
    }

    private static ComputationGraph Check(LoadedModel model, Cpu.CpuEngine? owned)
    {
        if (model.Definition is ISegmentationDefinition)
            return model.Graph;
        owned?.Dispose();
        throw new ModelCardException(model.Card.Name, $"The model is for {model.Card.Options.Task}; it does not segment images.")
        {
            IsForAnotherTask = true,
        };
    }
}
