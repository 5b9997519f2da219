namespace MogaSharp.House.Tests;

/// <summary>Who may need native libraries.</summary>
public sealed class NativeTests
{
    private const string Loader = "System.Runtime.InteropServices.NativeLibrary";

    public static TheoryData<string> RoomsWithoutTorch => [.. House.Rooms.Where(room => room != "Torch")];

    public static TheoryData<string> RoomsWithoutImaging => [.. House.Rooms.Where(room => room != "Imaging")];

    [Theory]
    [InlineData("Graph")]
    [InlineData("Models")]
    [InlineData("Weights")]
    [InlineData("Cpu")]
    [InlineData("Onnx")]
    [InlineData("Data")]
    public void A_managed_room_needs_nothing_native(string room)
    {
        AssemblyFacts facts = AssemblyFacts.Read(House.Assembly(room));
        Assert.Empty(facts.Imports);
        Assert.DoesNotContain(Loader, facts.Types);
    }

    [Theory]
    [MemberData(nameof(RoomsWithoutTorch))]
    public void Only_the_torch_room_imports_libtorch(string room) =>
        Assert.DoesNotContain(
            AssemblyFacts.Read(House.Assembly(room)).Imports,
            library => library.Contains("torch", StringComparison.OrdinalIgnoreCase)
        );

    [Theory]
    [MemberData(nameof(RoomsWithoutImaging))]
    public void Only_the_imaging_room_uses_libvips(string room) =>
        Assert.DoesNotContain("NetVips", AssemblyFacts.Read(House.Assembly(room)).References);

    // The checks above find what they look for where it is.
    [Fact]
    public void Imports_are_seen_where_there_are_some()
    {
        AssemblyFacts torch = AssemblyFacts.Read(House.Assembly("Torch")),
            imaging = AssemblyFacts.Read(House.Assembly("Imaging"));
        Assert.NotEmpty(torch.Imports);
        Assert.Contains(Loader, torch.Types);
        Assert.Contains("NetVips", imaging.References);
    }
}
