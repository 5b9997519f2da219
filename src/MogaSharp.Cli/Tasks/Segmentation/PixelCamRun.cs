using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Tasks;

namespace MogaSharp.Cli;

/// <summary>Maps of what a segmentation model gives a class of.</summary>
internal sealed class PixelCamRun(CamRequest request) : CamRun<PixelActivation>(request)
{
    private IReadOnlyList<string> _names = [];

    protected override ModelTask Task => ModelTask.Segmentation;

    protected override IImagePreparation Prepare(ModelCard card)
    {
        // Mistakes in names are told before weights are read.
        Request.ClassOf(card);
        return new SegmentationPreparation(card.Preprocess);
    }

    protected override ImagePredictor<PixelActivation> Create(LoadedModel model, IInferenceEngine engine)
    {
        _names = model.Card.GetLabels();
        return new PixelActivationMapper(model, Request.Options, Request.ClassOf(model.Card), engine);
    }

    protected override (Prediction Of, CamResult Cam, RgbImage Seen) Read(PixelActivation value) =>
        (new Prediction(_names[value.Target], value.Target, (float)value.Share), value.Cam, value.Seen);
}
