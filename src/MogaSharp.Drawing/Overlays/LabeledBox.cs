namespace MogaSharp.Drawing;

/// <summary>A box around something, in pixels of the image. Edges may lie outside; what is outside is not drawn.</summary>
/// <param name="Left">The left edge.</param>
/// <param name="Top">The top edge.</param>
/// <param name="Right">The right edge, where the next pixel begins.</param>
/// <param name="Bottom">The bottom edge, where the next pixel begins.</param>
/// <param name="Color">The color of the edges and of the label's ground.</param>
/// <param name="Label">What stands beside it; null or empty for none.</param>
public sealed record LabeledBox(float Left, float Top, float Right, float Bottom, RgbColor Color, string? Label = null);
