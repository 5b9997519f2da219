using System.Collections.Immutable;
using MogaSharp.Vision;

namespace MogaSharp.Tasks;

/// <summary>The class of each pixel of an image.</summary>
/// <param name="Map">The classes by their indices, in the size of the image.</param>
/// <param name="Classes">The classes.</param>
public sealed record Segmentation(LabelMap Map, ImmutableArray<ClassLabel> Classes)
{
    /// <summary>The classes that there are in the image, those with most pixels first.</summary>
    public ImmutableArray<ClassShare> Shares => field.IsDefault ? field = Count() : field;

    private ImmutableArray<ClassShare> Count()
    {
        int[] counts = Map.Histogram();
        double all = Map.Labels.Length;
        return
        [
            .. Classes
                .Select((label, index) => new ClassShare(index, label, counts[index], counts[index] / all))
                .Where(share => share.Pixels > 0)
                .OrderByDescending(share => share.Pixels),
        ];
    }
}

/// <summary>How much of an image is of a class.</summary>
/// <param name="Index">The class.</param>
/// <param name="Label">Its name and color.</param>
/// <param name="Pixels">Its pixels.</param>
/// <param name="Share">Their share of all, above 0 to 1.</param>
public sealed record ClassShare(int Index, ClassLabel Label, int Pixels, double Share);
