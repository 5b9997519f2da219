using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// The block of ViT (arXiv 2010.11929, figure 1; timm 0.6, <c>vision_transformer.py</c>, <c>Block</c>): attention among all pixels of the
/// map, then an MLP, each after layer norm. Shape is kept.
/// </summary>
public sealed record TransformerBlock
{
    /// <summary>Heads; divides the channels.</summary>
    public int Heads { get; init; } = 8;

    /// <summary>Hidden channels of the MLP as a multiple of the channels.</summary>
    public double MlpRatio { get; init; } = 4;

    /// <summary>Dropout in the MLP and after attention, 0 to below 1.</summary>
    public double Drop { get; init; }

    /// <summary>Stochastic depth, 0 to below 1.</summary>
    public double DropPath { get; init; }

    /// <summary>Adds the block.</summary>
    /// <param name="s">The block's scope.</param>
    /// <param name="x">The feature map (N, C, H, W), a token per pixel.</param>
    public Value Build(Scope s, Value x)
    {
        x = s.Residual(x, DropPath, Attention(s["attn"], s.LayerNorm("norm1", x), Heads, Drop));
        return s.Residual(x, DropPath, Mlp.Linear(s["mlp"], s.LayerNorm("norm2", x), (int)(MlpRatio * x.Channels), Drop));
    }

    /// <summary>Attention among the pixels of each map, with <c>qkv</c> and <c>proj</c>.</summary>
    /// <param name="s">The module's scope.</param>
    /// <param name="x">The tokens (N, C, H, W).</param>
    /// <param name="heads">Heads; divides the channels.</param>
    /// <param name="drop">Dropout after the projection.</param>
    /// <param name="adjust">What changes the scores (N, heads, T, T) before softmax, such as a position bias; null for nothing.</param>
    /// <exception cref="GraphException">Heads do not divide the channels.</exception>
    public static Value Attention(Scope s, Value x, int heads, double drop = 0, Func<Value, Value>? adjust = null)
    {
        int c = x.Channels;
        if (heads < 1 || c % heads != 0)
            throw new GraphException($"{s.Name}: {heads} heads do not divide {c} channels.");
        Value qkv = s.Linear("qkv", x, 3 * c);
        Value scores = s.Add(new QueryKeyProduct(heads, 1 / Math.Sqrt((double)c / heads)), s.Slice(qkv, 0, c), s.Slice(qkv, c, c));
        Value shares = s.Add(new Softmax(), adjust?.Invoke(scores) ?? scores);
        Value y = s.Add(new AttentionOutput(heads), shares, s.Slice(qkv, 2 * c, c));
        return s.Dropout(drop, s.Linear("proj", y, c));
    }
}
