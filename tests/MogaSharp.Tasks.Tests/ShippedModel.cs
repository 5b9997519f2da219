using MogaSharp.Cpu;
using MogaSharp.Models;
using MogaSharp.Testing;

namespace MogaSharp.Tasks.Tests;

/// <summary>The model that lies in the repository, loaded once for all tests of a class.</summary>
public sealed class ShippedModel : IDisposable
{
    public ShippedModel()
    {
        Card = ModelCard.Load(CardPath);
        Loaded = ModelSource.Bind(Card, Card.GetWeightsPath()!, ema: false);
        Classifier = new ImageClassifier(Loaded, Engine);
    }

    public static string CardPath { get; } = Path.Combine(Repository.Root, "models", "moganet_xtiny_fashion", "card.json");

    public CpuEngine Engine { get; } = new();

    public ModelCard Card { get; }

    public LoadedModel Loaded { get; }

    public ImageClassifier Classifier { get; }

    public static string Sample(string name) => Path.Combine(Repository.Root, "samples", name);

    public void Dispose()
    {
        Classifier.Dispose();
        Engine.Dispose();
    }
}
