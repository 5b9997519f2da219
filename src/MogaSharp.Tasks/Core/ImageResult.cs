using System.Diagnostics.CodeAnalysis;
using MogaSharp.Imaging;

namespace MogaSharp.Tasks;

/// <summary>What became of one image of many: a prediction, or why there is none.</summary>
/// <typeparam name="T">The prediction.</typeparam>
public sealed record ImageResult<T>
{
    internal ImageResult(ImageSource source) => Source = source;

    /// <summary>The image.</summary>
    public ImageSource Source { get; }

    /// <summary>The prediction; of no meaning where there is an <see cref="Error"/>.</summary>
    public T? Value { get; init; }

    /// <summary>Why the image could not be read, or cannot be explained; null when there is a prediction.</summary>
    public Exception? Error { get; init; }

    /// <summary>What the encoded image held beyond its 8-bit RGB pixels, and was left out.</summary>
    public ImageConversions Conversions { get; init; }

    /// <summary>The decoded image; null unless <see cref="ImageInputOptions.KeepsImages"/> is set.</summary>
    public RgbImage? Image { get; init; }

    /// <summary>Whether there is a prediction.</summary>
    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsSuccess => Error is null;
}
