using MogaSharp.Testing;

namespace MogaSharp.Architecture.Tests;

/// <summary>Who may use whom: by the project files and by what the compiler put into the assemblies.</summary>
public sealed class ReferenceTests
{
    public static TheoryData<string> All => [.. Projects.All];

    [Fact]
    public void The_table_has_every_project() => Assert.Equal(Projects.All, Projects.MayUse.Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void The_table_of_the_documentation_is_the_same()
    {
        string[] rows =
        [
            .. File.ReadLines(Path.Combine(Repository.Root, "docs", "architecture.md"))
                .SkipWhile(line => !line.StartsWith("| project | holds | may use |", StringComparison.Ordinal))
                .Skip(2)
                .TakeWhile(line => line.StartsWith('|')),
        ];
        Assert.Equal(
            Projects.MayUse.Select(row => $"{row.Key}: {(row.Value.Length == 0 ? "nothing" : string.Join(", ", row.Value))}"),
            rows.Select(row => row.Split('|', StringSplitOptions.TrimEntries))
                .Select(cells => $"{cells[1]["MogaSharp.".Length..]}: {cells[^2]}")
        );
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_project_references_only_what_it_may(string project) =>
        Assert.All(
            Projects.References(project),
            other => Assert.True(Allowed(project).Contains(other), $"MogaSharp.{project} must not reference MogaSharp.{other}.")
        );

    [Theory]
    [MemberData(nameof(All))]
    public void A_project_does_not_reach_what_it_must_not_by_way_of_others(string project)
    {
        HashSet<string> reached = Projects.Closure(project, Projects.References);
        Assert.All(Projects.NeverReaches.GetValueOrDefault(project, []), never => Assert.DoesNotContain(never, reached));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void An_assembly_uses_only_what_it_may(string project)
    {
        AssemblyFacts facts = AssemblyFacts.Read(Projects.Assembly(project));
        foreach (string other in Projects.All.Where(other => other != project))
        {
            string name = Path.GetFileNameWithoutExtension(Projects.Assembly(other));
            Assert.False(
                facts.References.Contains(name) && !Allowed(project).Contains(other),
                $"{name} must not be used by MogaSharp.{project}."
            );
        }
    }

    [Fact]
    public void The_table_itself_keeps_the_nevers()
    {
        foreach ((string project, string[] nevers) in Projects.NeverReaches)
            Assert.All(nevers, never => Assert.DoesNotContain(never, Projects.Closure(project, Allowed)));
    }

    private static string[] Allowed(string project) => Projects.MayUse.GetValueOrDefault(project, []);
}
