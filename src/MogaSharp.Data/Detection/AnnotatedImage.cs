using System.Collections.Immutable;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>An image whose objects are annotated.</summary>
/// <param name="Id">Its number in the data set.</param>
/// <param name="FileName">The name of the image file, relative to the folder of images; never a path out of it.</param>
/// <param name="Size">The size that the annotations state.</param>
/// <param name="Objects">The objects, in the order of the annotations.</param>
public sealed record AnnotatedImage(long Id, string FileName, ImageSize Size, ImmutableArray<AnnotatedObject> Objects);
