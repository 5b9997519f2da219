namespace MogaSharp.Architecture.Tests;

/// <summary>Who may need native libraries.</summary>
public sealed class NativeTests
{
    private const string Loader = "System.Runtime.InteropServices.NativeLibrary";

    public static TheoryData<string> ProjectsWithoutTorch => [.. Projects.All.Where(project => project != "Torch")];

    public static TheoryData<string> ProjectsWithoutImaging => [.. Projects.All.Where(project => project != "Imaging")];

    [Theory]
    [InlineData("Graph")]
    [InlineData("Models")]
    [InlineData("Weights")]
    [InlineData("Cpu")]
    [InlineData("Onnx")]
    [InlineData("Data")]
    public void A_managed_project_needs_nothing_native(string project)
    {
        AssemblyFacts facts = AssemblyFacts.Read(Projects.Assembly(project));
        Assert.Empty(facts.Imports);
        Assert.DoesNotContain(Loader, facts.Types);
    }

    [Theory]
    [MemberData(nameof(ProjectsWithoutTorch))]
    public void Only_the_torch_project_imports_libtorch(string project) =>
        Assert.DoesNotContain(
            AssemblyFacts.Read(Projects.Assembly(project)).Imports,
            library => library.Contains("torch", StringComparison.OrdinalIgnoreCase)
        );

    [Theory]
    [MemberData(nameof(ProjectsWithoutImaging))]
    public void Only_the_imaging_project_uses_libvips(string project) =>
        Assert.DoesNotContain("NetVips", AssemblyFacts.Read(Projects.Assembly(project)).References);

    // The checks above find what they look for where it is.
    [Fact]
    public void Imports_are_seen_where_there_are_some()
    {
        AssemblyFacts torch = AssemblyFacts.Read(Projects.Assembly("Torch")),
            imaging = AssemblyFacts.Read(Projects.Assembly("Imaging"));
        Assert.NotEmpty(torch.Imports);
        Assert.Contains(Loader, torch.Types);
        Assert.Contains("NetVips", imaging.References);
    }
}
