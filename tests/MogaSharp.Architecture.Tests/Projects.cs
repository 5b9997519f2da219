using System.Xml.Linq;
using MogaSharp.Testing;

namespace MogaSharp.Architecture.Tests;

/// <summary>The projects, who may use whom, and what their project files say.</summary>
internal static class Projects
{
    /// <summary>
    /// Each project with the projects that its code may use. The table in docs/architecture.md is the same one; a new project is added to
    /// both, after a look at the design.
    /// </summary>
    public static IReadOnlyDictionary<string, string[]> MayUse { get; } =
        new Dictionary<string, string[]>
        {
            ["Core"] = [],
            ["Graph"] = ["Core"],
            ["Vision"] = ["Core"],
            ["Weights"] = ["Core", "Graph"],
            ["Models"] = ["Core", "Graph"],
            ["Cpu"] = ["Core", "Graph"],
            ["Torch"] = ["Core", "Graph"],
            ["Onnx"] = ["Core", "Graph"],
            ["OnnxRuntime"] = ["Core", "Graph", "Onnx"],
            ["Imaging"] = ["Core", "Vision"],
            ["Drawing"] = ["Core", "Vision", "Imaging"],
            ["Data"] = ["Core", "Vision", "Imaging"],
            ["Tasks"] = ["Core", "Graph", "Vision", "Weights", "Models", "Cpu", "Imaging"],
            ["Training"] = ["Core", "Graph", "Vision", "Weights", "Models", "Torch", "Imaging", "Drawing", "Data", "Tasks"],
            ["Cli"] =
            [
                "Core",
                "Graph",
                "Vision",
                "Weights",
                "Models",
                "Cpu",
                "Torch",
                "Onnx",
                "OnnxRuntime",
                "Imaging",
                "Drawing",
                "Data",
                "Tasks",
                "Training",
            ],
        };

    /// <summary>What a project must not reach by way of others either.</summary>
    public static IReadOnlyDictionary<string, string[]> NeverReaches { get; } =
        new Dictionary<string, string[]>
        {
            ["Graph"] = ["Cpu", "Torch", "Onnx", "OnnxRuntime"],
            ["Vision"] = ["Graph", "Imaging", "Cpu", "Torch", "Onnx", "OnnxRuntime"],
            ["Models"] = ["Cpu", "Torch", "Onnx", "OnnxRuntime"],
            ["Cpu"] = ["Weights", "Torch", "Onnx", "OnnxRuntime", "Imaging"],
            ["Torch"] = ["Weights", "Cpu", "Imaging"],
            ["Onnx"] = ["Weights", "OnnxRuntime"],
            ["Data"] = ["Graph", "Drawing"],
            ["Tasks"] = ["Torch", "OnnxRuntime", "Drawing"],
        };

    /// <summary>The projects under src, by their folders' names without the prefix.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        .. Directory
            .GetFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories)
            .Select(NameOf)
            .Order(StringComparer.Ordinal),
    ];

    public static string ProjectFile(string project) =>
        Path.Combine(Repository.Root, "src", $"MogaSharp.{project}", $"MogaSharp.{project}.csproj");

    /// <summary>The project's compiled assembly, which the build puts beside the tests.</summary>
    public static string Assembly(string project)
    {
        string name = XDocument.Load(ProjectFile(project)).Descendants("AssemblyName").SingleOrDefault()?.Value ?? $"MogaSharp.{project}";
        return Path.Combine(AppContext.BaseDirectory, name + ".dll");
    }

    /// <summary>The projects that a project file references.</summary>
    public static string[] References(string project) =>
        [
            .. XDocument
                .Load(ProjectFile(project))
                .Descendants("ProjectReference")
                .Select(reference => NameOf(reference.Attribute("Include")!.Value)),
        ];

    /// <summary>All projects that a project reaches, directly or by way of others.</summary>
    public static HashSet<string> Closure(string project, Func<string, IEnumerable<string>> references)
    {
        var reached = new HashSet<string>();
        Visit(project);
        return reached;

        void Visit(string from)
        {
            foreach (string to in references(from))
                if (reached.Add(to))
                    Visit(to);
        }
    }

    private static string NameOf(string project) => Path.GetFileNameWithoutExtension(project.Replace('\\', '/'))["MogaSharp.".Length..];
}
