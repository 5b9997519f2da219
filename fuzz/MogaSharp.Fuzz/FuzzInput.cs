using System.Text;

namespace MogaSharp.Fuzz;

/// <summary>An input: bytes, and a file with them for readers that take a path, which is gone afterwards.</summary>
/// <param name="content">The bytes.</param>
/// <param name="fileName">The name of the file; folders before it are made.</param>
public sealed class FuzzInput(byte[] content, string fileName) : IDisposable
{
    private string? _folder;

    /// <summary>The bytes.</summary>
    public byte[] Content => content;

    /// <summary>The name, for readers that only put it into messages.</summary>
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
    public string ToFile(byte[]? made = null) => Put(fileName, made ?? content);

    /// <summary>The folder of the file, which is empty at first.</summary>
    public string Folder => _folder ??= Directory.CreateTempSubdirectory("mogasharp-fuzz-").FullName;

    /// <summary>Writes a file that the reader wants beside the input, and gives its path.</summary>
    /// <param name="name">The name, which may have folders before it.</param>
    /// <param name="bytes">What the file holds.</param>
    public string Put(string name, byte[] bytes)
    {
        string path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    /// <summary>Removes the file.</summary>
    public void Dispose()
    {
        if (_folder is not null)
            Directory.Delete(_folder, recursive: true);
    }
}
