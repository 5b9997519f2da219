using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using MogaSharp.Data;
using MogaSharp.Tasks;

namespace MogaSharp.Cli;

/// <summary>
/// Pairs and contexts that somebody else drew, in the files that the code of the paper's authors writes: <c>pairs.npy</c>, (images, pairs,
/// 2), and for each order and image <c>ratio(100 r)/NAME.npy</c>, (pairs, contexts, m), all of them numbers of patches. They are read when
/// an image is measured, since those of many images take gigabytes.
/// </summary>
internal sealed class InteractionFiles
{
    private const string FolderPrefix = "ratio";

    private readonly string _pairsFile;
    private readonly int _patches;
    private readonly int[] _pairs;
    private readonly (string Folder, int Order)[] _folders;

    /// <summary>Reads the pairs and finds the orders.</summary>
    /// <param name="pairsFile">The file of pairs.</param>
    /// <param name="contexts">The folder with a folder for each order.</param>
    /// <param name="grid">Patches in a row and in a column.</param>
    /// <exception cref="UsageException">Something is missing, or is not what it should be.</exception>
    public InteractionFiles(string pairsFile, string contexts, int grid)
    {
        (_pairsFile, _patches) = (pairsFile, grid * grid);
        (int[] shape, _pairs) = Read(pairsFile);
        if (shape is not [> 0, > 0, 2])
            throw new UsageException($"'{pairsFile}' is {Text(shape)}; pairs are images x pairs x 2.");
        (Images, Pairs) = (shape[0], shape[1]);
        for (int at = 0; at < _pairs.Length; at++)
            RequirePatch(_pairs[at], $"'{pairsFile}', image {at / 2 / Pairs}, pair {at / 2 % Pairs}");
        for (int pair = 0; pair < _pairs.Length / 2; pair++)
            if (_pairs[2 * pair] == _pairs[(2 * pair) + 1])
                throw new UsageException(
                    $"'{pairsFile}', image {pair / Pairs}, pair {pair % Pairs}: Patch {_pairs[2 * pair]} is paired with itself."
                );
        _folders = Folders(contexts, _patches);
    }

    /// <summary>Images that there are pairs of.</summary>
    public int Images { get; }

    /// <summary>Pairs of an image.</summary>
    public int Pairs { get; }

    /// <summary>Contexts of a pair, known once an image was read.</summary>
    public int Contexts { get; private set; }

    /// <summary>The orders, rising.</summary>
    public ImmutableArray<int> Orders => [.. _folders.Select(one => one.Order)];

    /// <summary>Reads the files of all images, so that hours of work do not end at one that could have been looked at first.</summary>
    /// <param name="names">The names of the images that are measured.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What tells these pairs and contexts from others.</returns>
    /// <exception cref="UsageException">A file is missing or not what it should be, or the images are not as many.</exception>
    public string Identify(string[] names, CancellationToken cancellationToken)
    {
        if (names.Length != Images)
            throw new UsageException($"'{_pairsFile}' has pairs of {Images} image{(Images == 1 ? "" : "s")}; {names.Length} are measured.");
        // The contexts of an image go by its name alone, without folders.
        if (names.GroupBy(name => Find(_folders[0].Folder, name)).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new UsageException($"'{twice.Key}' is of several images: {string.Join(", ", twice.Take(3))}.");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes(_pairs.AsSpan()));
        for (int image = 0; image < Images; image++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Create(image, names[image], hash);
        }

        return $"of files {Convert.ToHexString(hash.GetHashAndReset(), 0, 8)}";
    }

    /// <summary>The pairs and contexts of an image.</summary>
    /// <param name="image">Its number.</param>
    /// <param name="name">Its name.</param>
    /// <exception cref="UsageException">A file is missing, or is not what it should be.</exception>
    public InteractionDraw Create(int image, string name) => Create(image, name, null);

    private InteractionDraw Create(int image, string name, IncrementalHash? hash)
    {
        ImmutableArray<PatchPair> pairs =
        [
            .. Enumerable.Range(image * Pairs, Pairs).Select(pair => new PatchPair(_pairs[2 * pair], _pairs[(2 * pair) + 1])),
        ];
        var contexts = ImmutableArray.CreateBuilder<ImmutableArray<ImmutableArray<PatchMask>>>(_folders.Length);
        foreach ((string folder, int order) in _folders)
        {
            string path = Find(folder, name);
            (int[] shape, int[] patches) = Read(path);
            if (shape is not [var count, > 0 and var sets, var length] || count != Pairs || length != order)
                throw new UsageException(
                    $"'{path}' is {Text(shape)}; contexts of order {order} are {Pairs} pairs x contexts x {order} patches."
                );
            if (Contexts == 0)
                Contexts = sets;
            if (Contexts != sets)
                throw new UsageException($"'{path}' has {sets} contexts of a pair, where other files have {Contexts}.");
            hash?.AppendData(MemoryMarshal.AsBytes(patches.AsSpan()));
            contexts.Add([.. pairs.Select((pair, at) => Sets(path, patches, pair, at, order))]);
        }

        return new(Orders, pairs, contexts.MoveToImmutable());
    }

