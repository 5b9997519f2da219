using System.IO.Compression;
using System.Text.RegularExpressions;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Weights;

namespace MogaSharp.Tasks.Tests;

/// <summary>Weights in the names that other projects give them, and in containers of other tools, bind to the same network with the same
/// values.</summary>
public sealed class OtherNamesTests : IDisposable
{
    private static readonly SwinOptions Swin = new()
    {
        EmbedDim = 4,
        Depths = [1, 1],
        Heads = [1, 1],
        Window = 2,
        NumClasses = 5,
    };
    private static readonly ConvNeXtOptions ConvNeXt = new()
    {
        Dims = [8, 8, 8, 8],
        Depths = [1, 2, 1, 1],
        NumClasses = 5,
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Swin_of_timm_since_0_9() =>
        Check(
            Swin,
            name =>
                Replaced(
                    name,
                    (@"^layers\.(\d)\.downsample\.", match => $"layers.{int.Parse(match.Groups[1].Value) + 1}.downsample."),
                    (@"^head\.", _ => "head.fc.")
                )
        );

    [Fact]
    public void Swin_of_torchvision() =>
        Check(
            Swin,
            name =>
                Replaced(
                    name,
                    (@"^patch_embed\.proj\.", _ => "features.0.0."),
                    (@"^patch_embed\.norm\.", _ => "features.0.2."),
                    (@"^layers\.(\d)\.blocks\.", match => $"features.{(2 * int.Parse(match.Groups[1].Value)) + 1}."),
                    (@"^layers\.(\d)\.downsample\.", match => $"features.{(2 * int.Parse(match.Groups[1].Value)) + 2}."),
                    (@"\.mlp\.fc1\.", _ => ".mlp.0."),
                    (@"\.mlp\.fc2\.", _ => ".mlp.3.")
                )
        );

    [Fact]
    public void Swin_of_transformers() =>
        Check(
            Swin,
            name =>
                Replaced(
                    name,
                    (@"^patch_embed\.proj\.", _ => "swin.embeddings.patch_embeddings.projection."),
                    (@"^patch_embed\.norm\.", _ => "swin.embeddings.norm."),
                    (@"^norm\.", _ => "swin.layernorm."),
                    (@"^head\.", _ => "classifier."),
                    (@"^layers\.", _ => "swin.encoder.layers."),
                    (@"\.norm1\.", _ => ".layernorm_before."),
                    (@"\.norm2\.", _ => ".layernorm_after."),
                    (@"\.attn\.proj\.", _ => ".attention.output.dense."),
                    (@"\.mlp\.fc1\.", _ => ".intermediate.dense."),
                    (@"\.mlp\.fc2\.", _ => ".output.dense."),
                    (@"\.attn\.", _ => ".attention.self.")
                )
        );

    [Fact]
    public void ConvNeXt_of_torchvision() =>
        Check(
            ConvNeXt,
            name =>
                Replaced(
                    name,
                    (@"^stem\.", _ => "features.0."),
                    (@"^head\.norm\.", _ => "classifier.0."),
                    (@"^head\.fc\.", _ => "classifier.2."),
                    (@"^stages\.(\d)\.blocks\.", match => $"features.{(2 * int.Parse(match.Groups[1].Value)) + 1}."),
                    (@"^stages\.(\d)\.downsample\.", match => $"features.{2 * int.Parse(match.Groups[1].Value)}."),
                    (@"\.conv_dw\.", _ => ".block.0."),
                    (@"(features\.\d\.\d)\.norm\.", match => $"{match.Groups[1].Value}.block.2."),
                    (@"\.mlp\.fc1\.", _ => ".block.3."),
                    (@"\.mlp\.fc2\.", _ => ".block.5."),
                    (@"\.gamma$", _ => ".layer_scale")
                )
        );

    [Fact]
    public void ConvNeXt_of_transformers() =>
        Check(
            ConvNeXt,
            name =>
                Replaced(
                    name,
                    (@"^stem\.0\.", _ => "convnext.embeddings.patch_embeddings."),
                    (@"^stem\.1\.", _ => "convnext.embeddings.layernorm."),
                    (@"^head\.norm\.", _ => "convnext.layernorm."),
                    (@"^head\.fc\.", _ => "classifier."),
                    (@"^stages\.", _ => "convnext.encoder.stages."),
                    (@"\.downsample\.", _ => ".downsampling_layer."),
                    (@"\.blocks\.", _ => ".layers."),
                    (@"(\.layers\.\d)\.norm\.", match => $"{match.Groups[1].Value}.layernorm."),
                    (@"\.conv_dw\.", _ => ".dwconv."),
                    (@"\.mlp\.fc1\.", _ => ".pwconv1."),
                    (@"\.mlp\.fc2\.", _ => ".pwconv2."),
                    (@"\.gamma$", _ => ".layer_scale_parameter")
                )
        );

    [Fact]
    public void A_checkpoint_that_was_zipped_again_with_compression()
    {
        (ModelCard card, WeightSet weights) = Model(ConvNeXt);
        string original = _folder.File("model.pth"),
            packed = _folder.File("packed.pth");
        CheckpointWriter.SavePyTorch(original, StateDict.From(weights).Tensors);
        using (ZipArchive from = ZipFile.OpenRead(original))
        using (ZipArchive to = ZipFile.Open(packed, ZipArchiveMode.Create))
        {
            foreach (ZipArchiveEntry entry in from.Entries)
            {
                using Stream source = entry.Open(),
                    target = to.CreateEntry(entry.FullName, CompressionLevel.SmallestSize).Open();
                source.CopyTo(target);
            }
        }

        AssertSame(weights, ModelSource.Bind(card, packed, ema: false));
    }

    private void Check(ClassifierOptions options, Func<string, string> rename)
    {
        (ModelCard card, WeightSet weights) = Model(options);
        string path = _folder.File("other.safetensors");
        TensorEntry[] tensors = [.. StateDict.From(weights).Tensors.SelectMany(tensor => Other(tensor, rename))];
        Assert.Contains(tensors, tensor => !weights.Names.Contains(tensor.Name));
        CheckpointWriter.SaveSafetensors(path, tensors);
        AssertSame(weights, ModelSource.Bind(card, path, ema: false));
    }

    // transformers keeps queries, keys and values apart.
    private static IEnumerable<TensorEntry> Other(TensorEntry tensor, Func<string, string> rename)
    {
        string name = rename(tensor.Name);
        if (!name.Contains(".attention.self.qkv.", StringComparison.Ordinal))
            return [tensor.WithName(name)];
        Tensor whole = tensor.ToTensor();
        int third = whole.Data.Length / 3;
        Shape shape = whole.Shape.With(0, whole.Shape[0] / 3);
        return ((string[])["query", "key", "value"]).Select(
            (part, i) =>
                TensorEntry.FromTensor(
                    name.Replace(".qkv.", $".{part}.", StringComparison.Ordinal),
                    new Tensor(shape, whole.Data[(i * third)..((i + 1) * third)])
                )
        );
    }

    private static string Replaced(string name, params ReadOnlySpan<(string Pattern, MatchEvaluator By)> rules)
    {
        foreach ((string pattern, MatchEvaluator by) in rules)
            name = Regex.Replace(name, pattern, by);
        return name;
    }

    private static (ModelCard Card, WeightSet Weights) Model(ClassifierOptions options)
    {
        var card = new ModelCard
        {
            Name = "small",
            Options = options,
            Preprocess = new PreprocessCard { Width = 32, Height = 32 },
        };
        return (card, FormulaWeights.Create(card.CreateDefinition().Build(card.InputShape()).Parameters));
    }

    private static void AssertSame(WeightSet expected, LoadedModel loaded)
    {
        Assert.Empty(loaded.Notes);
        // Indices of positions are computed, whatever a file has.
        Assert.Equal(
            expected.Names.Order(StringComparer.Ordinal),
            loaded.Weights.Names.Where(name => !name.EndsWith("position_index", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
        );
        foreach (string name in expected.Names)
            Assert.Equal(expected[name].Data, loaded.Weights[name].Data);
    }
}
