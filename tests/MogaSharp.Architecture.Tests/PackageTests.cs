using System.Diagnostics;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Xml.Linq;
using MogaSharp.Testing;

namespace MogaSharp.Architecture.Tests;

/// <summary>The packages of the libraries, in the hands of a program that knows nothing of this repository.</summary>
public sealed class PackageTests : IDisposable
{
    private static readonly string Configuration = AppContext.BaseDirectory.Contains("/Debug/", StringComparison.Ordinal)
        ? "Debug"
        : "Release";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Libraries_are_packed_whole_and_classify_an_image_in_an_empty_program()
    {
        string feed = _folder.File("feed");
        // What the tests were built with; a package that misses a file fails.
        await DotnetAsync(
            Repository.Root,
            "pack",
            "MogaSharp.slnx",
            "-c",
            Configuration,
            "--no-build",
            "-o",
            feed,
            "--nologo",
            "-v",
            "quiet"
        );
        string[] projects =
        [
            .. Directory
                .GetDirectories(Path.Combine(Repository.Root, "src"))
                .Select(Path.GetFileName)
                .OfType<string>()
                .Where(project => project != "MogaSharp.Cli"),
        ];
        string version = VersionOf(Assert.Single(Directory.GetFiles(feed, "MogaSharp.Graph.*.nupkg")), "MogaSharp.Graph");
        foreach (string project in projects)
        {
            using (ZipArchive package = ZipFile.OpenRead(Path.Combine(feed, $"{project}.{version}.nupkg")))
            {
                HashSet<string> names = [.. package.Entries.Select(entry => entry.FullName)];
                foreach (string name in new[] { $"lib/net10.0/{project}.dll", $"lib/net10.0/{project}.xml", "README.md", "icon.png" })
                    Assert.Contains(name, names);
                using Stream stream = package.GetEntry($"{project}.nuspec")!.Open();
                string specification = (
                    await XDocument.LoadAsync(stream, LoadOptions.None, TestContext.Current.CancellationToken)
                ).ToString();
                foreach (
                    string part in new[]
                    {
                        "<license type=\"expression\">Apache-2.0</license>",
                        "<readme>README.md</readme>",
                        "<icon>icon.png</icon>",
                    }
                )
                    Assert.Contains(part, specification, StringComparison.Ordinal);
                Assert.DoesNotContain("<description>Package Description</description>", specification, StringComparison.Ordinal);
            }

            using ZipArchive symbols = ZipFile.OpenRead(Path.Combine(feed, $"{project}.{version}.snupkg"));
            Assert.Contains(symbols.Entries, entry => entry.FullName == $"lib/net10.0/{project}.pdb");
        }

        string app = Directory.CreateDirectory(_folder.File("app")).FullName;
        File.WriteAllText(
            Path.Combine(app, "nuget.config"),
            $"<configuration><packageSources><add key=\"feed\" value=\"{feed}\" /></packageSources></configuration>"
        );
        File.WriteAllText(
            Path.Combine(app, "app.csproj"),
            $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <!-- Packages of these tests stay out of the user's folder; what others have there is not fetched again. -->
                <RestorePackagesPath>{_folder.File("packages")}</RestorePackagesPath>
                <RestoreFallbackFolders>{PackagesOfTheUser}</RestoreFallbackFolders>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="MogaSharp.Cpu" Version="{version}" />
                <PackageReference Include="MogaSharp.Tasks" Version="{version}" />
              </ItemGroup>
            </Project>
            """
        );
        File.WriteAllText(
            Path.Combine(app, "Program.cs"),
            """
            using MogaSharp.Cpu;
            using MogaSharp.Tasks;

            using var engine = new CpuEngine();
            using ImageClassifier classifier = await ImageClassifier.CreateAsync(args[0], engine);
            foreach (Prediction p in await classifier.ClassifyAsync(args[1], topK: 1)) Console.WriteLine(p.Label);
            """
        );
        string model = Path.Combine(Repository.Root, "models", "moganet_xtiny_fashion"),
            image = Path.Combine(Repository.Root, "samples", "bag_0018.png");
        string output = await DotnetAsync(app, "run", "-c", "Release", "--", model, image);
        Assert.Equal("Bag", output.Trim().Split('\n')[^1]);
    }

    // The package of this system and the one that names it; a build of its own, which takes minutes.
    [Fact]
    public async Task The_tool_is_installed_and_classifies()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("MOGA_LONG_TESTS") == "1", "only with MOGA_LONG_TESTS=1");
        string rid = RuntimeInformation.RuntimeIdentifier,
            feed = _folder.File("feed"),
            tools = _folder.File("tools");
        string[] pack =
        [
            "pack",
            "src/MogaSharp.Cli",
            "-c",
            "Release",
            "-p:PackTool=true",
            "-p:MogaProgram=true",
            $"-p:ArtifactsPath={_folder.File("build")}",
            "-o",
            feed,
            "--nologo",
            "-v",
            "quiet",
        ];
        await DotnetAsync(Repository.Root, [.. pack, "-r", rid, "-p:PublishReadyToRun=true"]);
        await DotnetAsync(Repository.Root, [.. pack, "-p:PublishAot=true"]);
        Assert.Equal(2, Directory.GetFiles(feed, "*.nupkg").Length);
        File.WriteAllText(
            _folder.File("nuget.config"),
            $"<configuration><packageSources><add key=\"feed\" value=\"{feed}\" /></packageSources></configuration>"
        );
        await DotnetAsync(_folder.FullName, "tool", "install", "--tool-path", tools, "--prerelease", "MogaSharp.Cli");
        var start = new ProcessStartInfo(
            Path.Combine(tools, "moga"),
            ["classify", Path.Combine(Repository.Root, "samples", "bag_0018.png"), "--topk", "1"]
        )
        {
            RedirectStandardOutput = true,
            WorkingDirectory = _folder.FullName,
        };
        using Process process = Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
        Assert.Contains(": Bag ", output, StringComparison.Ordinal);
    }

    private static string PackagesOfTheUser =>
        Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } path
            ? path
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    private static string VersionOf(string package, string name) => Path.GetFileNameWithoutExtension(package)[(name.Length + 1)..];

    private static async Task<string> DotnetAsync(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        // A test host's variables are not a user's.
        foreach (
            string name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray()
        )
            start.Environment.Remove(name);
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, output + await errors);
        return output;
    }
}
