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
);

/// <summary>An object whose class is known by its name alone.</summary>
/// <param name="Entry">Where it stands in its file.</param>
/// <param name="ClassName">The name.</param>
/// <param name="Object">The object, with any label.</param>
internal readonly record struct NamedObject(string Entry, string ClassName, AnnotatedObject Object);
