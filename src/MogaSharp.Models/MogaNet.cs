using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// MogaNet (Multi-order Gated Aggregation Network, ICLR 2024, arXiv 2211.03295; official file <c>models/moganet.py</c>).
/// Parameter names are the official state-dict keys.
/// </summary>
public sealed class MogaNet : IClassifierDefinition
{
    private readonly MogaNetOptions _options;

    /// <summary>Takes the options.</summary>
    /// <exception cref="GraphException">The options describe no network.</exception>
    public MogaNet(MogaNetOptions options)
    {
        options.Validate();
        _options = options;
    }

    /// <inheritdoc/>
    public int InChannels => _options.InChannels;

    /// <inheritdoc/>
    public int NumClasses => _options.NumClasses;

    /// <inheritdoc/>
    /// <remarks>
    /// Head: <c>logits</c> (N, NumClasses), or <c>features</c> (N, C) without classes. Stages: <c>stage1</c> ... <c>stage4</c>,
    /// each after its norm (N, C_i, H_i, W_i), as the official <c>fork_feat=True</c> returns them.
    /// </remarks>
    public ComputationGraph Build(Shape input, ModelOutputs outputs = ModelOutputs.Head)
    {
        var builder = new GraphBuilder();
        Scope net = builder.Root;
        Value x = builder.Pictures(input, InChannels);
        var results = new List<KeyValuePair<string, Value>>();
        double[] dropPath = _options.DropPathRates(_options.Arch.Depths.Sum());
        int stages = _options.Arch.Depths.Length, block = 0;
        for (int i = 0; i < stages; i++)
        {
            x = PatchEmbed(net[$"patch_embed{i + 1}"], x, i);
            for (int j = 0; j < _options.Arch.Depths[i]; j++) x = Block(i, dropPath[block++]).Build(net[$"blocks{i + 1}"][j], x);
            x = net.Norm($"norm{i + 1}", x, _options.StemNorm);
            if (outputs.HasFlag(ModelOutputs.Stages)) results.Add(new($"stage{i + 1}", x));
        }

        if (outputs.HasFlag(ModelOutputs.Head))
        {
            x = net.SpatialMean(x);
            results.Insert(0, _options.NumClasses > 0
                ? new("logits", net.Linear("head", x, _options.NumClasses, _options.HeadInitScale))
                : new("features", x));
        }

        return builder.Build([.. results]);
    }

    private Value PatchEmbed(Scope s, Value x, int stage)
    {
        int channels = _options.Arch.EmbedDims[stage], kernel = _options.PatchSizes[stage], stride = (kernel / 2) + 1;
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

    private MogaBlock Block(int stage, double dropPath) => new()
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
