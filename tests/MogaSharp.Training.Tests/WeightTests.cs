using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Weights;

namespace MogaSharp.Training.Tests;

/// <summary>Weights to start from, and weights that are handed on.</summary>
public sealed class WeightTests : IDisposable
{
    private static readonly ModelCard Card = CheckpointTests.Card;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static IReadOnlyList<ParameterSpec> Specs(int classes) =>
        ((MogaNetOptions)Card.Options with { NumClasses = classes }).CreateDefinition().Build(new Shape(1, 3, 32, 32)).Parameters;

    private string Save(int classes)
    {
        string path = _folder.File("weights.safetensors");
        CheckpointWriter.SaveSafetensors(path, StateDict.From(InitialWeights.Fresh(Specs(classes), 1).Weights).Tensors);
        return path;
    }

    [Fact]
    public void Weights_of_the_same_classes_are_taken_whole()
    {
        InitialWeights loaded = InitialWeights.Load(Save(10), ema: false, Specs(10), 2, ["head"]);
        Assert.Null(loaded.ReplacedHead);
        WeightSet source = InitialWeights.Fresh(Specs(10), 1).Weights;
        Assert.All(source.Names, name => Assert.Equal(source[name].Data, loaded.Weights[name].Data));
    }

    [Fact]
    public void A_head_of_other_classes_is_replaced_and_named()
    {
        string path = Save(10);
        InitialWeights loaded = InitialWeights.Load(path, ema: false, Specs(7), 2, ["head"]);
        Assert.Equal(
            $"The head of {path} has 10 classes, the data 7: a fresh one takes its place (head.bias, head.weight).",
            loaded.ReplacedHead
        );
        Assert.Equal(new Shape(7, 32), loaded.Weights["head.weight"].Shape);
        Assert.Contains(loaded.Weights["head.weight"].Data, value => value != 0);
        WeightSet source = InitialWeights.Fresh(Specs(10), 1).Weights;
        Assert.Equal(source["blocks1.0.attn.gate.weight"].Data, loaded.Weights["blocks1.0.attn.gate.weight"].Data);
        Assert.All(Specs(7), spec => Assert.True(loaded.Weights.TryGet(spec.Name, out _), spec.Name));
    }

    [Fact]
    public void A_head_with_another_name_is_found_by_it()
    {
        ConvNeXtOptions options = new()
        {
            Dims = [8, 16],
            Depths = [1, 1],
            NumClasses = 10,
        };
        Assert.Equal("head.fc", options.HeadName);
        string path = _folder.File("convnext.safetensors");
        CheckpointWriter.SaveSafetensors(path, StateDict.From(InitialWeights.Fresh(Parameters(options), 1).Weights).Tensors);
        InitialWeights loaded = InitialWeights.Load(path, ema: false, Parameters(options with { NumClasses = 7 }), 2, options.HeadNames);
        Assert.Equal(
            $"The head of {path} has 10 classes, the data 7: a fresh one takes its place (head.fc.bias, head.fc.weight).",
            loaded.ReplacedHead
        );
        Assert.Equal(new Shape(7, 16), loaded.Weights["head.fc.weight"].Shape);
        Assert.Equal(
            InitialWeights.Fresh(Parameters(options), 1).Weights["stages.1.blocks.0.mlp.fc1.weight"].Data,
            loaded.Weights["stages.1.blocks.0.mlp.fc1.weight"].Data
        );

        static IReadOnlyList<ParameterSpec> Parameters(ConvNeXtOptions options) =>
            options.CreateDefinition().Build(new Shape(1, 3, 32, 32)).Parameters;
    }

    [Fact]
    public void A_backbone_gets_a_head()
    {
        string path = Save(0);
        InitialWeights loaded = InitialWeights.Load(path, ema: false, Specs(7), 2, ["head"]);
        Assert.StartsWith($"{path} has no head, the data 7:", loaded.ReplacedHead, StringComparison.Ordinal);
        Assert.Equal(new Shape(7), loaded.Weights["head.bias"].Shape);
    }

    [Fact]
    public void Another_architecture_is_an_error_and_not_replaced()
    {
        string path = Save(10);
        IReadOnlyList<ParameterSpec> other = new MogaNetOptions { NumClasses = 7 }
            .CreateDefinition()
            .Build(new Shape(1, 3, 32, 32))
            .Parameters;
        Assert.Contains(
            "do not fit the network",
            Assert.Throws<WeightMismatchException>(() => InitialWeights.Load(path, false, other, 1, ["head"])).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(DType.Float32)]
    [InlineData(DType.Float16)]
    public void An_exported_model_is_loaded_by_its_card(DType type)
    {
        WeightSet weights = InitialWeights.Fresh(Specs(10), 3).Weights;
        string folder = _folder.File("model");
        ModelExport.Save(
            folder,
            Card with
            {
                Labels = [.. "abcdefghij".Select(c => c.ToString())],
            },
            StateDict.From(weights).Tensors,
            type,
            [new("top1", 12.5)]
        );
        Assert.Equal(
            ["card.json", "model.pth", "model.safetensors"],
            Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );
        ModelCard card = ModelCard.Load(Path.Combine(folder, "card.json"));
        Assert.Equal(12.5, card.Metrics["top1"]);
        foreach (string file in new[] { card.GetWeightsPath()!, Path.Combine(folder, "model.pth") })
        {
            using Checkpoint checkpoint = Checkpoint.Open(file);
            StateDict state = StateDict.From(checkpoint);
            WeightSet read = state.Bind(card.CreateDefinition().Build(new Shape(1, 3, 32, 32)).Parameters);
            Assert.All(
                state.Tensors,
                tensor =>
                    Assert.Equal(tensor.Name.EndsWith("num_batches_tracked", StringComparison.Ordinal) ? DType.Int64 : type, tensor.DType)
            );
            Assert.All(
                weights.Names,
                name =>
                    Assert.Equal(weights[name].Data.Select(value => type == DType.Float16 ? (float)(Half)value : value), read[name].Data)
            );
        }
    }
}
