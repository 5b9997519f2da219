namespace MogaSharp.House.Tests;

/// <summary>Who may need native libraries.</summary>
public sealed class NativeTests
{
    private const string Loader = "System.Runtime.InteropServices.NativeLibrary";

    public static TheoryData<string> RoomsWithoutTorch => [.. House.Rooms.Where(room => room != "Torch")];

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
        Assert.DoesNotContain(AssemblyFacts.Read(House.Assembly(room)).Imports, library => library.Contains("torch", StringComparison.OrdinalIgnoreCase));

    // The checks above find what they look for where it is.
    [Fact]
    public void Imports_are_seen_where_there_are_some()
    {
        AssemblyFacts imaging = AssemblyFacts.Read(House.Assembly("Imaging"));
        Assert.True(imaging.Imports.Count > 0 || imaging.Types.Contains(Loader));
        Assert.Contains("System.Runtime", imaging.References);
    }
}
