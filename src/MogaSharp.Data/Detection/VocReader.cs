using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>
/// Reads the folders of Pascal VOC: <c>Annotations/NAME.xml</c>, <c>JPEGImages/NAME.jpg</c> and lists of names in
/// <c>ImageSets/Main</c>. The first pixel has the number 1 and a box ends with the pixel that it names, so a box of 1 to 3 is 3 pixels
/// wide. Difficult objects are kept as crowds: none has to be found.
/// </summary>
internal sealed class VocReader(string folder, Action<DatasetFault>? collect)
{
    private const long MostBytes = 1 << 24;

    private readonly DatasetNotes _notes = new();

    private string Annotations => Path.Combine(folder, "Annotations");

    private string Images => Path.Combine(folder, "JPEGImages");

    /// <summary>Where a list of names is.</summary>
    public static string ListOf(string folder, string name) => Path.Combine(folder, "ImageSets", "Main", $"{name}.txt");

    /// <summary>Reads the images of a list.</summary>
    /// <param name="list">The file with the names; null for all annotations that there are.</param>
    /// <param name="classes">The classes; those that occur when null.</param>
    /// <exception cref="DatasetException">Faults are not collected and there is one.</exception>
    /// <exception cref="DatasetSpecException">There is no such folder or list.</exception>
    public DetectionPart Read(string? list, IReadOnlyList<ClassLabel>? classes)
    {
        foreach (string needed in new[] { Annotations, Images })
            if (!Directory.Exists(needed))
                throw new DatasetSpecException($"There is no folder '{needed}'.");
        var files = new List<(string Path, AnnotatedImage Image, NamedObject[] Objects)>();
        foreach (string name in list is null ? All() : Listed(list))
        {
            string path = Path.Combine(Annotations, $"{name}.xml");
            if (Read(path, name, files.Count + 1) is { } one)
                files.Add((path, one.Image, one.Objects));
        }

        ClassNumbers numbers = ClassNumbers.Of(classes, files.SelectMany(file => file.Objects.Select(one => one.ClassName)));
        return new DetectionPart(
            list ?? Annotations,
            Images,
            numbers.Classes,
            [.. files.Select(file => file.Image with { Objects = numbers.Label(file.Objects, new FaultSink(file.Path, collect)) })],
            _notes
        );
    }

    private IEnumerable<string> All() =>
        Directory
            .EnumerateFiles(Annotations, "*.xml")
            .Select(Path.GetFileNameWithoutExtension)
            .OfType<string>()
            .Where(name => !SystemNames.IsSystem(name))
            .Order(StringComparer.Ordinal);

    private IEnumerable<string> Listed(string list)
    {
        var faults = new FaultSink(list, collect);
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach ((int line, string text) in ClassList.Lines(list, "names of images"))
        {
            // Lists of a class have a number behind the name.
            string name = text.Split((char[]?)null, 2)[0];
            if (name.AsSpan().IndexOfAny('/', '\\', '\0') >= 0 || name is "." or "..")
                faults.Add(DatasetFault.AtLine(line), $"'{name}' is not the name of an image.");
            else if (!known.Add(name))
                faults.Add(DatasetFault.AtLine(line), $"The image '{name}' is listed twice.");
            else if (!File.Exists(Path.Combine(Annotations, $"{name}.xml")))
                faults.Add(DatasetFault.AtLine(line), $"There is no file '{Path.Combine(Annotations, $"{name}.xml")}'.");
            else
                yield return name;
        }
    }

