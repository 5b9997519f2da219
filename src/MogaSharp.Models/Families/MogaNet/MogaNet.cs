using System.Collections.Immutable;
using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// MogaNet (Multi-order Gated Aggregation Network, ICLR 2024, arXiv 2211.03295; official file <c>models/moganet.py</c>).
/// Parameter names are the official state-dict keys.
/// </summary>
public sealed class MogaNet : IBackbone
{
    private readonly MogaNetOptions _options;

    /// <summary>Validates the options.</summary>
    /// <exception cref="GraphException">The options describe no network.</exception>
    public MogaNet(MogaNetOptions options)
    {
        options.Validate();
        _options = options;
    }

    /// <inheritdoc/>
    public int InChannels => _options.InChannels;

    /// <inheritdoc/>
    public ParameterOrder Order => ParameterOrder.Declaration;

    /// <inheritdoc/>
    /// <remarks>Each map is taken after its stage's norm, as the official <c>fork_feat=True</c> returns them.</remarks>
    public ImmutableArray<FeatureInfo> Features
    {
        get
        {
            int stride = 1;
            return
            [
                .. _options.Arch.EmbedDims.Select(
                    (channels, i) =>
                    {
                        int step = (_options.PatchSizes[i] / 2) + 1;
                        stride *= i == 0 && _options.PatchEmbeds[0] == PatchEmbedKind.ConvEmbed ? step * step : step;
                        return new FeatureInfo(FeatureInfo.StageName(i), channels, stride);
                    }
                ),
            ];
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<Value> Build(Scope net, Value image)
    {
        Value x = image;
        var features = new List<Value>();
        double[] dropPath = _options.DropPathRates(_options.Arch.Depths.Sum());
        int stages = _options.Arch.Depths.Length,
            block = 0;
        for (int i = 0; i < stages; i++)
        {
            x = PatchEmbed(net[$"patch_embed{i + 1}"], x, i);
            for (int j = 0; j < _options.Arch.Depths[i]; j++)
                x = Block(i, dropPath[block++]).Build(net[$"blocks{i + 1}"][j], x);
            x = net.Norm($"norm{i + 1}", x, _options.StemNorm);
            features.Add(x);
        }

        return features;
    }

    private Value PatchEmbed(Scope s, Value x, int stage)
    {
        int channels = _options.Arch.EmbedDims[stage],
            kernel = _options.PatchSizes[stage],
            stride = (kernel / 2) + 1;
        if (stage == 0 && _options.PatchEmbeds[0] == PatchEmbedKind.ConvEmbed)
        {
            s = s["projection"];
            x = s.Conv("0", x, channels / 2, kernel, stride, kernel / 2);
            x = s.Activate(ActivationKind.Gelu, s.Norm("1", x, _options.ConvNorm));
            x = s.Conv("3", x, channels, kernel, stride, kernel / 2);
            return s.Norm("4", x, _options.ConvNorm);
        }

        return s.Norm("norm", s.Conv("projection", x, channels, kernel, stride, kernel / 2), _options.ConvNorm);
    }

    private MogaBlock Block(int stage, double dropPath) =>
        new()
        {
            FfnRatio = _options.Arch.FfnRatios[stage],
            Norm = _options.ConvNorm,
            Dilations = _options.AttnFinalDilation || stage < _options.Arch.Depths.Length - 1 ? _options.AttnDwDilation : [1, 2, 1],
            ChannelSplit = _options.AttnChannelSplit,
            Activation = _options.AttnActivation,
            Gate = _options.Gate,
            ChannelMixer = _options.ChannelMixer,
            Context = _options.Context,
            HasDecomposition = _options.HasDecomposition,
            HasGate = _options.HasGate,
            InitValue = _options.InitValue,
            Drop = _options.DropRate,
            DropPath = dropPath,
        };
}
