namespace MogaSharp;

/// <summary>The order of an input's color planes.</summary>
public enum ChannelOrder
{
    /// <summary>Red, green, blue.</summary>
    Rgb,

    /// <summary>Blue, green, red, as networks take it that were trained on images read by OpenCV.</summary>
    Bgr,
}
