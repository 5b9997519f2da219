using System.Collections.Immutable;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>What a reader found of one part of a data set.</summary>
/// <param name="Path">The file or folder of the annotations, which messages name.</param>
/// <param name="Folder">The folder of the images.</param>
/// <param name="Classes">The classes, which labels are places in.</param>
/// <param name="Images">The images. One whose size could not be read has a size of 0 and no objects.</param>
/// <param name="Notes">What was left out or guessed.</param>
internal sealed record DetectionPart(
    string Path,
    string Folder,
    ImmutableArray<ClassLabel> Classes,
    ImmutableArray<AnnotatedImage> Images,
    DatasetNotes Notes
)
{
    /// <summary>The same with labels that are places in another list of classes, found by their names. Objects of classes that it does not
    /// have are left out, and each such class is a fault.</summary>
    /// <param name="classes">The list.</param>
    /// <param name="collect">Is told of faults; null to let the first one end the reading.</param>
    public DetectionPart Renumbered(ImmutableArray<ClassLabel> classes, Action<DatasetFault>? collect)
    {
        var faults = new FaultSink(Path, collect);
        ClassNumbers numbers = ClassNumbers.Of(classes, []);
        int?[] labels = [.. Classes.Select(label => numbers.Find(label.Name))];
        for (int i = 0; i < labels.Length; i++)
            if (labels[i] is null && Images.Any(image => image.Objects.Any(one => one.Label == i)))
                faults.Add("", numbers.ProblemOf(Classes[i].Name));
        return this with
        {
            // The file's numbers are those by which its truths are named.
            Classes =
            [
                .. classes.Select(label =>
                    Classes.FirstOrDefault(own => own.Name == label.Name) is { } same ? label with { Number = same.Number } : label
                ),
            ],
            Images = [.. Images.Select(image => image with { Objects = Renumbered(image.Objects, labels) })],
        };
    }

    private static ImmutableArray<AnnotatedObject> Renumbered(ImmutableArray<AnnotatedObject> objects, int?[] labels) =>
        [.. objects.Where(one => labels[one.Label] is not null).Select(one => one with { Label = labels[one.Label]!.Value })];
}

/// <summary>An object whose class is known by its name alone.</summary>
/// <param name="Entry">Where it stands in its file.</param>
/// <param name="ClassName">The name.</param>
/// <param name="Object">The object, with any label.</param>
internal readonly record struct NamedObject(string Entry, string ClassName, AnnotatedObject Object);
