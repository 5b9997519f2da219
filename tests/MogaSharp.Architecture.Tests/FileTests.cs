using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using MogaSharp.Testing;

namespace MogaSharp.Architecture.Tests;

/// <summary>Sizes of files and the contents of the solution.</summary>
public sealed class FileTests
{
    // 300 lines are wanted; these are the smallest limits that hold.
    [Theory]
    [InlineData("src/MogaSharp.Models", 350)]
    [InlineData("src", 450)]
    [InlineData("tests", 500)]
    public void Files_are_short_enough_to_be_read(string folder, int most)
    {
        string[] files = Sources(folder);
        Assert.NotEmpty(files);
        IEnumerable<string> tooLong = files
            .Select(file => (Name: Path.GetRelativePath(Repository.Root, file), Lines: File.ReadLines(file).Count()))
            .Where(file => file.Lines > most)
            .Select(file => $"{file.Name} has {file.Lines} lines, more than {most}");
        Assert.Empty(tooLong);
    }

    // The limit stands in .editorconfig; the formatter keeps it but for comments, long strings and kernels.
    [Fact]
    public void Lines_are_short_enough_to_be_read()
    {
        Match limit = Regex.Match(File.ReadAllText(Path.Combine(Repository.Root, ".editorconfig")), @"max_line_length = (\d+)");
        int most = int.Parse(limit.Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.Equal(140, most);
        string[] folders = ["src", "tests", "benchmarks", "fuzz", "native", "samples"];
        string[] files = [.. folders.SelectMany(folder => Sources(folder, "*.cs", "*.cpp", "*.h", "*.py"))];
        Assert.True(files.Length > 700);
        IEnumerable<string> tooLong = files.SelectMany(file =>
            File.ReadLines(file)
                .Select((line, i) => (Line: line, Place: $"{Path.GetRelativePath(Repository.Root, file)}:{i + 1}"))
                .Where(line => line.Line.Length > most)
                .Select(line => line.Place)
        );
        Assert.Empty(tooLong);
    }

    // What depends on the task stands in the task's entries: ModelTask, TaskTraining, TaskModule.
    [Fact]
    public void Nothing_compares_tasks()
    {
        var comparison = new Regex(
            @"([=!]= ModelTask\.\w)|(\bis (not )?ModelTask\.)|(case ModelTask\.)|(ModelTask\.\w+ =>)|"
                + @"(ModelTask\.\w+ [=!]=)|(Task\.Name [=!]=)"
        );
        Assert.Matches(comparison, "if (card.Options.Task == ModelTask.Video)");
        foreach (string file in Sources("src"))
            Assert.All(File.ReadLines(file), line => Assert.False(comparison.IsMatch(line), $"{file}: {line}"));
    }

    // A family is known by its folder alone.
    [Fact]
    public void No_layer_but_the_models_knows_a_family_s_parameters()
    {
        foreach (string family in new[] { "ConvNeXtFamily", "HorNetFamily", "SwinFamily", "ParCNetFamily", "SimVpFamily", "MogaNetFamily" })
        {
            string[] users =
            [
                .. Sources("src")
                    .Where(file => File.ReadAllText(file).Contains(family, StringComparison.Ordinal))
                    .Select(file => Path.GetFileName(file))
                    .Order(StringComparer.Ordinal),
            ];
            Assert.Equal(new[] { $"{family}.cs", "ModelFamily.cs" }.Order(StringComparer.Ordinal), users);
        }
    }

    [Theory]
    [InlineData("fuzz")]
    [InlineData("src")]
    [InlineData("tests")]
    public void Every_project_is_in_the_solution(string folder)
    {
        HashSet<string> listed =
        [
            .. XDocument
                .Load(Path.Combine(Repository.Root, "MogaSharp.slnx"))
                .Descendants("Project")
                .Select(project => project.Attribute("Path")!.Value),
        ];
        string[] projects =
        [
            .. Directory
                .GetFiles(Path.Combine(Repository.Root, folder), "*.csproj", SearchOption.AllDirectories)
                .Select(project => Path.GetRelativePath(Repository.Root, project).Replace('\\', '/')),
        ];
        Assert.NotEmpty(projects);
        Assert.All(projects, project => Assert.Contains(project, listed));
    }

    private static string[] Sources(string folder, params string[] patterns) =>
        [
            .. (patterns.Length == 0 ? ["*.cs"] : patterns)
                .SelectMany(pattern => Directory.GetFiles(Path.Combine(Repository.Root, folder), pattern, SearchOption.AllDirectories))
                .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)),
        ];
}