    private ImmutableArray<PatchMask> Sets(string path, int[] patches, PatchPair pair, int at, int order)
    {
        var sets = ImmutableArray.CreateBuilder<PatchMask>(Contexts);
        for (int set = 0; set < Contexts; set++)
        {
            string entry = $"'{path}', pair {at}, context {set}";
            ReadOnlySpan<int> these = patches.AsSpan(((at * Contexts) + set) * order, order);
            foreach (int patch in these)
                RequirePatch(patch, entry);
            var mask = PatchMask.Of(_patches, these);
            if (mask[pair.First] || mask[pair.Second])
                throw new UsageException(
                    $"{entry}: It has patch {(mask[pair.First] ? pair.First : pair.Second)}, which is one of the pair."
                );
            if (mask.Count != order)
                throw new UsageException($"{entry}: A patch stands in it twice.");
            sets.Add(mask);
        }

        return sets.MoveToImmutable();
    }

    private void RequirePatch(int patch, string entry)
    {
        if (patch < 0 || patch >= _patches)
            throw new UsageException($"{entry}: There is no patch {patch}; the grid has {_patches}, from 0 on.");
    }

    private static (string Folder, int Order)[] Folders(string contexts, int patches)
    {
        if (!Directory.Exists(contexts))
            throw new UsageException($"There is no folder '{contexts}'.");
        var found = new SortedDictionary<int, string>();
        foreach (string folder in Directory.EnumerateDirectories(contexts, FolderPrefix + "*"))
            if (
                int.TryParse(
                    Path.GetFileName(folder.AsSpan())[FolderPrefix.Length..],
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out int percent
                )
                && percent <= 100
            )
                found[percent] = folder;
        if (found.Count == 0)
            throw new UsageException($"'{contexts}' has no folder {FolderPrefix}0 to {FolderPrefix}100 with contexts of an order.");
        (string Folder, int Order)[] all = [.. found.Select(pair => (pair.Value, (int)(pair.Key / 100.0 * (patches - 2))))];
        // As among the orders of our own, one that comes twice is measured once.
        foreach ((string folder, int order) in all.Except(all.DistinctBy(one => one.Order)))
            Notices.OfThisRun.Add($"'{folder}' is left out: it is of order {order}, as a smaller ratio is");
        return [.. all.DistinctBy(one => one.Order)];
    }

    // Lists of images have names with and without an extension; an image in a file of several is called after both, FILE#IMAGE.
    private static string Find(string folder, string name)
    {
        name = Path.GetFileName(name);
        string inside = name[(name.LastIndexOf('#') + 1)..];
        return new[] { name, Path.GetFileNameWithoutExtension(name), inside, Path.GetFileNameWithoutExtension(inside) }
                .Select(one => Path.Combine(folder, one + ".npy"))
                .FirstOrDefault(File.Exists)
            ?? throw new UsageException(
                $"'{folder}' has no file '{Path.GetFileNameWithoutExtension(inside)}.npy' with the contexts of image '{name}'."
            );
    }

    private static (int[] Shape, int[] Numbers) Read(string path)
    {
        try
        {
            using NpyFile file = NpyFile.Open(Paths.Existing(path));
            if (file.Type is NpyType.Boolean or NpyType.Float16 or NpyType.Float32 or NpyType.Float64)
                throw new UsageException($"'{path}' has elements of {file.Type}; numbers of patches are whole numbers.");
            if (file.Count > Array.MaxLength)
                throw new UsageException($"'{path}' has {file.Count} numbers, too many to be read at a time.");
            // Single precision holds all numbers of patches, and what it rounds lies far outside.
            float[] numbers = new float[file.Count];
            file.Read(0, numbers);
            return ([.. file.Shape], Array.ConvertAll(numbers, number => (int)Math.Clamp((double)number, int.MinValue, int.MaxValue)));
        }
        catch (DatasetException wrong)
        {
            throw new UsageException(wrong.Message);
        }
    }

    private static string Text(int[] shape) => shape.Length == 0 ? "a single number" : string.Join(" x ", shape);
}
