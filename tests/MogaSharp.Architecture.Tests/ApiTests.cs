using System.Reflection;
using System.Runtime.CompilerServices;
using MogaSharp.Testing;
using PublicApiGenerator;

namespace MogaSharp.Architecture.Tests;

/// <summary>The public API of each library, as text: whoever changes it sees the change, and so does whoever reviews it.</summary>
public sealed class ApiTests
{
    private static readonly ApiGeneratorOptions Options = new()
    {
        IncludeAssemblyAttributes = false,
        // It names what the compiler makes of an iterator, which changes with every method before it.
        ExcludeAttributes = [typeof(AsyncIteratorStateMachineAttribute).FullName!],
    };

    public static TheoryData<string> Libraries => [.. Projects.All.Where(project => project != "Cli")];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void The_public_api_is_the_approved_one(string project)
    {
        string name = $"MogaSharp.{project}.txt",
            approved = Path.Combine(Repository.Root, "tests", "MogaSharp.Architecture.Tests", "Api", name),
            received = Path.Combine(Repository.Root, "artifacts", "api", name);
        string text = Assembly.LoadFrom(Projects.Assembly(project)).GeneratePublicApi(Options).ReplaceLineEndings("\n").TrimEnd() + "\n";
        if (File.Exists(approved) && File.ReadAllText(approved) == text)
        {
            if (File.Exists(received))
                File.Delete(received);
            return;
        }
        Directory.CreateDirectory(Path.GetDirectoryName(received)!);
        File.WriteAllText(received, text);
        Assert.Fail(
            $"The public API of MogaSharp.{project} is not the approved one. If the change is meant, approve it: "
                + $"cp {Relative(received)} {Relative(approved)}"
        );
    }

    // An approved file without a library is left over from one that was renamed.
    [Fact]
    public void Every_approved_file_belongs_to_a_library()
    {
        string[] files = Directory.GetFiles(Path.Combine(Repository.Root, "tests", "MogaSharp.Architecture.Tests", "Api"));
        Assert.Equal(
            Projects.All.Where(project => project != "Cli").Select(project => $"MogaSharp.{project}.txt"),
            files.Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );
    }

    private static string Relative(string path) => Path.GetRelativePath(Repository.Root, path);
}
