using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace MogaSharp.Imaging.Tests;

/// <summary>The files under tests/fixtures/imaging.</summary>
internal static class Fixtures
{
    public static string Folder { get; } = Path.Combine(FindRoot(), "tests", "fixtures", "imaging");

    public static IEnumerable<string> FormatFiles => Directory.EnumerateFiles(At("formats")).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal);

    public static string At(params string[] parts) => Path.Combine([Folder, .. parts]);

    public static byte[] Format(string name) => File.ReadAllBytes(At("formats", name));

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "MogaSharp.slnx"))) return folder.FullName;
        }
        throw new DirectoryNotFoundException("no folder above the tests holds MogaSharp.slnx");
    }
}

/// <summary>One tensor of a fixture file.</summary>
internal sealed record Fixture(int[] Shape, byte[] Bytes)
{
    public ReadOnlySpan<float> Floats => MemoryMarshal.Cast<byte, float>(Bytes);
}

/// <summary>A safetensors fixture: its tensors by name.</summary>
internal sealed class FixtureFile
{
    private readonly Dictionary<string, Fixture> _tensors = [];

    public FixtureFile(string name)
    {
        byte[] data = File.ReadAllBytes(Fixtures.At(name));
        int headerBytes = (int)BinaryPrimitives.ReadInt64LittleEndian(data);
        using var header = JsonDocument.Parse(data.AsMemory(8, headerBytes));
        foreach (JsonProperty entry in header.RootElement.EnumerateObject().Where(entry => entry.Name != "__metadata__"))
        {
            int[] offsets = Integers(entry.Value.GetProperty("data_offsets"));
            byte[] bytes = data.AsSpan(8 + headerBytes)[offsets[0]..offsets[1]].ToArray();
            _tensors.Add(entry.Name, new Fixture(Integers(entry.Value.GetProperty("shape")), bytes));
        }
    }

    public IEnumerable<string> Names => _tensors.Keys;

    public Fixture this[string name] => _tensors[name];

    private static int[] Integers(JsonElement element) => [.. element.EnumerateArray().Select(value => value.GetInt32())];
}
