using MogaSharp.Data;
using MogaSharp.Weights;

namespace MogaSharp.Training;

/// <summary>Where data sets lie that are named without a folder.</summary>
public static class KnownFolders
{
    private const string FashionFolder = "/usr/share/datasets/fashion-mnist";
    private static readonly string[] FashionParts = ["train", "t10k"];

    /// <summary>The folder of MNIST's files in the cache.</summary>
    public static string Mnist => Path.Combine(ModelDownloader.DefaultCacheFolder, "mnist");

    /// <summary>The folder of MNIST's files in the cache, for sets that are drawn with its digits.</summary>
    /// <param name="kind">The kind of the set, for the message.</param>
    /// <exception cref="DatasetSpecException">They are not there; the message says how to get them.</exception>
    public static string OfMnist(string kind) =>
        MnistFiles.AreIn(Mnist)
            ? Mnist
            : throw new DatasetSpecException($"MNIST is not on this machine; 'moga data mnist' fetches it, and '{kind}' needs it.");

    /// <summary>The folder of Fashion-MNIST's files, where Debian's package puts them; null when they are not there.</summary>
    public static string? Fashion =>
        FashionParts.All(part => File.Exists(Path.Combine(FashionFolder, $"{part}-images-idx3-ubyte.gz"))) ? FashionFolder : null;

    /// <summary>What to do when Fashion-MNIST is not there.</summary>
    public const string HowToGetFashion = "install Debian's package: apt-get install dataset-fashion-mnist";
}
