namespace MogaSharp.Data;

/// <summary>
/// Finds the images of an archive and the labels that belong to them. First by the names without their last ending, so that
/// <c>img.v1.0.png</c> goes with <c>img.v1.0.cls</c>; what is left over by WebDataset's rule, the names up to their first dot:
/// <c>a.left.png</c> with <c>a.cls</c>.
/// </summary>
internal sealed class TarPairs(string path, DatasetNotes notes)
{
    private static readonly string[] ImageEndings = ["jpg", "jpeg", "png", "webp"],
        LabelEndings = ["cls", "json"];

    private readonly Dictionary<(int Archive, string Name), int> _places = [];
    private readonly List<(TarFile File, string Ending)> _files = [];

    /// <summary>Takes a file of the archive; what is neither image nor label is noted.</summary>
    public void Add(TarFile file)
    {
        if (SystemNames.IsSystemPath(file.Name))
        {
            Note("hidden", file, count => $"{DatasetNotes.Some(count, "hidden or system file")} left out");
            return;
        }
        string ending = EndingOf(file.Name);
        if (!ImageEndings.Contains(ending) && !LabelEndings.Contains(ending))
        {
            if (file.IsFile)
                Note(
                    $"other .{ending}",
                    file,
                    count =>
                        $"{DatasetNotes.Some(count, Kind(ending), Kind(ending).Replace("file", "files", StringComparison.Ordinal))} "
                        + "left out"
                );
            return;
        }
        if (!file.IsFile)
        {
            Note(
                "link",
                file,
                count => $"{DatasetNotes.Some(count, "link or other special member", "links and other special members")} left out"
            );
            return;
        }
        // As tar does when it unpacks: what comes later takes the place of what was there.
        if (_places.TryGetValue((file.Archive, file.Name), out int place))
        {
            Note(
                "twice",
                file,
                count => $"{DatasetNotes.Some(count, "file")} replaced by a later one of the same name, as when tar unpacks"
            );
            _files[place] = (file, ending);
            return;
        }
        _places.Add((file.Archive, file.Name), _files.Count);
        _files.Add((file, ending));
    }

    /// <summary>The samples in the order of their images; the label is what <paramref name="read"/> makes of a label's file, null where it
    /// has none.</summary>
    /// <exception cref="DatasetException">An image has no label or two different ones, or a label has no image or two.</exception>
    public IEnumerable<(TarFile Image, int Label)> Pair(Func<TarFile, bool, int?> read)
    {
        TarFile[] images = [.. _files.Where(entry => ImageEndings.Contains(entry.Ending)).Select(entry => entry.File)];
        HashSet<(int, string)> wanted =
        [
            .. images.SelectMany(image => new[] { (image.Archive, Stem(image.Name)), (image.Archive, Prefix(image.Name)) }),
        ];
        var labels = new Dictionary<(int Archive, string Stem), int>();
        foreach ((TarFile file, string ending) in _files.Where(entry => LabelEndings.Contains(entry.Ending)))
        {
            (int Archive, string Stem) key = (file.Archive, Stem(file.Name));
            // Something else that is told of a sample, such as 2.boxes.json beside 2.webp and 2.cls.
            if (!wanted.Contains(key) && wanted.Contains((file.Archive, Prefix(file.Name))))
            {
                Note("further", file, count => $"{DatasetNotes.Some(count, "further file")} of a sample left out");
                continue;
            }
            if (read(file, ending == "json") is not { } label)
                continue;
            if (labels.TryGetValue(key, out int known) && known != label)
                throw new DatasetException(path, $"'{key.Stem}' has two labels.");
            labels[key] = label;
        }
        var owners = new Dictionary<(int Archive, string Stem), TarFile>();
        foreach (TarFile image in images.Where(image => labels.ContainsKey((image.Archive, Stem(image.Name)))))
            Own(image, Stem(image.Name));
        var exact = owners.Keys.ToHashSet();
        foreach (TarFile image in images.Where(image => !exact.Contains((image.Archive, Stem(image.Name)))))
        {
            (int, string) key = (image.Archive, Prefix(image.Name));
            // A mask or a preview, such as 2.seg.png beside 2.webp.
            if (exact.Contains(key))
                Note(
                    "more",
                    image,
                    count => $"{DatasetNotes.Some(count, "further image")} of a sample without a label of its own left out"
                );
            else if (labels.ContainsKey(key))
                Own(image, Prefix(image.Name));
            else
                throw new DatasetException(
                    path,
                    $"'{Stem(image.Name)}' has an image but no label (.cls, or .json with a number 'label' or 'cls')."
                );
        }
        foreach ((int Archive, string Stem) key in labels.Keys.Where(key => !owners.ContainsKey(key)))
            throw new DatasetException(
                path,
                $"'{key.Stem}' has a label but no image ({string.Join(", ", ImageEndings.Select(ending => "." + ending))})."
            );
        var samples = owners.ToDictionary(pair => pair.Value, pair => labels[pair.Key]);
        return images.Where(samples.ContainsKey).Select(image => (image, samples[image]));

        void Own(TarFile image, string stem)
        {
            if (owners.TryGetValue((image.Archive, stem), out TarFile other))
                throw new DatasetException(path, $"'{stem}' has two images, '{other.Name}' and '{image.Name}'.");
            owners.Add((image.Archive, stem), image);
        }
    }

    private void Note(string kind, TarFile file, Func<int, string> describe) => notes.Count(kind, $"{path}#{file.Name}", describe);

    private static string Kind(string ending) => ending.Length is 0 or > 16 ? "file without a known ending" : $".{ending} file";

    private static int NameStart(string name) => name.LastIndexOf('/') + 1;

    private static string EndingOf(string name) =>
        name.LastIndexOf('.') is var dot && dot >= NameStart(name) ? name[(dot + 1)..].ToLowerInvariant() : "";

    private static string Stem(string name) => name[..name.LastIndexOf('.')];

    private static string Prefix(string name) => name[..name.IndexOf('.', NameStart(name))];
}
