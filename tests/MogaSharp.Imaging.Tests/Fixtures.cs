using MogaSharp.Testing;

namespace MogaSharp.Imaging.Tests;

/// <summary>The files under tests/fixtures/imaging.</summary>
internal static class Fixtures
{
    /// <summary>The names of the small images, one for every format and feature.</summary>
    public static IReadOnlyList<string> FormatFiles { get; } =
    [.. Directory.EnumerateFiles(At("formats")).Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal)];

    public static string At(params string[] parts) => Repository.Fixture(["imaging", .. parts]);

    public static byte[] Format(string name) => File.ReadAllBytes(At("formats", name));

    public static FixtureFile Tensors(string name) => new(At(name));

    /// <summary>The shape of a picture in a fixture: rows, columns.</summary>
    public static (int Height, int Width) SizeOf(this FixtureFile file, string name) => (file.ShapeOf(name)[0], file.ShapeOf(name)[1]);
}
