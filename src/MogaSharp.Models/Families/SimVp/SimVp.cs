using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// SimVP (arXiv 2206.05099, figure 2, and 2211.12509; official <c>simvp/models/simvp_model.py</c>): an encoder of single frames, a
/// translator over all frames at once, and a decoder of single frames with a skip from the encoder's first layer. Parameter names are the
/// official state-dict keys.
/// </summary>
public sealed class SimVp : IVideoDefinition
{
    private readonly SimVpOptions _options;

    /// <summary>Validates the options.</summary>
    /// <exception cref="GraphException">The options describe no network.</exception>
    public SimVp(SimVpOptions options)
    {
        options.Validate();
        _options = options;
    }

    /// <inheritdoc/>
    public int Frames => _options.InShape[0];

    /// <inheritdoc/>
    public int Channels => _options.InShape[1];

    /// <inheritdoc/>
    /// <remarks>
    /// Head: <c>output</c> (N, T, C, H, W). Stages: <c>enc.latent</c> (N T, HidS, H / r, W / r), <c>enc.skip</c> (N T, HidS, H, W), the
    /// translator's blocks <c>hid.enc.0</c> ... (and <c>hid.dec.0</c> ... of IncepU), and its end <c>hid</c> (N, T, HidS, H / r, W / r).
    /// </remarks>
    public ComputationGraph Build(Shape input, ModelOutputs outputs = ModelOutputs.Head)
    {
        if (input.Rank != 5 || input.Extents[1] != Frames || input.Extents[2] != Channels || input.ElementCount == 0)
            throw new GraphException($"The network takes clips of shape (N, {Frames}, {Channels}, H, W), it got {input}.");
        if (input.Extents[3] % _options.Reduction != 0 || input.Extents[4] % _options.Reduction != 0)
            throw new GraphException(
                $"The network takes frames whose rows and columns are multiples of {_options.Reduction}, it got {input}."
            );
        if (
            _options.ModelType == TranslatorKind.Mlp
            && input.Extents[3] * input.Extents[4] != (long)_options.InShape[2] * _options.InShape[3]
        )
            throw new GraphException($"MLP-Mixer's weights are for frames of {_options.InShape[2]}x{_options.InShape[3]}, it got {input}.");
        var builder = new GraphBuilder(ParameterOrder.Modules);
        // What the official code leaves as PyTorch makes it starts uniformly.
        Scope net = (builder.Root with { Initialization = ConvInitialization.Uniform }).WithOrder("enc", "dec", "hid");
        var stages = new List<GraphOutput>();

        Value clip = builder.Input("input", input);
        (Value latent, Value skip) = Encoder(net["enc"], net.Add(new ClipToFrames(), clip));
        stages.AddRange([new("enc.latent", latent), new("enc.skip", skip)]);
        Value hidden = net.Add(new FramesToChannels(Frames), latent);
        hidden =
            _options.ModelType == TranslatorKind.IncepU
                ? IncepTranslator(net["hid"], hidden, stages)
                : MetaTranslator(net["hid"], hidden, stages);
        hidden = net.Add(new ChannelsToFrames(Frames), hidden);
        Value output = net.Add(new FramesToClip(Frames), Decoder(net["dec"], hidden, skip));

        var results = new List<GraphOutput>();
        if (outputs.HasFlag(ModelOutputs.Head))
            results.Add(new(IVideoDefinition.Output, output));
        if (outputs.HasFlag(ModelOutputs.Stages))
            results.AddRange([.. stages, new("hid", net.Add(new FramesToClip(Frames), hidden))]);
        return builder.Build([.. results]);
    }

    private (Value Latent, Value Skip) Encoder(Scope s, Value x)
    {
        Value skip = x = ConvSc(s["enc"][0], x, _options.HidS, _options.SpatioKernelEnc);
        for (int i = 1; i < _options.NS; i++)
            x = ConvSc(s["enc"][i], x, _options.HidS, _options.SpatioKernelEnc, downsampling: i % 2 == 1);
        return (x, skip);
    }

    private Value Decoder(Scope s, Value x, Value skip)
    {
        int last = _options.NS - 1;
        for (int i = 0; i < last; i++)
            x = ConvSc(s["dec"][i], x, _options.HidS, _options.SpatioKernelDec, upsampling: i % 2 == 0);
        x = ConvSc(s["dec"][last], x + skip, _options.HidS, _options.SpatioKernelDec);
        return s.Conv("readout", x, Channels, kernel: 1);
    }

    // A convolution that may halve or double the size, group norm and SiLU: the official ConvSC.
    private static Value ConvSc(Scope s, Value x, int channels, int kernel, bool downsampling = false, bool upsampling = false)
    {
        s = s["conv"] with { Initialization = ConvInitialization.Truncated };
        int stride = downsampling ? 2 : 1,
            padding = (kernel - stride + 1) / 2;
        x = upsampling
            ? s["conv"].Add(new PixelShuffle(2), s["conv"].Conv("0", x, 4 * channels, kernel, padding: padding))
            : s.Conv("conv", x, channels, kernel, stride, padding);
        return s.Activate(ActivationKind.Silu, s.GroupNorm("norm", x, groups: 2));
    }

