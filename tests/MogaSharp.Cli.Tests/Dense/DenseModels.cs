using System.Collections.Immutable;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Weights;

namespace MogaSharp.Cli.Tests;

/// <summary>Small networks for dense tasks with formula weights.</summary>
internal static class DenseModels
{
    private static readonly MogaNetOptions Backbone = new() { Arch = new MogaNetArch([8, 8, 16, 16], [1, 1, 1, 1], [4, 4, 2, 2]) };

    public static SemanticFpnOptions Segmentor { get; } =
        new()
        {
            Backbone = Backbone,
            NumClasses = 4,
            NeckChannels = 8,
            HeadChannels = 8,
        };

    public static HeatMapPoseOptions Pose { get; } = new() { Backbone = Backbone, HeadChannels = [8, 8, 8] };

    /// <summary>Writes a card and its weights; returns the card's path.</summary>
    public static string Write(TemporaryFolder folder, ModelCard card, WeightSet? weights = null)
    {
        weights ??= FormulaWeights.Create(card.CreateDefinition().Build(card.InputShape()).Parameters);
        CheckpointWriter.SaveSafetensors(folder.File("weights.safetensors"), StateDict.From(weights).Tensors);
        File.WriteAllText(folder.File("card.json"), (card with { Weights = new WeightsCard { File = "weights.safetensors" } }).ToJson());
        return folder.File("card.json");
    }

    public static string WriteSegmentor(TemporaryFolder folder) =>
        Write(
            folder,
            new ModelCard
            {
                Name = "segmentor",
                Options = Segmentor,
                Labels = ["ground", "sky", "ball", "person"],
                Preprocess = new PreprocessCard
                {
                    Width = 128,
                    Height = 64,
                    Mode = ResizeMode.Fit,
                    SizeDivisor = 32,
                    Filter = ResizeFilter.PlainBilinear,
                },
            }
        );

    public static string WriteDetector(TemporaryFolder folder) => WriteDetector(folder, 128, 96, ["cat", "dog", "traffic light"]);

    public static string WriteSceneDetector(TemporaryFolder folder) =>
        WriteDetector(folder, 64, 64, [.. SceneGenerator.Classes.Skip(1).Select(label => label.Name)]);

    private static string WriteDetector(TemporaryFolder folder, int width, int height, ImmutableArray<string> labels) =>
        Write(
            folder,
            new ModelCard
            {
                Name = "detector",
                Options = new MaskRcnnOptions
                {
                    Backbone = Backbone,
                    NumClasses = labels.Length,
                    NeckChannels = 8,
                    ProposalChannels = 8,
                    BoxFeatures = 16,
                    MaskConvs = 1,
                    MaskChannels = 8,
                },
                Labels = labels,
                Preprocess = new PreprocessCard
                {
                    Width = width,
                    Height = height,
                    Crop = 1,
                    Mode = ResizeMode.Fit,
                    SizeDivisor = 32,
                    IsPadded = true,
                    Filter = ResizeFilter.PlainBilinear,
                },
            }
        );

    public static string WriteSceneSegmentor(TemporaryFolder folder) =>
        Write(
            folder,
            new ModelCard
            {
                Name = "scenes",
                Options = Segmentor with { NumClasses = SceneGenerator.Classes.Length },
                Labels = [.. SceneGenerator.Classes.Select(label => label.Name)],
                Preprocess = new PreprocessCard
                {
                    Width = 64,
                    Height = 64,
                    Mode = ResizeMode.Fit,
                    SizeDivisor = 32,
                    Filter = ResizeFilter.PlainBilinear,
                },
            }
        );

    public static string WritePose(TemporaryFolder folder) =>
        Write(
            folder,
            new ModelCard
            {
                Name = "pose",
                Options = Pose,
                Skeleton = "coco",
                Preprocess = new PreprocessCard
                {
                    Width = 48,
                    Height = 64,
                    Mode = ResizeMode.Box,
                },
            }
        );
}
