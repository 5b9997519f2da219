using System.Collections.Immutable;
using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Cpu.Tests.Support;

/// <summary>Draws small MogaNets over all options that change the function.</summary>
internal static class RandomMogaNet
{
    public static GraphCase Create(int seed)
    {
        var random = new Random(seed);
        MogaNetOptions options = Options(random);
        var shape = new Shape(random.Next(1, 4), options.InChannels, random.Next(1, 49), random.Next(1, 49));
        return GraphCase.Create(options.CreateDefinition().Build(shape, ModelOutputs.All), $"moga{seed}/");
    }

    private static MogaNetOptions Options(Random random)
    {
        int stages = random.Next(1, 5);
        ImmutableArray<int> split = [random.Next(1, 5), random.Next(1, 5), random.Next(1, 5)];
        PatchEmbedKind stem = OneOf(PatchEmbedKind.ConvEmbed, PatchEmbedKind.Conv);
        return new()
        {
            Arch = new(Each(_ => split.Sum() * random.Next(1, 5)), Each(_ => random.Next(0, 3)), Each(_ => OneOf(1.0, 1.5, 2, 4, 8))),
            InChannels = random.Next(1, 5),
            NumClasses = random.Next(0, 20),
            DropRate = OneOf(0, 0.1),
            DropPathRate = OneOf(0, 0.1),
            PatchSizes = Each(i => i == 0 && stem == PatchEmbedKind.ConvEmbed ? random.Next(1, 4) : random.Next(1, 6)),
            PatchEmbeds = Each(i => i == 0 ? stem : PatchEmbedKind.Conv),
            StemNorm = OneOf(NormKind.BatchNorm, NormKind.GroupNorm),
            ConvNorm = OneOf(NormKind.BatchNorm, NormKind.BatchNorm, NormKind.GroupNorm),
            AttnDwDilation = [random.Next(1, 4), random.Next(1, 4), random.Next(1, 4)],
            AttnChannelSplit = split,
            AttnActivation = OneOf(ActivationKind.Silu, ActivationKind.Gelu, ActivationKind.Relu),
            AttnFinalDilation = OneOf(true, false),
            Gate = OneOf(GateMode.Once, GateMode.Twice),
        };

        ImmutableArray<T> Each<T>(Func<int, T> draw) => [.. Enumerable.Range(0, stages).Select(draw)];

        T OneOf<T>(params ReadOnlySpan<T> choices) => choices[random.Next(choices.Length)];
    }
}
