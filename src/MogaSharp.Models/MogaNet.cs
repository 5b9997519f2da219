using System.Collections.Immutable;
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
            for (int j = 0; j < _options.Arch.Depths[i]; j++) x = Block(net[$"blocks{i + 1}"][j], x, i, dropPath[block++]);
            x = Norm(net, $"norm{i + 1}", x, _options.StemNorm);
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
            x = s.Activate(ActivationKind.Gelu, Norm(s, "1", x, _options.ConvNorm));
            x = s.Conv("3", x, channels, kernel, stride, kernel / 2);
            return Norm(s, "4", x, _options.ConvNorm);
        }

        return Norm(s, "norm", s.Conv("projection", x, channels, kernel, stride, kernel / 2), _options.ConvNorm);
    }

    // Paper, figure 4: two residual branches with layer scale.
    private Value Block(Scope s, Value x, int stage, double dropPath)
    {
        Value y = SpatialAggregation(s["attn"], Norm(s, "norm1", x, _options.ConvNorm), stage);
        x += s.DropPath(dropPath, s.Scale("layer_scale_1", y, _options.InitValue));
        y = ChannelAggregation(s["mlp"], Norm(s, "norm2", x, _options.ConvNorm), stage);
        x += s.DropPath(dropPath, s.Scale("layer_scale_2", y, _options.InitValue));
        return x;
    }

    // Multi-order gated aggregation. The shortcut is the block's input AFTER the norm, as in the official code.
    private Value SpatialAggregation(Scope s, Value x, int stage)
    {
        Value y = s.Conv("proj_1", x, x.Channels, kernel: 1);
        y += s["sigma"].Scale("scale", y - s.GlobalAveragePool(y), SigmaInitValue);
        y = s.Activate(_options.AttnActivation, y);
        Value gate = s.Conv("gate", y, x.Channels, kernel: 1);
        Value context = MultiOrderContext(s["value"], y, Dilations(stage));
        return s.Conv("proj_2", GateActivation(s, gate) * GateActivation(s, context), x.Channels, kernel: 1) + x;
    }

    // 5x5 on all channels; then the middle share once more by a dilated 5x5 and the high share by a dilated 7x7.
    private Value MultiOrderContext(Scope s, Value x, ImmutableArray<int> dilations)
    {
        int sum = _options.AttnChannelSplit.Sum();
        int middle = (int)((double)_options.AttnChannelSplit[1] / sum * x.Channels);
        int high = (int)((double)_options.AttnChannelSplit[2] / sum * x.Channels);
        int low = x.Channels - middle - high;
        Value x0 = s.DepthwiseConv("DW_conv0", x, 5, dilations[0]);
        Value x1 = s.DepthwiseConv("DW_conv1", s.Slice(x0, low, middle), 5, dilations[1]);
        Value x2 = s.DepthwiseConv("DW_conv2", s.Slice(x0, low + middle, high), 7, dilations[2]);
        return s.Conv("PW_conv", s.Concat(s.Slice(x0, 0, low), x1, x2), x.Channels, kernel: 1);
    }

    private Value ChannelAggregation(Scope s, Value x, int stage)
    {
        Value h = s.Conv("fc1", x, (int)(x.Channels * _options.Arch.FfnRatios[stage]), kernel: 1);
        h = s.Activate(ActivationKind.Gelu, s.DepthwiseConv("dwconv", h, 3));
        h = s.Dropout(_options.DropRate, h);
        h += s["sigma"].Scale("scale", h - s.Activate(ActivationKind.Gelu, s.Conv("decompose", h, 1, kernel: 1)), SigmaInitValue);
        return s.Dropout(_options.DropRate, s.Conv("fc2", h, x.Channels, kernel: 1));
    }

    private const float SigmaInitValue = 1e-5f;

    private Value GateActivation(Scope s, Value x)
    {
        x = s.Activate(_options.AttnActivation, x);
        return _options.Gate == GateMode.Twice ? s.Activate(_options.AttnActivation, x) : x;
    }

    private ImmutableArray<int> Dilations(int stage) =>
        _options.AttnFinalDilation || stage < _options.Arch.Depths.Length - 1 ? _options.AttnDwDilation : [1, 2, 1];

    private static Value Norm(Scope s, string name, Value x, NormKind kind) => kind switch
    {
        NormKind.BatchNorm => s.BatchNorm(name, x),
        NormKind.GroupNorm => s.GroupNorm(name, x, groups: x.Channels),
        _ => throw new GraphException($"Unknown norm {kind}."),
    };
}
