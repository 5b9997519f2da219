using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <summary>
/// How a value lies in the arena: images, rows, columns, then channels, which are contiguous and rounded up to whole
/// vectors. What stands in the rounding may be anything and is never read as data. (N, C) lies as one row and column,
/// a clip (N, T, C, H, W) as N T images.
/// </summary>
/// <param name="Images">N, or N T.</param>
/// <param name="Height">H.</param>
/// <param name="Width">W.</param>
/// <param name="Channels">C.</param>
/// <param name="Stride">Floats from one pixel to the next, at least <paramref name="Channels"/>.</param>
internal readonly record struct MapLayout(int Images, int Height, int Width, int Channels, int Stride)
{
    /// <summary>Channels are rounded to this many floats (one cache line), whatever the vector width, so that layouts do not depend on
    /// it.</summary>
    public const int ChannelMultiple = 16;

    /// <summary>Pixels of all images.</summary>
    public int Pixels => Images * Height * Width;

    /// <summary>Pixels of one image.</summary>
    public int Plane => Height * Width;

    /// <summary>Floats in all.</summary>
    public long Floats => (long)Pixels * Stride;

    /// <summary>The layout of a value.</summary>
    /// <param name="shape">(N, C, H, W), (N, C) or (N, T, C, H, W).</param>
    public static MapLayout Of(Shape shape) =>
        shape.Rank switch
        {
            5 => new(shape[0] * shape[1], shape[3], shape[4], shape[2], RoundUp(shape[2])),
            4 => new(shape[0], shape[2], shape[3], shape[1], RoundUp(shape[1])),
            _ => new(shape[0], 1, 1, shape[1], RoundUp(shape[1])),
        };

    /// <summary>Channels rounded up to whole cache lines.</summary>
    public static int RoundUp(int channels) => (channels + ChannelMultiple - 1) / ChannelMultiple * ChannelMultiple;
}

/// <summary>A value's place in the arena.</summary>
internal sealed class Slot(MapLayout layout, string name)
{
    public MapLayout Layout { get; } = layout;

    /// <summary>What lies there, for plans.</summary>
    public string Name { get; } = name;

    /// <summary>The first float; set by the <see cref="MemoryPlanner"/>.</summary>
    public long Offset { get; set; } = -1;
}

/// <summary>A range of a value's channels where they lie.</summary>
/// <param name="Slot">The whole value.</param>
/// <param name="Channel">The first channel.</param>
internal readonly record struct MapView(Slot Slot, int Channel);
