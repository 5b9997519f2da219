using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Testing;
using MogaSharp.Torch;
using MogaSharp.Vision;
using MogaSharp.Weights;

namespace MogaSharp.Cli.Tests;

/// <summary><c>moga forward --features</c> and <c>moga export</c> of networks for dense tasks.</summary>
public sealed class DenseForwardTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> Cases =>
        new()
        {
            { "segmentation/semantic_fpn/moganet_xt_384x500", "cpu" },
            { "segmentation/upernet/moganet_xt_384x500", "onnxruntime" },
            { "pose/topdown/moganet_t_256x192", "cpu" },
            { "pose/topdown/moganet_t_256x192", "torch" },
        };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task All_names_of_the_official_outputs_are_written(string name, string engine)
    {
        Assert.SkipWhen(engine == "torch" && !TorchRuntime.IsAvailable, TorchRuntime.Unavailability);
        DenseFixture official = DenseFixture.Load(name);
        string card = DenseModels.Write(_folder, official.Card, official.Weights());
        List<TensorEntry> given = [TensorEntry.FromTensor("input", official.Input)];
        if (official.Expected.Metadata.TryGetValue("ori_shape", out string? original))
            given.Add(TensorEntry.FromInt64("ori_shape", new Shape(2), JsonSerializer.Deserialize<long[]>(original)!));
        foreach (string known in new[] { "center", "scale" }.Where(official.Expected.Has))
            given.Add(TensorEntry.FromTensor(known, new Tensor(official.Expected.ShapeOf(known), official.Expected.Floats(known))));
        CheckpointWriter.SaveSafetensors(_folder.File("x.safetensors"), given);
        (
            await Moga.RunAsync(
                "forward",
                "--model",
                card,
                "--input",
                _folder.File("x.safetensors"),
                "--output",
                _folder.File("y.safetensors"),
                "--features",
                "--engine",
                engine
            )
        ).Succeeded();
        using Checkpoint results = Checkpoint.Open(_folder.File("y.safetensors"));
        string[] expected =
        [
            .. official
                .Expected.Names.Select(entry => entry.EndsWith(".sample", StringComparison.Ordinal) ? entry[..^".sample".Length] : entry)
                .Where(entry =>
                    !entry.Contains('.')
                    || entry.StartsWith("backbone.", StringComparison.Ordinal)
                    || entry.StartsWith("fpn.", StringComparison.Ordinal)
                    || entry.StartsWith("keypoints.", StringComparison.Ordinal)
                )
                .Where(entry => !entry.EndsWith(".stats", StringComparison.Ordinal) && !entry.EndsWith("_diff", StringComparison.Ordinal))
                .Where(entry =>
                    entry is not ("input" or "boxes" or "center" or "scale") && !entry.StartsWith("slide", StringComparison.Ordinal)
                )
                .Distinct(),
        ];
        Assert.Equal(expected.Order(StringComparer.Ordinal), results.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal));
        foreach (TensorEntry tensor in results.Tensors.Where(tensor => tensor.DType == DType.Float32 && !IsUnbiased(tensor)))
            Assert.InRange(
                official.Expected.Difference(tensor.Name, tensor.ToTensor().Data),
                0,
                tensor.Name.StartsWith("keypoints", StringComparison.Ordinal) ? 0.01
                    : tensor.Name.Contains("logits", StringComparison.Ordinal) ? 1e-3
                    : tensor.Name.StartsWith("heatmap", StringComparison.Ordinal) ? 2e-4
                    : 3e-4 * (1 + official.Largest(tensor.Name))
            );
        CheckUnbiased(official, results);
        foreach (TensorEntry labels in results.Tensors.Where(tensor => tensor.DType == DType.UInt8))
        {
            byte[] sample = official.Expected.Bytes(labels.Name + ".sample"),
                all = labels.ToBytes();
            int stride = int.Parse(official.Expected.Metadata[labels.Name + ".stride"]);
            long ties = official.Expected.Longs("labels_ori.near_ties")[0];
            Assert.InRange(sample.Where((label, i) => all[i * stride] != label).Count(), 0, ties);
        }
    }

    private static bool IsUnbiased(TensorEntry tensor) => tensor.Name.EndsWith(".unbiased", StringComparison.Ordinal);

    // The fit of a Gaussian to maps of random weights is ill-conditioned: differences of 5e-6 in a map move joints by tenths of a pixel.
    // That the official map gives the official joints, the decoder's own tests say; here it is that the command decodes its maps so.
    private static void CheckUnbiased(DenseFixture official, Checkpoint results)
    {
        foreach (TensorEntry points in results.Tensors.Where(IsUnbiased))
        {
            Tensor maps = results
                .Tensors.Single(tensor =>
                    tensor.Name == (points.Name.Contains(".flip.", StringComparison.Ordinal) ? "heatmap_flip_avg" : "heatmap")
                )
                .ToTensor();
            float[] center = official.Expected.Floats("center"),
                scale = official.Expected.Floats("scale"),
                actual = points.ToTensor().Data;
            int length = maps.Data.Length / maps.Shape[0];
            for (int i = 0; i < maps.Shape[0]; i++)
            {
                var region = new PoseRegion(center[2 * i], center[(2 * i) + 1], scale[2 * i], scale[(2 * i) + 1]);
                PosePoint[] expected = HeatMapDecoder.Decode(
                    maps.Span.Slice(i * length, length),
                    new ImageSize(maps.Shape[3], maps.Shape[2]),
                    region,
                    HeatMapRefinement.Unbiased
                );
                for (int j = 0; j < expected.Length; j++)
                    Assert.Equal(expected[j].X, actual[(3 * ((i * expected.Length) + j))], 1e-3);
            }
        }
    }

    [Theory]
    [InlineData("--dynamic-batch", "--dynamic-size")]
    [InlineData("--dynamic-batch", "--dynamic-size", "--labels")]
    [InlineData("--labels")]
    public async Task Segmentation_is_exported_and_checked_at_each_size(params string[] options)
    {
        string card = DenseModels.WriteSegmentor(_folder);
        Outcome outcome = (
            await Moga.RunAsync(["export", card, "--onnx", _folder.File("m.onnx"), "--size", "64x96", .. options])
        ).Succeeded();
        Assert.Equal(
            options.Length > 1 ? 2 : 1,
            outcome.ErrorLines.Count(line => line.StartsWith("ONNX Runtime ", StringComparison.Ordinal))
        );
        Assert.Contains("at 1x3x64x96", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Heat_maps_are_exported_and_labels_are_for_segmentation_alone()
    {
        string card = DenseModels.WritePose(_folder);
        Outcome outcome = (
            await Moga.RunAsync("export", card, "--onnx", _folder.File("m.onnx"), "--dynamic-batch", "--dynamic-size")
        ).Succeeded();
        Assert.Contains("at 2x3x128x80", outcome.Errors, StringComparison.Ordinal);
        File.Delete(_folder.File("m.onnx"));
        (await Moga.RunAsync("export", card, "--onnx", _folder.File("m.onnx"), "--labels")).Failed(2, "--labels is for segmentation");
        Assert.False(File.Exists(_folder.File("m.onnx")));
    }

    [Fact]
    public async Task Sizes_that_are_none_are_refused()
    {
        string card = DenseModels.WriteSegmentor(_folder);
        CheckpointWriter.SaveSafetensors(
            _folder.File("x.safetensors"),
            [TensorEntry.FromTensor("input", new Tensor(new Shape(1, 3, 32, 32))), TensorEntry.FromInt64("ori_shape", new Shape(2), [0, 5])]
        );
        (
            await Moga.RunAsync(
                "forward",
                "--model",
                card,
                "--input",
                _folder.File("x.safetensors"),
                "--output",
                _folder.File("y.safetensors"),
                "--features"
            )
        ).Failed(2, "'ori_shape' is not two numbers of rows and columns");
        Assert.False(File.Exists(_folder.File("y.safetensors")));
    }
}
