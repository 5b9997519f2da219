using System.Text;

namespace MogaSharp.Fuzz;

/// <summary>An input: bytes, and a file with them for readers that take a path, which is gone afterwards.</summary>
/// <param name="content">The bytes.</param>
/// <param name="fileName">The name of the file, without a folder.</param>
public sealed class FuzzInput(byte[] content, string fileName) : IDisposable
{
    private string? _folder;

    /// <summary>The bytes.</summary>
    public byte[] Content => content;

    /// <summary>The name without a folder, for readers that only put it into messages.</summary>
    public string Name => fileName;

    /// <summary>The bytes as text, as <see cref="File.ReadAllText(string)"/> has it.</summary>
    public string Text
    {
        get
        {
            using var reader = new StreamReader(new MemoryStream(content), Encoding.UTF8);
            return reader.ReadToEnd();
        }
    }

    /// <summary>The path of a file with the bytes, or with other ones that were made of them.</summary>
    /// <param name="made">The other bytes.</param>
    public string ToFile(byte[]? made = null)
    {
        _folder ??= Directory.CreateTempSubdirectory("mogasharp-fuzz-").FullName;
        string path = Path.Combine(_folder, fileName);
        File.WriteAllBytes(path, made ?? content);
        return path;
    }

    /// <summary>Removes the file.</summary>
    public void Dispose()
    {
        if (_folder is not null)
            Directory.Delete(_folder, recursive: true);
    }
}
