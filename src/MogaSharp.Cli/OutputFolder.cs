using System.CommandLine;

namespace MogaSharp.Cli;

/// <summary>A folder for files that belong to images, each with a name of its own.</summary>
internal sealed class OutputFolder
{
    private readonly string _folder;
    private readonly HashSet<string> _taken = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Makes the folder where it is not there.</summary>
    /// <exception cref="UsageException">It is a file.</exception>
    /// <exception cref="FailureException">It cannot be made.</exception>
    public OutputFolder(string folder)
    {
        if (File.Exists(folder))
            throw new UsageException($"'{folder}' is a file, not a folder.");
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FailureException($"The folder '{folder}' cannot be made: {SystemMessage.Reason(e)}.");
        }

        _folder = folder;
    }

    /// <summary>The option.</summary>
    public static Option<string?> Option(string what) =>
        new("--output", "-o") { Description = $"A folder for {what}", HelpName = "folder" };

    /// <summary>The path of an image's file without what follows the name: the image's own name, with a number behind it where another
    /// image has the same.</summary>
    /// <param name="image">The image.</param>
    public string Stem(string image)
    {
        string name = image == ImagePaths.Stdin ? "stdin" : System.IO.Path.GetFileNameWithoutExtension(image);
        string free = name;
        for (int i = 2; !_taken.Add(free); i++)
            free = $"{name}_{i}";
        if (free != name)
            Notices.OfThisRun.Count(
                "same name",
                image,
                count => $"{count} image{(count == 1 ? "" : "s")} with the name of another: a number was added"
            );
        return System.IO.Path.Combine(_folder, free);
    }
}
