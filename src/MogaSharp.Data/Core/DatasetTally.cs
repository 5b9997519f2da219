using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>Counts what a data set holds, and notes what is unusual about it.</summary>
internal sealed class DatasetTally(IImageDataset set)
{
    // Rounded outlines reach past the edge by less.
    private const double Rounding = 1;

    private readonly int[] _images = new int[set.ClassNames.Count];
    private readonly int[] _objects = new int[set.ClassNames.Count];
    private readonly DatasetNotes _notes = new();
    private int _withObjects;

    public void Add(string name, SeenItem item)
    {
        int[] labels = [.. item.Annotations.Select(LabelOf).OfType<int>()];
        foreach (int label in labels)
            _objects[label]++;
        foreach (int label in labels.Distinct())
            _images[label]++;
        _withObjects += labels.Length > 0 ? 1 : 0;
        // Of an image that cannot be read nothing is known.
        if (item.Size is not { } size)
            return;
        if (labels.Length == 0)
            _notes.Count("without", name, count => $"{DatasetNotes.Some(count, "image")} without an object or a class");
        foreach (Box box in item.Annotations.Select(BoxOf).OfType<Box>())
        {
            if (!(box.Width > 0 && box.Height > 0))
                _notes.Count("flat", name, count => $"{DatasetNotes.Some(count, "box", "boxes")} without width or height");
            else if (Reaches(box, size))
                _notes.Count("past", name, count => $"{DatasetNotes.Some(count, "box", "boxes")} past the edge of the image");
        }
    }

    public DatasetSummary ToSummary()
    {
        foreach (string note in set.Notes)
            _notes.Add(note);
        if (set.Count > 0 && _withObjects == 0)
            _notes.Add("no image has an object or a class");
        string[] unused = [.. set.ClassNames.Where((_, label) => _objects[label] == 0)];
        if (unused.Length > 0 && _withObjects > 0)
            _notes.Add($"{DatasetNotes.Some(unused.Length, "class", "classes")} that nothing belongs to ({DatasetNotes.Names(unused)})");
        if (set is IDetectionDataset detection && Gaps(detection) is { } gaps)
            _notes.Add(gaps);
        return new DatasetSummary(
            set.Count,
            set is IDetectionDataset or IPoseDataset ? _objects.Sum() : null,
            [.. set.ClassNames.Select((name, label) => new ClassCount(name, _images[label], _objects[label]))],
            _notes.ToList()
        );
    }

    private static int? LabelOf(Annotation annotation) =>
        annotation switch
        {
            ClassIndex index => index.Value,
            ObjectAnnotation found => found.Object.Label,
            PersonAnnotation => 0,
            _ => null,
        };

    private static Box? BoxOf(Annotation annotation) =>
        annotation switch
        {
            ObjectAnnotation found => found.Object.Box,
            PersonAnnotation found => found.Person.Box,
            _ => null,
        };

    private static bool Reaches(Box box, ImageSize size) =>
        Math.Min(box.X, box.Y) < -Rounding || box.Right > size.Width + Rounding || box.Bottom > size.Height + Rounding;

    private static string? Gaps(IDetectionDataset set)
    {
        long[] ids = [.. Enumerable.Range(0, set.Classes.Length).Select(set.CategoryIdOf).Order()];
        return ids[^1] - ids[0] == ids.Length - 1
            ? null
            : $"the ids of {ids.Length} categories go from {ids[0]} to {ids[^1]}, with gaps; labels are their places";
    }
}
