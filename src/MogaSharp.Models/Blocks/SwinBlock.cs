using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// The block of Swin Transformer (arXiv 2103.14030, section 3.2; timm 0.6, <c>swin_transformer.py</c>): attention within windows, shifted
/// in every other block, with a relative position bias; then an MLP. Shape is kept.
/// </summary>
public sealed record SwinBlock
{
    /// <summary>Heads; divides the channels.</summary>
    public required int Heads { get; init; }

    /// <summary>The window's side in pixels. A map whose shorter side is not longer is cut into windows of that side, without
    /// shift.</summary>
    public int Window { get; init; } = 7;

    /// <summary>How far windows are shifted, 0 to below <see cref="Window"/>: half of it in every other block.</summary>
    public int Shift { get; init; }

    /// <summary>Hidden channels of the MLP as a multiple of the channels.</summary>
    public double MlpRatio { get; init; } = 4;

    /// <summary>Whether shifted windows mask what are not neighbors in the map; SimVP's Swin has the mask but does not use it.</summary>
    public bool IsMasked { get; init; } = true;

    /// <summary>Dropout in the MLP and after attention, 0 to below 1.</summary>
    public double Drop { get; init; }

    /// <summary>Stochastic depth, 0 to below 1.</summary>
    public double DropPath { get; init; }

    /// <summary>Adds the block.</summary>
    /// <param name="s">The block's scope.</param>
    /// <param name="x">The feature map (N, C, H, W); windows tile it.</param>
    /// <exception cref="GraphException">Windows do not tile the map, or heads do not divide the channels.</exception>
    public Value Build(Scope s, Value x)
    {
        int side = Math.Min(x.Shape[2], x.Shape[3]);
        (int window, int shift) = side <= Window ? (side, 0) : (Window, Shift);
        Value map = x;
        Value windows = s.Add(new WindowPartition(window, shift), s.LayerNorm("norm1", x));
        if (shift > 0)
            DeclareMask(s, x.Shape, window, shift);
        windows = TransformerBlock.Attention(s["attn"], windows, Heads, Drop, scores => Adjust(s["attn"], scores, map, window, shift));
        x = s.Residual(x, DropPath, s.Add(new WindowMerge(window, shift), windows, x));
        return s.Residual(x, DropPath, Mlp.Linear(s["mlp"], s.LayerNorm("norm2", x), (int)(MlpRatio * x.Channels), Drop));
    }

    private Value Adjust(Scope s, Value scores, Value map, int window, int shift)
    {
        int rows = ((2 * window) - 1) * ((2 * window) - 1),
            tokens = window * window;
        string table = s.Declare("relative_position_bias_table", new Shape(rows, Heads), new Initializer.TruncatedNormal(0.02));
        var bias = new RelativePositionBias(Heads, window, table);
        var index = new Initializer.Computed(i => bias.Row(i / tokens, i % tokens));
        s.Declare("relative_position_index", new Shape(tokens, tokens), index, ParameterKind.Buffer, isOptional: true, DType.Int64);
        Value biased = s.Add(bias, scores);
        return shift > 0 && IsMasked ? s.Add(new WindowMask(window, shift), biased, map) : biased;
    }

    // Official files store the mask of the size that they were made for; what is computed takes it from the map.
    private static void DeclareMask(Scope s, Shape map, int window, int shift)
    {
        int tokens = window * window,
            count = map[2] / window * (map[3] / window);
        var op = new WindowMask(window, shift);
        var mask = new Initializer.Computed(i =>
            op.Separates(map, i / (tokens * tokens), i / tokens % tokens, i % tokens) ? WindowMask.Masked : 0
        );
        s.Declare("attn_mask", new Shape(count, tokens, tokens), mask, ParameterKind.Buffer, isOptional: true);
    }
}
