namespace MogaSharp.Data;

/// <summary>
/// How strongly colors change at random (torchvision's <c>ColorJitter</c>): brightness, contrast and saturation each by a factor of
/// max(0, 1 - strength)..1 + strength, hues by -strength..strength of a turn. timm takes one number, or three or four of them.
/// </summary>
/// <param name="Brightness">At least 0.</param>
/// <param name="Contrast">At least 0.</param>
/// <param name="Saturation">At least 0.</param>
/// <param name="Hue">0 to 0.5.</param>
public readonly record struct JitterStrength(double Brightness, double Contrast, double Saturation, double Hue = 0)
{
    /// <summary>Whether nothing changes.</summary>
    public bool IsNone => this == default;

    /// <summary>One strength for all but hues, which stay.</summary>
    /// <param name="strength">At least 0.</param>
    public static implicit operator JitterStrength(double strength) => FromDouble(strength);

    /// <summary>One strength for all but hues, which stay.</summary>
    /// <param name="strength">At least 0.</param>
    public static JitterStrength FromDouble(double strength) => new(strength, strength, strength);
}
