using MogaSharp.Imaging;
using MogaSharp.Testing;
using MogaSharp.Vision;

namespace MogaSharp.Data.Tests;

/// <summary>Small data sets of objects in a folder that is deleted afterwards.</summary>
internal sealed class DetectionFiles : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public string Root => _folder.FullName;

    public void Dispose() => _folder.Dispose();

    public string At(string name) => Path.Combine(Root, name);

    public string Write(string name, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.WriteAllText(At(name), content);
        return At(name);
    }

    public string Image(string name, int width, int height)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        new RgbImage(width, height, new byte[width * height * 3]).SavePng(At(name));
        return At(name);
    }

    /// <summary>An annotation of Pascal VOC with an object in each line of the text.</summary>
    public string Voc(string name, int width, int height, params string[] objects) =>
        Write(
            $"Annotations/{name}.xml",
            $"""
            <annotation>
            <filename>{name}.png</filename>
            <size><width>{width}</width><height>{height}</height><depth>3</depth></size>
            {string.Join('\n', objects)}
            </annotation>
            """
        );

    public static string VocObject(string name, string box, string more = "")
    {
        string[] sides = box.Split(' ');
        return $"<object><name>{name}</name>{more}<bndbox><xmin>{sides[0]}</xmin><ymin>{sides[1]}</ymin>"
            + $"<xmax>{sides[2]}</xmax><ymax>{sides[3]}</ymax></bndbox></object>";
    }

    /// <summary>All faults of a part, by file name and entry.</summary>
    public string[] Faults(string spec, DatasetSplit split = DatasetSplit.Train, IReadOnlyList<ClassLabel>? classes = null)
    {
        var faults = new List<DatasetFault>();
        DetectionSpec.Parse(spec).Open(split, classes, faults.Add);
        return
        [
            .. faults.Select(fault =>
                $"{Path.GetFileName(fault.File)}, {fault.Entry}: {fault.Problem}".Replace(Root, "~", StringComparison.Ordinal)
            ),
        ];
    }

    public static AnnotatedObject[] ObjectsOf(ImageItem item) =>
        [.. item.ReadAnnotations().Cast<ObjectAnnotation>().Select(annotation => annotation.Object)];
}
