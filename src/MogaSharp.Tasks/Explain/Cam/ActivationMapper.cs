using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;

namespace MogaSharp.Tasks;

/// <summary>Where an image speaks for a class, as far as a classifier is concerned.</summary>
/// <param name="Classification">What the classifier says.</param>
/// <param name="Target">The class that was looked at.</param>
/// <param name="Cam">The maps, of one image.</param>
/// <param name="Seen">The part of the image that the network sees, in its size.</param>
public sealed record ImageActivation(Classification Classification, int Target, CamResult Cam, RgbImage Seen);

/// <summary>
/// Makes class activation maps of images: decoding, preprocessing as the model card says, network, <see cref="ClassActivation"/>. Safe for
/// concurrent use.
/// </summary>
public sealed class ActivationMapper : FixedSizePredictor<ImageActivation>
{
    private readonly ClassActivation _cam;
    private readonly Cpu.CpuEngine? _owned;
    private readonly int? _target;

    /// <summary>Binds a loaded classifier to an engine.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">The method and the layers; <see cref="CamOptions.Default"/> when null.</param>
    /// <param name="target">The class to look at; null for each image's likeliest.</param>
    /// <param name="engine">The engine, which must outlive the mapper; null for a managed one that the mapper owns.</param>
    /// <exception cref="ModelCardException">The model does not classify, or takes other than 3 channels.</exception>
    /// <exception cref="ExplainException">A layer or the class does not exist, or the network does not suit the method.</exception>
    public ActivationMapper(LoadedModel model, CamOptions? options = null, int? target = null, IInferenceEngine? engine = null)
        : this(model, options ?? CamOptions.Default, target, engine, engine is null ? new Cpu.CpuEngine() : null) { }

    private ActivationMapper(LoadedModel model, CamOptions options, int? target, IInferenceEngine? engine, Cpu.CpuEngine? owned)
        : base(model, Check(model, owned), engine ?? owned)
    {
        (_owned, _target) = (owned, target);
        try
        {
            Labels = model.Card.GetLabels();
            if (target is < 0 || target >= Labels.Length)
                throw new ExplainException($"There is no class {target}; the network has {Labels.Length}, from 0 on.");
            Shape input = InputShape;
            _cam = new ClassActivation(model.Definition.Build(input), model.Weights, options, (engine ?? owned)!);
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
    protected override ImageActivation Interpret(PreparedImage image, NetworkOutputs outputs)
    {
        var classification = new Classification(Labels, outputs[ClassifierHead.Logits]);
        int target = _target ?? classification.Best.Index;
        return new(classification, target, _cam.Explain(image.Inputs[0], [target]), SeenImage.Of(image.Inputs[0], Preprocessor.Options));
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

    private static ComputationGraph Check(LoadedModel model, Cpu.CpuEngine? owned)
    {
        if (model.Definition is IClassifierDefinition { NumClasses: > 0 })
            return model.Graph;
        owned?.Dispose();
        throw new ModelCardException(model.Card.Name, $"The model is for {model.Card.Options.Task}; it has no classes of whole images.")
        {
            IsForAnotherTask = true,
        };
    }
}
