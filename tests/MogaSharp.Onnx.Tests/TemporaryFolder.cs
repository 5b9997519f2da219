namespace MogaSharp.Onnx.Tests;

/// <summary>A new folder that is deleted with all it holds.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mogasharp-");

    public string Path => _folder.FullName;

    public IEnumerable<string> FileNames => _folder.EnumerateFileSystemInfos().Select(entry => entry.Name).Order(StringComparer.Ordinal);

    public string At(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => _folder.Delete(recursive: true);
}
