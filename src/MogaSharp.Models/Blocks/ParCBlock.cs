using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// The block of ParC-Net (arXiv 2203.03952, figure 3; official <c>edgeformer_block.py</c>, <c>gcc_ca_mf_block</c>): position aware circular
/// convolutions, down then across for one half of the channels and across then down for the other; then an MLP with channel attention.
/// Shape is kept.
/// </summary>
public sealed record ParCBlock
{
    /// <summary>Taps that the kernels are stored with: the side of the map that the network was made for. Other sides take resized
    /// kernels.</summary>
    public required int KernelSize { get; init; }

    /// <summary>Hidden channels of the MLP as a multiple of the channels.</summary>
    public double MlpRatio { get; init; } = 2;

    /// <summary>Whether positions are added before each convolution; official networks do so in the first block of a stage.</summary>
    public bool HasPositions { get; init; }

    /// <summary>Dropout after the MLP, 0 to below 1.</summary>
    public double Drop { get; init; }

    /// <summary>Adds the block.</summary>
    /// <param name="s">The block's scope.</param>
    /// <param name="x">The feature map (N, C, H, W), C even.</param>
    /// <exception cref="GraphException">The number of channels is odd.</exception>
    public Value Build(Scope s, Value x)
    {
        if (x.Channels % 2 != 0)
            throw new GraphException($"{s.Name}: the ParC block takes an even number of channels, it got {x.Channels}.");
        int half = x.Channels / 2;
        (Value x1, Value x2) = (s.Slice(x, 0, half), s.Slice(x, half, half));
        string[] kernels = [Kernel("1_H"), Kernel("1_W"), Kernel("2_H"), Kernel("2_W")];
        string[] positions = HasPositions ? [Position("1_H"), Position("1_W"), Position("2_H"), Position("2_W")] : ["", "", "", ""];
        Value y1 = s.BatchNorm("pre_Norm_1", At(x1, MapAxis.Height, positions[0]));
        Value y2 = s.BatchNorm("pre_Norm_2", At(x2, MapAxis.Width, positions[1]));
        y1 = At(Convolve(y1, MapAxis.Height, kernels[0]), MapAxis.Width, positions[3]);
        y2 = At(Convolve(y2, MapAxis.Width, kernels[1]), MapAxis.Height, positions[2]);
        y1 = Add(x1, Convolve(y1, MapAxis.Width, kernels[3]));
        y2 = Add(x2, Convolve(y2, MapAxis.Height, kernels[2]));
        Value y = s.Concat(y1, y2);
        return Add(y, ChannelAttention(s["ca"], Mlp(s["ffn"], y), reduction: 16));

        string Kernel(string name) =>
            s.Declare($"meta_kernel_{name}", Along(name, half, 1), new Initializer.Uniform(1 / Math.Sqrt(KernelSize)));
        string Position(string name) => s.Declare($"meta_pe_{name}", Along(name, 1, half), new Initializer.Normal(1));
        Shape Along(string name, int outer, int inner) =>
            name.EndsWith('H') ? new(outer, inner, KernelSize, 1) : new(outer, inner, 1, KernelSize);
        Value At(Value value, MapAxis axis, string position) =>
            HasPositions ? s.Add(new PositionEmbedding(half, axis, KernelSize, position), value) : value;
        Value Convolve(Value value, MapAxis axis, string kernel) => s.Add(new CircularConv(half, axis, KernelSize, kernel, null), value);
        Value Add(Value a, Value b) => s.Add(new Binary(BinaryKind.Add), a, b);
    }

    /// <summary>Squeeze and excitation with norms: each channel times a share that the means of all channels decide.</summary>
    /// <param name="s">The module's scope; its layers are <c>fc.0</c>, <c>fc.1</c>, <c>fc.3</c>, <c>fc.4</c>.</param>
    /// <param name="x">The feature map (N, C, H, W).</param>
    /// <param name="reduction">The factor by which the channels between are fewer.</param>
    public static Value ChannelAttention(Scope s, Value x, int reduction)
    {
        Scope fc = s["fc"];
        Value y = fc.BatchNorm("1", fc.Conv("0", s.GlobalAveragePool(x), x.Channels / reduction, kernel: 1, hasBias: false));
        y = fc.BatchNorm("4", fc.Conv("3", fc.Activate(ActivationKind.HardSwish, y), x.Channels, kernel: 1, hasBias: false));
        return s.Add(new Binary(BinaryKind.Multiply), x, fc.Activate(ActivationKind.HardSigmoid, y));
    }

    private Value Mlp(Scope s, Value x)
    {
        Value h = s.Conv("1", s.BatchNorm("0", x), (int)(MlpRatio * x.Channels), kernel: 1);
        return s.Dropout(Drop, s.Conv("4", s.Activate(ActivationKind.HardSwish, h), x.Channels, kernel: 1));
    }
}
