using System.Collections.Immutable;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Torch;
using MogaSharp.Vision;

namespace MogaSharp.Training.Tests;

/// <summary>Losses of detectors over several graphs, their gradients and the running statistics, against the official code.</summary>
public sealed class DetectionLossTests
{
    // The fixtures have losses of up to 4e-4 less or more in double precision, where a target pixel at a half falls on the other side.
    private const double MaskTolerance = 2e-3;

    public static TheoryData<string, string> Cases =>
        new(
            from name in new[] { "retinanet_xt", "mask_rcnn_xt", "cascade_mask_rcnn_xt", "cascade_mask_rcnn_giou_4conv1f_xt" }
            from mode in new[] { "eval", "train" }
            // Of the cascades the fixtures have nothing else.
            where mode == "eval" || !name.StartsWith("cascade", StringComparison.Ordinal)
            select (name, mode)
        );

    [Theory]
    [MemberData(nameof(Cases))]
    public void Losses_and_gradients_are_the_official_ones(string name, string mode)
    {
        DenseFixture official = DenseFixture.Load("losses/" + name);
        FixtureFile expected = official.Expected;
        var options = (DenseOptions)official.Card.Options with { DropPathRate = 0, DropRate = 0 };
        var definition = (IDetectionDefinition)options.CreateDefinition();
        ComputationGraph graph = definition.Build(official.InputShape, ModelOutputs.Training);
        using var network = new TorchNetwork(graph, official.Weights());
        using var scope = new TorchScope();
        var pass = new NetworkPass(network, TorchForwardOptions.Train with { Training = mode == "train", RecordGradients = true });
        // Nothing is drawn by chance: everything counts.
        DetectionRecipe recipe = (RecipePresets.Of(official.Card)!.Detection ?? new()) with
        {
            AnchorSamples = int.MaxValue,
            RegionSamples = int.MaxValue,
        };
        Losses losses = new DetectionTask(definition, recipe).Step(pass, BatchOf(official));
        foreach (string loss in losses.Names)
        {
            double value = losses[loss].Item(),
                wanted = expected.Doubles($"{mode}.{loss}")[0],
                tolerance = loss.EndsWith("mask", StringComparison.Ordinal) ? MaskTolerance : 1e-4;
            Assert.True(Math.Abs(value - wanted) <= tolerance * Math.Max(wanted, 1e-2), $"{loss}: {value} instead of {wanted}");
        }

        double total = losses.Total.Item();
        Assert.Equal(expected.Doubles(mode + ".total")[0], total, MaskTolerance * total);
        pass.Backward(losses.Total);
        DenseLossTests.CheckGradients(expected, mode, network);
        foreach (string buffer in expected.Names.Where(entry => entry.StartsWith("train.buffer.", StringComparison.Ordinal)))
            if (mode == "train")
                Assert.InRange(expected.Difference(buffer, network[buffer["train.buffer.".Length..]].ToTensor().Data), 0, 1e-4);
    }

    private static DetectionBatch BatchOf(DenseFixture official)
    {
        Tensor input = official.Input;
        var size = new ImageSize(input.Shape[3], input.Shape[2]);
        FixtureFile file = official.Expected;
        bool hasRegions = file.Has("proposals.0");
        return new DetectionBatch(input.Data, input.Shape, [.. Enumerable.Range(0, 2).Select(Objects)])
        {
            Sizes = [size, size],
            Regions = hasRegions ? [.. Enumerable.Range(0, 2).Select(Regions)] : null,
        };

        float[] Regions(int image) => [.. file.Floats($"proposals.{image}").Chunk(5).SelectMany(row => row[..4])];

        ImmutableArray<AnnotatedObject> Objects(int image)
        {
            float[] boxes = file.Floats($"gt.{image}.boxes");
            long[] labels = file.Longs($"gt.{image}.labels");
            long[]? areas = file.Has($"gt.{image}.mask_area") ? file.Longs($"gt.{image}.mask_area") : null;
            var objects = ImmutableArray.CreateBuilder<AnnotatedObject>();
            for (int i = 0; i < labels.Length; i++)
            {
                var box = Box.FromCorners(boxes[i * 4], boxes[(i * 4) + 1], boxes[(i * 4) + 2], boxes[(i * 4) + 3]);
                RunLengthMask mask = Ellipse(box, size);
                if (areas is not null)
                    Assert.Equal(areas[i], mask.Area);
                objects.Add(new AnnotatedObject(box, mask.Area, (int)labels[i]) { Mask = mask });
            }

            return objects.ToImmutable();
        }
    }

    private static RunLengthMask Ellipse(Box box, ImageSize size)
    {
        byte[] pixels = new byte[size.Width * size.Height];
        for (int y = 0; y < size.Height; y++)
        for (int x = 0; x < size.Width; x++)
        {
            double right = (x + 0.5 - (box.X + (box.Width / 2))) / (box.Width / 2),
                down = (y + 0.5 - (box.Y + (box.Height / 2))) / (box.Height / 2);
            pixels[(y * size.Width) + x] = (byte)((right * right) + (down * down) <= 1 ? 1 : 0);
        }

        return RunLengthMask.FromPixels(pixels, size);
    }
}
