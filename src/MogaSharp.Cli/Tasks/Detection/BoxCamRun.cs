using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Vision;

namespace MogaSharp.Cli;

/// <summary>Maps of a box that a detector finds.</summary>
internal sealed class BoxCamRun(CamRequest request) : CamRun<BoxActivation>(request)
{
    protected override ModelTask Task => ModelTask.Detection;

    protected override IImagePreparation Prepare(ModelCard card) => new DetectionPreparation(card.Preprocess, Inference(card));

    protected override ImagePredictor<BoxActivation> Create(LoadedModel model, IInferenceEngine engine) =>
        new BoxActivationMapper(model, Request.Options, Request.Box ?? 0, Inference(model.Card), engine);

    protected override (Prediction Of, CamResult Cam, RgbImage Seen) Read(BoxActivation value) =>
        (new Prediction(value.Thing.Label.Name, value.Thing.Class, (float)value.Thing.Score), value.Cam, value.Seen);

    protected override (Box Seen, Box Image)? BoxOf(BoxActivation value) => (value.Box, value.Thing.Box);

    private DetectionInference Inference(ModelCard card) =>
        Request.ClassOf(card) is { } only ? DetectionInference.Default with { Classes = [only] } : DetectionInference.Default;
}
