using System.Collections.Immutable;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>The images of a file of annotations, and what is found of each.</summary>
internal sealed class CocoImages<T>(FaultSink faults, ImageLimits limits)
{
    private readonly OrderedDictionary<long, (CocoImageJson Image, ImmutableArray<T>.Builder Found)> _images = [];

    // Faults of the annotations of an image that is left out would say nothing new.
    private readonly HashSet<long> _leftOut = [];

    /// <summary>Reads the entries of images, and tells of those that do not fit.</summary>
    public void Read(CocoEntry<CocoImageJson>[] entries)
    {
        var files = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < entries.Length; i++)
        {
            string entry = $"images[{i}]";
            if (entries[i].Value is not { } image)
            {
                faults.Add(entry, entries[i].Problem!);
                continue;
            }

            string? problem =
                _images.ContainsKey(image.Id) ? $"The id {image.Id} is given twice."
                : CocoRules.ProblemOf(image, limits) is { } wrong ? wrong
                : files.TryGetValue(image.FileName, out int first) ? $"The file '{image.FileName}' is that of 'images[{first}]' too."
                : null;
            if (problem is null)
            {
                files.Add(image.FileName, i);
                _images.Add(image.Id, (image, ImmutableArray.CreateBuilder<T>()));
                continue;
            }

            _leftOut.Add(image.Id);
            faults.Add(entry, problem);
        }
    }

    /// <summary>The size of an image and the place for what is found of it.</summary>
    /// <param name="id">The image.</param>
    /// <param name="problem">What is wrong where the result is null; null when the image was left out.</param>
    public (ImageSize Size, ImmutableArray<T>.Builder Found)? Find(long id, out string? problem)
    {
        problem = null;
        if (_images.TryGetValue(id, out var one))
            return (SizeOf(one.Image), one.Found);
        if (!_leftOut.Contains(id))
            problem = $"There is no image with the id {id}.";
        return null;
    }

    /// <summary>What was read, in the order of the file.</summary>
    /// <param name="make">Makes an image of its entry, its size and what was found of it.</param>
    public ImmutableArray<TImage> ToImages<TImage>(Func<CocoImageJson, ImageSize, ImmutableArray<T>, TImage> make) =>
        [.. _images.Values.Select(one => make(one.Image, SizeOf(one.Image), one.Found.DrainToImmutable()))];

    private static ImageSize SizeOf(CocoImageJson image) => new(image.Width, image.Height);
}
