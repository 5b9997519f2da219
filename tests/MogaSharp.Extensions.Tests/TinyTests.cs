using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Onnx;
using MogaSharp.OnnxRuntime;
using MogaSharp.Tasks;
using MogaSharp.Testing;
using MogaSharp.Torch;
using MogaSharp.Training;

namespace MogaSharp.Extensions.Tests;

/// <summary>The whole library on one page.</summary>
public sealed class TinyTests
{
    [Fact]
    public async Task A_model_is_loaded_classifies_is_trained_a_step_and_runs_as_ONNX()
    {
        Assert.SkipUnless(TorchRuntime.IsAvailable, TorchRuntime.Unavailability);
        CancellationToken token = TestContext.Current.CancellationToken;
        using var folder = new TemporaryFolder();

        // Load. A card says where the weights are, how images are prepared and what the classes are called.
        string card = Path.Combine(Repository.Root, "models", "moganet_xtiny_fashion", "card.json");
        LoadedModel model = await ModelSource.LoadAsync(card, new(), token);

        // Classify.
        using var classifier = new ImageClassifier(model);
        RgbImage image = ImageDecoder.Load(Path.Combine(Repository.Root, "samples", "bag_0018.png"));
        Prediction before = classifier.Classify(image, topK: 1, token)[0];
        Assert.Equal("Bag", before.Label);

        // Train a step: from now on that image is a sneaker.
        int sneaker = classifier.Labels.IndexOf("Sneaker");
        var input = new Tensor(model.Card.InputShape());
        classifier.Preprocessor.Process(image, input.Span);
        var two = new Tensor(model.Card.InputShape(2), [.. input.Data, .. input.Data]);
        var recipe = new TrainingRecipe
        {
            BatchSize = 2,
            // Small enough that the change is about linear: larger steps overshoot, by the processor's rounding.
            LearningRate = 1e-4,
            EmaDecay = null,
        };
        using var step = new TrainingStep(model.Graph, new MogaNetOptions(), model.Weights, recipe, TorchDevice.Cpu);
        var batch = new ClassificationBatch(two.Data, two.Shape, new[] { sneaker, sneaker });
        double loss = step.Update([batch], recipe.LearningRate, update: 1).Loss;
        Assert.InRange(step.Update([batch], recipe.LearningRate, update: 2).Loss, 0, loss);

        // Export to ONNX, and run it: the same scores as those of the managed engine.
        WeightSet trained = step.Network.ReadWeights();
        string path = folder.File("trained.onnx");
        OnnxExporter.Export(model.Graph, trained, path);
        using var onnx = new OnnxRuntimeModel(path);
        using var retrained = new ImageClassifier(LoadedModel.Create(model.Card, trained));
        float[] expected = retrained.Logits(input, token).Data,
            actual = onnx.Run(input)["logits"].Data;
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-3f));
        Assert.True(actual[sneaker] > classifier.Logits(input, token).Data[sneaker]);
    }
}
