namespace MogaSharp.Vision;

/// <summary>The size of an image.</summary>
/// <param name="Width">In pixels.</param>
/// <param name="Height">In pixels.</param>
public readonly record struct ImageSize(int Width, int Height)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Width} x {Height}";
}
