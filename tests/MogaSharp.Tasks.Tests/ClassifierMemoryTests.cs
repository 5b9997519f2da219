using System.Runtime.CompilerServices;
using MogaSharp.Cpu;
using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Tasks.Tests;

/// <summary>What a classifier keeps of a model. Alone in the process, since the whole managed heap is measured.</summary>
[CollectionDefinition(nameof(ClassifierMemoryTests), DisableParallelization = true)]
[Collection(nameof(ClassifierMemoryTests))]
public sealed class ClassifierMemoryTests
{
    [Fact]
    public void A_classifier_does_not_keep_the_weights_that_it_was_made_of()
    {
        using var engine = new CpuEngine(new(Threads: 2));
        ModelCard card = ModelCatalogue.Official.Find("moganet_tiny");
        // What code and tables take stays out of the figure.
        Make(engine, ModelCatalogue.Official.Find("moganet_xtiny")).Classifier.Dispose();
        long before = ManagedBytes();
        (ImageClassifier classifier, WeakReference weights, long bytes) = Make(engine, card);
        long kept = ManagedBytes() - before;
        TestContext.Current.TestOutputHelper?.WriteLine($"{kept >> 10} KiB managed beside {bytes >> 10} KiB of raw weights let go");
        Assert.False(weights.IsAlive);
        Assert.InRange(kept, 0, bytes / 10);
        classifier.Dispose();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (ImageClassifier Classifier, WeakReference Weights, long Bytes) Make(CpuEngine engine, ModelCard card)
    {
        ComputationGraph graph = card.CreateDefinition().Build(card.InputShape());
        LoadedModel model = LoadedModel.Create(card, WeightInitializer.Create(graph.Parameters, seed: 0));
        return (new ImageClassifier(model, engine), new WeakReference(model.Weights["head.weight"].Data), 4 * graph.ParameterCount);
    }

    private static long ManagedBytes()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
