using System.Collections.Immutable;
using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Torch;
using MogaSharp.Vision;

namespace MogaSharp.Training.Tests;

/// <summary>Losses of segmentation and pose, their gradients and the running statistics, against the official code.</summary>
public sealed class DenseLossTests
{
    public static TheoryData<string, string, DType> Cases =>
        new(
            from name in new[] { "semantic_fpn_xt", "upernet_xt", "pose_t" }
            from mode in new[] { "eval", "train" }
            from type in new[] { DType.Float64, DType.Float32 }
            // In double precision the small network says enough.
            where type == DType.Float32 || name == "semantic_fpn_xt"
            select (name, mode, type)
        );

    [Theory]
    [MemberData(nameof(Cases))]
    public void Losses_and_gradients_are_the_official_ones(string name, string mode, DType type)
    {
        DenseFixture official = DenseFixture.Load("losses/" + name);
        FixtureFile expected = official.Expected;
        string exact = type == DType.Float64 ? $"{mode}64" : mode;
        // The fixtures had no dropout.
        ModelOptions options = official.Card.Options with
        {
            DropPathRate = 0,
            DropRate = 0,
        };
        options = options is SegmentationOptions segmentation ? segmentation with { HeadDropRate = 0 } : options;
        ComputationGraph graph = options.CreateDefinition().Build(official.InputShape, ModelOutputs.Training);
        using var network = new TorchNetwork(graph, official.Weights(), new() { Type = type });
        using var scope = new TorchScope();
        var pass = new NetworkPass(network, TorchForwardOptions.Train with { Training = mode == "train", RecordGradients = true });
        Losses losses = TaskOf(official).Step(pass, BatchOf(official));
        double total = losses.Total.Item();
        Assert.Equal(expected.Doubles(exact + ".total")[0], total, Math.Abs(total) * (type == DType.Float64 ? 1e-5 : 1e-4));
        Assert.Equal(losses.Count == 1 ? ["loss"] : ["decode", "auxiliary"], losses.Names);
        if (losses.Count > 1)
            Assert.Equal(expected.Doubles(exact + ".aux.loss_seg")[0], losses["auxiliary"].Item(), 1e-4 * total);
        pass.Backward(losses.Total);
        CheckGradients(expected, exact, network);
        foreach (string buffer in expected.Names.Where(entry => entry.StartsWith("train.buffer.", StringComparison.Ordinal)))
            if (mode == "train")
                Assert.InRange(expected.Difference(buffer, network[buffer["train.buffer.".Length..]].ToTensor().Data), 0, 1e-4);
    }

    internal static void CheckGradients(FixtureFile expected, string mode, TorchNetwork network)
    {
        string[] names = JsonSerializer.Deserialize<string[]>(
            expected.Metadata[$"{mode[..^(mode.EndsWith("64", StringComparison.Ordinal) ? 2 : 0)]}.grad_names"]
        )!;
        double[] norms = expected.Doubles(mode + ".grad_norms");
        IReadOnlyDictionary<string, Tensor> gradients = network.ReadGradients();
        Assert.Equal(names.Order(StringComparer.Ordinal), gradients.Keys.Order(StringComparer.Ordinal));
        double largest = norms.Max();
        int compared = 0;
        for (int i = 0; i < names.Length; i++)
        {
            // Below, only noise is stored.
            if (norms[i] < 1e-4 * largest)
                continue;
            double norm = Math.Sqrt(gradients[names[i]].Data.Sum(g => (double)g * g));
            Assert.True(Math.Abs(norm - norms[i]) <= 1e-2 * norms[i], $"{names[i]}: {norm} instead of {norms[i]}");
            compared++;
        }

        Assert.True(compared > names.Length / 3);
    }

    private static TrainingTask TaskOf(DenseFixture official) =>
        official.Card.Options.Task == ModelTask.Pose ? new PoseTask() : new SegmentationTask();

    private static TrainingBatch BatchOf(DenseFixture official)
    {
        Tensor input = official.Input;
        (int height, int width) = (input.Shape[2], input.Shape[3]);
        if (official.Card.Options.Task == ModelTask.Segmentation)
        {
            byte[] labels = official.Expected.Bytes("labels");
            return new SegmentationBatch(
                input.Data,
                input.Shape,
                [.. labels.Chunk(height * width).Select(map => new LabelMap(new ImageSize(width, height), map))]
            );
        }

        float[] joints = official.Expected.Floats("joints"),
            visible = official.Expected.Floats("visible");
        return new PoseBatch(input.Data, input.Shape)
        {
            Joints =
            [
                .. Enumerable
                    .Range(0, input.Shape[0])
                    .Select(n =>
                        Enumerable
                            .Range(0, 17)
                            .Select(j => 3 * ((n * 17) + j))
                            .Select(at => new KeyPoint(
                                joints[at],
                                joints[at + 1],
                                visible[at] > 0 ? KeyPointVisibility.Visible : KeyPointVisibility.Unlabeled
                            ))
                    )
                    .Select(points => points.ToImmutableArray()),
            ],
        };
    }
}
