using System.Collections.Immutable;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>An image that tells what was lost when it was decoded.</summary>
public sealed class ObservedItem : ImageItem
{
    private readonly ImageItem _item;
    private readonly Action<string, ImageConversions> _converted;

    private ObservedItem(ImageItem item, Action<string, ImageConversions> converted)
        : base(item.Name, item.Annotations) => (_item, _converted) = (item, converted);

    /// <inheritdoc/>
    public override string AnnotationName => _item.AnnotationName;

    /// <summary>An image that tells; the image itself where nobody listens.</summary>
    /// <param name="item">The image.</param>
    /// <param name="converted">Receives its name and what was lost, whenever it is decoded with a loss; null for nobody.</param>
    public static ImageItem Of(ImageItem item, Action<string, ImageConversions>? converted) =>
        converted is null ? item : new ObservedItem(item, converted);

    /// <inheritdoc/>
    public override ImmutableArray<Annotation> ReadAnnotations() => _item.ReadAnnotations();

    /// <inheritdoc/>
    public override PixelBlock ReadPixels(ImageLimits? limits = null, DecodeBuffers? buffers = null)
    {
        PixelBlock pixels = _item.ReadPixels(limits, buffers);
        if (pixels.Conversions != ImageConversions.None)
            _converted(Name, pixels.Conversions);
        return pixels;
    }

    /// <inheritdoc/>
    public override ImageSize ReadSize(ImageLimits? limits = null) => _item.ReadSize(limits);
}
