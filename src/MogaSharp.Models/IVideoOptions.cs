using System.Collections.Immutable;

namespace MogaSharp.Models;

/// <summary>Options of a network that takes clips and gives as many frames that follow.</summary>
public interface IVideoOptions
{
    /// <summary>The clip that goes in, and out: frames, channels, rows, columns.</summary>
    ImmutableArray<int> InShape { get; }

    /// <summary>The options of the same network for other clips.</summary>
    /// <param name="inShape">Frames, channels, rows, columns.</param>
    ModelOptions WithInShape(ImmutableArray<int> inShape);
}
