using System.CommandLine;

namespace MogaSharp.Cli;

/// <summary>A folder for files that belong to images, each with names of its own. It is made when the first one is written.</summary>
internal sealed class OutputFolder
{
    private readonly string _folder;
    private readonly string[] _endings;
    private readonly HashSet<string> _taken = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Takes a folder, which need not be there.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="endings">What follows an image's name in the names of its files.</param>
    /// <exception cref="UsageException">It is a file.</exception>
    public OutputFolder(string folder, params string[] endings)
    {
        if (File.Exists(folder))
            throw new UsageException($"'{folder}' is a file, not a folder.");
        (_folder, _endings) = (folder, endings);
    }

    /// <summary>The option.</summary>
    public static Option<string?> Option(string what) =>
        new("--output", "-o") { Description = $"A folder for {what}", HelpName = "folder" };

    /// <summary>Refuses images that would be written over.</summary>
    /// <exception cref="UsageException">There is one.</exception>
    public void RequireOthers(IEnumerable<string> images)
    {
        foreach (string image in images.Where(image => image != ImagePaths.Stdin))
        foreach (string ending in _endings)
            Paths.RequireOther(Path(NameOf(image), ending), image, "folder");
    }

    /// <summary>The paths of an image's files, one for each ending: the image's own name, with a number behind it where another image has
    /// the same.</summary>
    /// <param name="image">The image.</param>
    /// <exception cref="FailureException">The folder cannot be made.</exception>
    public string[] FilesOf(string image)
    {
        string name = NameOf(image),
            free = name;
        for (int i = 2; _endings.Any(ending => _taken.Contains(free + ending)); i++)
            free = $"{name}_{i}";
        _taken.UnionWith(_endings.Select(ending => free + ending));
        if (free != name)
            Notices.OfThisRun.Count(
                "same name",
                image,
                count => $"{count} image{(count == 1 ? "" : "s")} with the name of another: a number was added"
            );
        Paths.MakeFolder(_folder);
        return [.. _endings.Select(ending => Path(free, ending))];
    }

    private static string NameOf(string image) => image == ImagePaths.Stdin ? "stdin" : System.IO.Path.GetFileNameWithoutExtension(image);

    private string Path(string name, string ending) => System.IO.Path.Combine(_folder, name + ending);
}
