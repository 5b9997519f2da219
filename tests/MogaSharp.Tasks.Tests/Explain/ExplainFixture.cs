using System.Collections.Immutable;
using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Tasks.Tests.Explain;

/// <summary>A case of interactions or of dropped patches: the custom MogaNet with formula weights, its images, what came out.</summary>
internal sealed class ExplainFixture(string name)
{
    public FixtureFile File { get; } = new(Repository.Fixture("explain", name + ".safetensors"));

    public int Grid => int.Parse(File.Metadata["grid"]);

    public Shape InputShape => new(JsonSerializer.Deserialize<long[]>(File.Metadata["input_shape"])!);

    public int[] Labels => JsonSerializer.Deserialize<int[]>(File.Metadata["labels"])!;

    public int[] Orders => JsonSerializer.Deserialize<int[]>(File.Metadata["orders"])!;

    public (ComputationGraph Graph, WeightSet Weights) Network()
    {
        ComputationGraph graph = MogaNetFixture.Load("custom_64_b2").Options.CreateDefinition().Build(InputShape);
        return (graph, FormulaWeights.Create(graph.Parameters));
    }

    /// <summary>One of the normalized images.</summary>
    public Tensor Image(int image)
    {
        Tensor all = FormulaWeights.CoarseAndFine(InputShape);
        int length = all.Data.Length / InputShape[0];
        return new Tensor(InputShape.With(0, 1), all.Data.AsSpan(image * length, length).ToArray());
    }

    /// <summary>The pairs and contexts of an image.</summary>
    public InteractionDraw Draw(int image)
    {
        long[] pairs = File.Longs("pairs");
        byte[] sets = File.Bytes("contexts");
        Shape shape = File.ShapeOf("contexts");
        (int orders, int count, int contexts, int patches) = (shape[1], shape[2], shape[3], shape[4]);
        return new(
            [.. Orders],
            [.. Enumerable.Range(image * count, count).Select(pair => new PatchPair((int)pairs[2 * pair], (int)pairs[(2 * pair) + 1]))],
            [
                .. Enumerable
                    .Range(0, orders)
                    .Select(order =>
                        Enumerable
                            .Range(0, count)
                            .Select(pair =>
                                Enumerable
                                    .Range(0, contexts)
                                    .Select(context => Set((((((image * orders) + order) * count) + pair) * contexts) + context))
                                    .ToImmutableArray()
                            )
                            .ToImmutableArray()
                    ),
            ]
        );

        PatchMask Set(int at) => PatchMask.Of(patches, [.. Enumerable.Range(0, patches).Where(patch => sets[(at * patches) + patch] != 0)]);
    }
}