    private (AnnotatedImage Image, NamedObject[] Objects)? Read(string path, string name, int id)
    {
        var faults = new FaultSink(path, collect);
        XElement root;
        try
        {
            root = Load(path);
        }
        catch (XmlException wrong)
        {
            faults.Add(DatasetFault.AtLine(wrong.LineNumber), $"The file is not proper XML: {OneSentence(wrong.Message)}");
            return null;
        }

        if (FileOf(name, root.Element("filename")?.Value.Trim()) is not { } file)
        {
            faults.Add("", $"There is no image of it, such as '{Path.Combine(Images, $"{name}.jpg")}'.");
            return null;
        }

        if (SizeOf(root, Path.Combine(Images, file), faults) is not { } size)
            return null;
        var objects = new List<NamedObject>();
        foreach (XElement element in root.Elements("object"))
        {
            // Of an image that cannot be read nothing is known.
            if (size == default)
                break;
            if (Read(element, size, name, out string problem) is { } one)
                objects.Add(one);
            else
                faults.Add(Entry(element), problem);
        }

        return (new AnnotatedImage(id, file, size, []), [.. objects]);
    }

    private NamedObject? Read(XElement element, ImageSize size, string image, out string problem)
    {
        string className = element.Element("name")?.Value.Trim() ?? "";
        XElement? box = element.Element("bndbox");
        problem =
            className.Length == 0 ? "The object has no 'name'."
            : box is null ? "The object has no 'bndbox'."
            : "";
        if (problem.Length > 0)
            return null;
        double[] corners = new double[4];
        foreach ((int i, string side) in new[] { "xmin", "ymin", "xmax", "ymax" }.Index())
        {
            string? text = box!.Element(side)?.Value;
            if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out corners[i]))
            {
                problem = text is null ? $"The box has no '{side}'." : $"The '{side}' of the box is not a number: '{text.Trim()}'.";
                return null;
            }
        }

        if (BoxRules.Within(corners[0] - 1, corners[1] - 1, corners[2], corners[3], size, out problem, out bool isCut) is not { } found)
            return null;
        if (isCut)
            BoxRules.NoteCut(_notes, image);
        bool isDifficult = element.Element("difficult")?.Value.Trim() == "1";
        return new NamedObject(Entry(element), className, new AnnotatedObject(found, found.Area, 0) { IsCrowd = isDifficult });
    }

    // Null after a fault; 0 where the file cannot be read either.
    private ImageSize? SizeOf(XElement root, string image, FaultSink faults)
    {
        XElement? size = root.Element("size");
        string? width = size?.Element("width")?.Value,
            height = size?.Element("height")?.Value;
        if (width is null || height is null || (width.Trim(), height.Trim()) == ("0", "0"))
            return ImageSizes.Of([image], collect)[0];
        bool isSize =
            int.TryParse(width, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out int w)
            & int.TryParse(
                height,
                NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite,
                CultureInfo.InvariantCulture,
                out int h
            );
        if (isSize && w > 0 && h > 0)
            return new ImageSize(w, h);
        faults.Add(Entry(size!), $"A size of '{width.Trim()}' x '{height.Trim()}' pixels is impossible.");
        return null;
    }

    private string? FileOf(string name, string? stated)
    {
        foreach (string ending in ImageFolder.DefaultExtensions)
            if (File.Exists(Path.Combine(Images, name + ending)))
                return name + ending;
        bool isName = stated is { Length: > 0 } && stated == Path.GetFileName(stated) && !stated.Contains('\\', StringComparison.Ordinal);
        return isName && File.Exists(Path.Combine(Images, stated!)) ? stated : null;
    }

    private static string Entry(XElement element) => DatasetFault.AtLine(((IXmlLineInfo)element).LineNumber);

    private static XElement Load(string path)
    {
        var settings = new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Ignore,
            XmlResolver = null,
            MaxCharactersInDocument = MostBytes,
        };
        using FileStream stream = File.OpenRead(path);
        using var reader = XmlReader.Create(stream, settings);
        return XDocument.Load(reader, LoadOptions.SetLineInfo).Root!;
    }

    // The parser's messages end with the line, which is told before.
    private static string OneSentence(string message)
    {
        int line = message.LastIndexOf(" Line ", StringComparison.Ordinal);
        return line > 0 ? message[..line] : message;
    }
}
