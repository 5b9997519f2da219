using System.Xml.Linq;
using MogaSharp.Testing;

namespace MogaSharp.House.Tests;

/// <summary>The rooms, who may use whom, and what their project files say.</summary>
internal static class House
{
    /// <summary>Each room with the rooms that it may reference; a new room is added here, after a look at the design.</summary>
    public static IReadOnlyDictionary<string, string[]> MayReference { get; } =
        new Dictionary<string, string[]>
        {
            ["Core"] = [],
            ["Graph"] = ["Core"],
            ["Vision"] = ["Core"],
            ["Weights"] = ["Graph"],
            ["Models"] = ["Graph"],
            ["Cpu"] = ["Graph", "Weights"],
            ["Torch"] = ["Graph", "Weights"],
            ["Onnx"] = ["Graph", "Weights"],
            ["OnnxRuntime"] = ["Graph", "Onnx"],
            ["Imaging"] = ["Vision"],
            ["Drawing"] = ["Imaging"],
            ["Data"] = ["Imaging", "Vision"],
            ["Tasks"] = ["Models", "Weights", "Imaging", "Vision", "Graph", "Cpu"],
            ["Training"] = ["Torch", "Tasks", "Models", "Data", "Graph", "Weights", "Drawing"],
            ["Server"] = ["Tasks"],
            ["Cli"] =
            [
                "Graph",
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
                "Server",
            ],
        };

    /// <summary>What must not come in by way of others either.</summary>
    public static IReadOnlyDictionary<string, string[]> NeverReaches { get; } =
        new Dictionary<string, string[]>
        {
            ["Graph"] = ["Cpu", "Torch", "Onnx", "OnnxRuntime"],
            ["Models"] = ["Cpu", "Torch", "Onnx", "OnnxRuntime"],
            ["Cpu"] = ["Torch", "Onnx", "OnnxRuntime", "Imaging"],
            ["Onnx"] = ["OnnxRuntime"],
            ["Tasks"] = ["Torch", "OnnxRuntime", "Drawing"],
            ["Server"] = ["Torch"],
        };

    /// <summary>The rooms under src, by their folders' names without the prefix.</summary>
    public static IReadOnlyList<string> Rooms { get; } =
    [
        .. Directory
            .GetFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories)
            .Select(RoomOf)
            .Order(StringComparer.Ordinal),
    ];

    public static string ProjectFile(string room) => Path.Combine(Repository.Root, "src", $"MogaSharp.{room}", $"MogaSharp.{room}.csproj");

    /// <summary>The room's compiled assembly, which the build puts beside the tests.</summary>
    public static string Assembly(string room)
    {
        string name = XDocument.Load(ProjectFile(room)).Descendants("AssemblyName").SingleOrDefault()?.Value ?? $"MogaSharp.{room}";
        return Path.Combine(AppContext.BaseDirectory, name + ".dll");
    }

    /// <summary>The rooms that a project file references.</summary>
    public static string[] References(string room) =>
        [
            .. XDocument
                .Load(ProjectFile(room))
                .Descendants("ProjectReference")
                .Select(reference => RoomOf(reference.Attribute("Include")!.Value)),
        ];

    /// <summary>The rooms that come with a room, by any way.</summary>
    public static HashSet<string> Closure(string room, Func<string, IEnumerable<string>> references)
    {
        var reached = new HashSet<string>();
        Visit(room);
        return reached;

        void Visit(string from)
        {
            foreach (string to in references(from))
                if (reached.Add(to))
                    Visit(to);
        }
    }

    private static string RoomOf(string project) => Path.GetFileNameWithoutExtension(project.Replace('\\', '/'))["MogaSharp.".Length..];
}