    // Blocks one after another; the first and the last change the number of channels (MidMetaNet).
    private Value MetaTranslator(Scope s, Value x, List<GraphOutput> stages)
    {
        int outside = x.Channels;
        for (int i = 0; i < _options.NT; i++)
        {
            bool isLast = i == _options.NT - 1;
            int channels = isLast ? outside : _options.HidT;
            double dropPath = isLast ? _options.DropPathRate : 0.01 + ((_options.DropPathRate - 0.01) * i / (_options.NT - 1));
            Scope at = s["enc"][i];
            bool keepsChannels = x.Channels == channels;
            x = MetaBlock(at["block"], x, i, keepsChannels, dropPath);
            if (!keepsChannels)
                x = at.Conv("reduction", x, channels, kernel: 1);
            stages.Add(new($"hid.enc.{i}", x));
        }

        return x;
    }

    private Value MetaBlock(Scope s, Value x, int layer, bool keepsChannels, double dropPath)
    {
        (double ratio, double drop) = (_options.MlpRatio, _options.DropRate);
        Scope fanOut = s with { Initialization = ConvInitialization.FanOut };
        return _options.ModelType switch
        {
            TranslatorKind.Gsta => new LargeKernelBlock
            {
                IsGated = true,
                MlpRatio = ratio,
                Drop = drop,
                DropPath = dropPath,
            }.Build(fanOut, x),
            TranslatorKind.Van => new LargeKernelBlock
            {
                MlpRatio = ratio,
                Drop = drop,
                DropPath = dropPath,
            }.Build(fanOut, x),
            TranslatorKind.ConvMixer => new ConvMixerBlock { Kernel = 11 }.Build(fanOut, x),
            TranslatorKind.ConvNeXt => new ConvNeXtBlock
            {
                ConvMlp = true,
                MlpRatio = ratio,
                DropPath = dropPath,
            }.Build(fanOut, x),
            TranslatorKind.HorNet => new HorBlock
            {
                Spatial = new GnConv { Order = 4 },
                MlpRatio = ratio,
                DropPath = dropPath,
            }.Build(fanOut, x),
            TranslatorKind.Moga => new MogaBlock
            {
                Sigma = "sigma",
                FfnRatio = ratio,
                Drop = drop,
                DropPath = dropPath,
            }.Build(fanOut, x),
            TranslatorKind.PoolFormer => new PoolFormerBlock
            {
                MlpRatio = ratio,
                Drop = drop,
                DropPath = dropPath,
            }.Build(s with { Initialization = ConvInitialization.Truncated }, x),
            TranslatorKind.Mlp => new MixerBlock
            {
                ChannelRatio = ratio,
                Drop = drop,
                DropPath = dropPath,
            }.Build(s, x),
            TranslatorKind.Vit => new TransformerBlock
            {
                Heads = Heads,
                MlpRatio = ratio,
                Drop = drop,
                DropPath = dropPath,
            }.Build(s, x),
            TranslatorKind.Swin => SwinBlock(layer, dropPath).Build(s, x),
            TranslatorKind.UniFormer when layer > 0 && keepsChannels => new UniFormerBlock
            {
                Heads = Heads,
                MlpRatio = ratio,
                Drop = drop,
                DropPath = dropPath,
            }.Attention(s, x),
            TranslatorKind.UniFormer => new UniFormerBlock
            {
                MlpRatio = ratio,
                Drop = drop,
                DropPath = dropPath,
            }.Convolution(fanOut, x),
            _ => throw new GraphException($"Unknown translator {_options.ModelType}."),
        };
    }

    private const int Heads = 8;

    // The official translator shifts odd layers but never masks what the shift brings together.
    private SwinBlock SwinBlock(int layer, double dropPath)
    {
        int rows = _options.InShape[2] / _options.Reduction;
        int window = Math.Min(8, rows % 7 == 0 ? 7 : Math.Max(4, rows / 16));
        return new()
        {
            Heads = Heads,
            Window = window,
            Shift = layer % 2 == 0 ? 0 : window / 2,
            IsMasked = false,
            MlpRatio = _options.MlpRatio,
            Drop = _options.DropRate,
            DropPath = dropPath,
        };
    }

    // Down and up again at one size, with skips across (MidIncepNet).
    private Value IncepTranslator(Scope s, Value x, List<GraphOutput> stages)
    {
        int outside = x.Channels,
            depth = _options.NT;
        var skips = new Stack<Value>();
        for (int i = 0; i < depth; i++)
        {
            x = Inception(s["enc"][i], x, _options.HidT);
            if (i < depth - 1)
                skips.Push(x);
            stages.Add(new($"hid.enc.{i}", x));
        }

        for (int i = 0; i < depth; i++)
        {
            if (i > 0)
                x = s.Concat(x, skips.Pop());
            x = Inception(s["dec"][i], x, i < depth - 1 ? _options.HidT : outside);
            stages.Add(new($"hid.dec.{i}", x));
        }

        return x;
    }

    // Kernels of four sizes beside each other, in groups (gInception_ST).
    private Value Inception(Scope s, Value x, int channels)
    {
        x = s.Conv("conv1", x, _options.HidT / 2, kernel: 1);
        int groups = x.Channels % Groups == 0 ? Groups : 1;
        Value? sum = null;
        for (int i = 0; i < InceptionKernels.Length; i++)
        {
            Scope at = s["layers"][i];
            int kernel = InceptionKernels[i];
            Value y = at.GroupNorm("norm", at.Conv("conv", x, channels, kernel, padding: kernel / 2, groups: groups), groups);
            y = at.Activate(ActivationKind.LeakyRelu, y);
            sum = sum is null ? y : s["layers"].Add(new Binary(BinaryKind.Add), sum, y);
        }

        return sum!;
    }

    private const int Groups = 8;

    private static ReadOnlySpan<int> InceptionKernels => [3, 5, 7, 11];
}
