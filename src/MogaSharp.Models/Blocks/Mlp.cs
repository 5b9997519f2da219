using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>Two layers with an activation between, over the channels of each pixel (timm 0.6, <c>layers/mlp.py</c>): <c>fc1</c>,
/// <c>fc2</c>.</summary>
public static class Mlp
{
    /// <summary>With fully connected layers, <c>Mlp</c>: dropout after each.</summary>
    /// <param name="s">The module's scope.</param>
    /// <param name="x">The input, (N, C, H, W) or (N, C).</param>
    /// <param name="hidden">Hidden features.</param>
    /// <param name="drop">Dropout, 0 to below 1.</param>
    public static Value Linear(Scope s, Value x, int hidden, double drop = 0)
    {
        Value h = s.Dropout(drop, s.Activate(ActivationKind.Gelu, s.Linear("fc1", x, hidden)));
        return s.Dropout(drop, s.Linear("fc2", h, x.Channels));
    }

    /// <summary>With 1x1 convolutions, <c>ConvMlp</c>: the same function of the same numbers, whose weights have four dimensions; dropout
    /// between.</summary>
    /// <inheritdoc cref="Linear"/>
    public static Value Conv(Scope s, Value x, int hidden, double drop = 0)
    {
        Value h = s.Dropout(drop, s.Activate(ActivationKind.Gelu, s.Conv("fc1", x, hidden, kernel: 1)));
        return s.Conv("fc2", h, x.Channels, kernel: 1);
    }
}
