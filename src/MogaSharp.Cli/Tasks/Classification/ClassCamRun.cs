using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Tasks;

namespace MogaSharp.Cli;

/// <summary>Maps of what a classifier says of images.</summary>
internal sealed class ClassCamRun(CamRequest request) : CamRun<ImageActivation>(request)
{
    protected override ModelTask Task => ModelTask.Classification;

    protected override IImagePreparation Prepare(ModelCard card) => new FixedSizePreparation(new Preprocessor(card.Preprocess.ToOptions()));

    protected override ImagePredictor<ImageActivation> Create(LoadedModel model, IInferenceEngine engine)
    {
        model = LabelFile.Apply(model, Request.Labels);
        return new ActivationMapper(model, Request.Options, Request.ClassOf(model.Card), engine);
    }

    protected override (Prediction Of, CamResult Cam, RgbImage Seen) Read(ImageActivation value) =>
        (value.Classification.Top(int.MaxValue).First(one => one.Index == value.Target), value.Cam, value.Seen);
}
