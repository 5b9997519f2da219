namespace MogaSharp.Testing;

/// <summary>A folder that is gone when the test ends.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public string FullName { get; } = Directory.CreateTempSubdirectory("mogasharp-test-").FullName;

    public IEnumerable<string> FileNames => Directory.EnumerateFiles(FullName).Select(path => Path.GetFileName(path)!);

    public string File(string name) => Path.Combine(FullName, name);

    public string File(string name, byte[] content)
    {
        string path = File(name);
        System.IO.File.WriteAllBytes(path, content);
        return path;
    }

    public void Dispose() => Directory.Delete(FullName, recursive: true);
}
