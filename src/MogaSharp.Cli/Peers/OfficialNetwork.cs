namespace MogaSharp.Cli;

/// <summary>
/// A network of the official code, as the scripts under <c>benchmarks</c> find it: <c>models/moganet.py</c> of
/// Westlake-AI/MogaNet for classifiers, its folder <c>video_prediction</c> for SimVP. A task's module makes it of a card.
/// </summary>
/// <param name="Source">The file or folder.</param>
/// <param name="Model">The name of a size, or the options of a SimVP in JSON.</param>
/// <param name="Classes">The classes; 0 for video.</param>
internal sealed record OfficialNetwork(string Source, string Model, int Classes)
{
    /// <summary>A file under <c>benchmarks</c>.</summary>
    /// <exception cref="FailureException">The program does not run from the repository.</exception>
    public static string Script(string name)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, "benchmarks", name) is var script && File.Exists(script))
                return script;
        throw new FailureException($"The folder benchmarks/{name} is not above the program; run moga from the repository.");
    }

    /// <summary>Python with torch.</summary>
    /// <exception cref="FailureException">There is none.</exception>
    public static string Python()
    {
        string python = Environment.GetEnvironmentVariable("MOGA_PYTHON") ?? "/usr/bin/python3";
        return File.Exists(python)
            ? python
            : throw new FailureException($"There is no {python}; MOGA_PYTHON names another Python with torch.");
    }
}
