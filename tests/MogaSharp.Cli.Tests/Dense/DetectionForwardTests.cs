using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Testing;
using MogaSharp.Torch;
using MogaSharp.Weights;

namespace MogaSharp.Cli.Tests;

/// <summary><c>moga forward --features</c> of detectors, against the official code.</summary>
public sealed class DetectionForwardTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> Cases =>
        new()
        {
            { "detection/retinanet/moganet_xt_odd_203x331", "cpu" },
            { "detection/mask_rcnn/moganet_xt_odd_203x331", "cpu" },
            { "detection/mask_rcnn/moganet_xt_odd_203x331", "torch" },
            { "detection/mask_rcnn/moganet_xt_given_proposals", "cpu" },
            { "detection/cascade_mask_rcnn/moganet_s_odd_157x203", "cpu" },
            { "detection/cascade_mask_rcnn/moganet_s_giou_4conv1f_odd_157x203", "cpu" },
        };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Outputs_are_the_official_ones(string name, string engine)
    {
        Assert.SkipWhen(engine == "torch" && !TorchRuntime.IsAvailable, TorchRuntime.Unavailability);
        DenseFixture official = DenseFixture.Load(name);
        string card = DenseModels.Write(_folder, official.Card, official.Weights());
        bool isGiven = official.Expected.Metadata.ContainsKey("note");
        if (!isGiven)
        {
            using Checkpoint own = await RunAsync(official, card, engine, withProposals: false);
            CheckMaps(official, own);
            CheckProposals(official, own);
            CheckDetections(official, own);
        }

        if (!official.Expected.Has("proposals"))
            return;
        // From the official proposals on, places are the same.
        using Checkpoint results = await RunAsync(official, card, engine, withProposals: true);
        Assert.Equal(official.Expected.Longs("roi_level"), results.Tensors.Single(tensor => tensor.Name == "roi_level").ToInt64());
        CheckStages(official, results);
        CheckDetections(official, results);
        CheckMasks(official, results);
    }

    private static void CheckMaps(DenseFixture official, Checkpoint results)
    {
        TensorEntry[] maps =
        [
            .. results.Tensors.Where(tensor =>
                new[] { "backbone.", "fpn.", "cls.", "reg.", "rpn." }.Any(part => tensor.Name.StartsWith(part, StringComparison.Ordinal))
            ),
        ];
        Assert.True(maps.Length >= 19);
        foreach (TensorEntry map in maps)
            Assert.InRange(official.Expected.Difference(map.Name, map.ToTensor().Data), 0, 3e-4 * (1 + official.Largest(map.Name)));
    }

    private static void CheckProposals(DenseFixture official, Checkpoint results)
    {
        if (!official.Expected.Has("proposals"))
            return;
        float[] expected = official.Expected.Floats("proposals"),
            actual = Floats(results, "proposals");
        int found = Rows(expected, 5).Count(row => Rows(actual, 5).Any(other => IsNear(row, other, 4, 0.02)));
        Assert.InRange(found, 998, 1000);
    }

    private static void CheckStages(DenseFixture official, Checkpoint results)
    {
        string[] names =
        [
            .. results
                .Tensors.Select(tensor => tensor.Name)
                .Where(name => name.StartsWith("stage.", StringComparison.Ordinal) || name is "cls_avg" or "roi_feat"),
        ];
        Assert.True(names.Length >= 3);
        HashSet<int> ties = Ties(official, results);
        Assert.InRange(ties.Count, 0, 5);
        foreach (string name in names)
        {
            TensorEntry tensor = results.Tensors.Single(entry => entry.Name == name);
            Assert.InRange(
                Largest(official.Expected, name, tensor, ties),
                0,
                name.EndsWith(".rois", StringComparison.Ordinal) ? 0.02
                    : name == "roi_feat" ? 3e-4 * (1 + official.Largest(name))
                    : 2e-3
            );
        }
    }

    // Regions that go on as the box of their best class: where two classes are as good as equal, either may be the one.
    private static HashSet<int> Ties(DenseFixture official, Checkpoint results)
    {
        var ties = new HashSet<int>();
        for (int stage = 1; official.Expected.Has($"stage.{stage}.rois"); stage++)
        {
            float[][] expected = [.. Rows(official.Expected.Floats($"stage.{stage}.rois"), 4)],
                actual = [.. Rows(Floats(results, $"stage.{stage}.rois"), 4)],
                classes = [.. Rows(Floats(results, $"stage.{stage - 1}.cls"), 81)];
            for (int row = 0; row < expected.Length; row++)
            {
                float[] best = [.. classes[row].Take(80).OrderDescending().Take(2)];
                if (!IsNear(expected[row], actual[row], 4, 0.02) && best[0] - best[1] < 2 * 2e-3)
                    ties.Add(row);
            }
        }

        return ties;
    }

    private static double Largest(FixtureFile expected, string name, TensorEntry tensor, HashSet<int> without)
    {
        float[] actual = tensor.ToTensor().Data,
            known = expected.Has(name) ? expected.Floats(name) : expected.Floats(name + ".sample");
        int stride = expected.Has(name) ? 1 : int.Parse(expected.Metadata[name + ".stride"]),
            row = actual.Length / (int)tensor.Shape[0];
        Assert.Equal((actual.Length + stride - 1) / stride, known.Length);
        return known
            .Index()
            .Where(one => !without.Contains(one.Index * stride / row))
            .Max(one => Math.Abs(one.Item - actual[one.Index * stride]));
    }

    private static void CheckDetections(DenseFixture official, Checkpoint results)
    {
        long[] labels = official.Expected.Longs("det.labels"),
            found = results.Tensors.Single(tensor => tensor.Name == "det.labels").ToInt64();
        float[] boxes = official.Expected.Floats("det.boxes"),
            scores = official.Expected.Floats("det.scores"),
            actualBoxes = Floats(results, "det.boxes"),
            actualScores = Floats(results, "det.scores");
        Assert.Equal(labels.Length, found.Length);
        for (int i = 0; i < labels.Length; i++)
        {
            // Neighbors whose scores are nearly the same may change places.
            int[] places =
            [
                .. new[] { i, i - 1, i + 1 }.Where(j => j >= 0 && j < labels.Length && (j == i || Math.Abs(scores[i] - scores[j]) < 2e-5)),
            ];
            Assert.Contains(
                places,
                j =>
                    found[j] == labels[i]
                    && Math.Abs(actualScores[j] - scores[i]) <= 1e-4
                    && IsNear(boxes.AsSpan(i * 4, 4).ToArray(), actualBoxes.AsSpan(j * 4, 4).ToArray(), 4, 0.02)
            );
        }
    }

    private static void CheckMasks(DenseFixture official, Checkpoint results)
    {
        foreach (
            string name in official.Expected.Names.Where(name =>
                name == "mask.prob" || name.StartsWith("mask.logits", StringComparison.Ordinal)
            )
        )
        {
            // Of the first detections alone.
            float[] expected = official.Expected.Floats(name);
            Assert.InRange(
                official.Expected.Difference(name, Floats(results, name).AsSpan(0, expected.Length)),
                0,
                name == "mask.prob" ? 5e-4 : 2e-3
            );
        }

        long[] areas = official.Expected.Longs("mask.area"),
            actual = results.Tensors.Single(tensor => tensor.Name == "mask.area").ToInt64();
        Assert.Equal(areas.Length, actual.Length);
        Assert.All(areas.Zip(actual), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 3));
    }

    private async Task<Checkpoint> RunAsync(DenseFixture official, string card, string engine, bool withProposals)
    {
        List<TensorEntry> given = [TensorEntry.FromTensor("input", official.Input)];
        foreach (string known in new[] { "img_shape", "ori_shape" })
            if (official.Expected.Metadata.TryGetValue(known, out string? text))
                given.Add(TensorEntry.FromInt64(known, new Shape(2), [.. JsonSerializer.Deserialize<long[]>(text)!.Take(2)]));
        foreach (string known in withProposals ? new[] { "scale_factor", "proposals" } : ["scale_factor"])
            if (official.Expected.Has(known))
                given.Add(TensorEntry.FromTensor(known, new Tensor(official.Expected.ShapeOf(known), official.Expected.Floats(known))));
        string input = _folder.File($"x{withProposals}.safetensors"),
            output = _folder.File($"y{withProposals}.safetensors");
        CheckpointWriter.SaveSafetensors(input, given);
        (
            await Moga.RunAsync("forward", "--model", card, "--input", input, "--output", output, "--features", "--engine", engine)
        ).Succeeded();
        return Checkpoint.Open(output);
    }

    private static float[] Floats(Checkpoint results, string name) => results.Tensors.Single(tensor => tensor.Name == name).ToTensor().Data;

    private static IEnumerable<float[]> Rows(float[] numbers, int columns) => numbers.Chunk(columns);

    private static bool IsNear(float[] one, float[] other, int count, double distance) =>
        Enumerable.Range(0, count).All(i => Math.Abs(one[i] - other[i]) <= distance);
}
