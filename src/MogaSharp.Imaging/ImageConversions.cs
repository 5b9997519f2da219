namespace MogaSharp.Imaging;

/// <summary>What an encoded image held that its 8-bit RGB pixels do not.</summary>
[Flags]
public enum ImageConversions
{
    /// <summary>Nothing was lost.</summary>
    None = 0,

    /// <summary>Some pixels are transparent; their opacity was left out.</summary>
    Opacity = 1,

    /// <summary>Samples that are neither colors nor opacity, such as near infrared, were left out.</summary>
    ExtraSamples = 2,

    /// <summary>Samples of more than 8 bits were cut to 8.</summary>
    Depth = 4,

    /// <summary>Colors of another space than RGB or gray, such as CMYK or CIELAB, were converted.</summary>
    ColorSpace = 8,

    /// <summary>Frames or pages after the first were left out.</summary>
    Frames = 16,

    /// <summary>The file contradicts itself about its colors; what was meant was guessed.</summary>
    Guessed = 32,
}
