using System.Globalization;

namespace MogaSharp.Data;

/// <summary>
/// The frames of a folder: its image files, sorted by name with numbers by their value. Hidden files, such as the <c>._1.png</c> that
/// macOS leaves beside a <c>1.png</c>, and files of other kinds are not frames. Subfolders do not count.
/// </summary>
public sealed class FrameListing
{
    private FrameListing(string folder, string[] files, string[] hidden, string[] others) =>
        (Folder, Files, Hidden, Others) = (folder, files, hidden, others);

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>The paths of the frames, in their order.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>The names of image files that were left out because they are hidden.</summary>
    internal IReadOnlyList<string> Hidden { get; }

    /// <summary>The names of files of other kinds.</summary>
    internal IReadOnlyList<string> Others { get; }

    /// <summary>Lists a folder. No file is opened.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be read.</exception>
    public static FrameListing Of(string folder)
    {
        List<string> files = [],
            hidden = [],
            others = [];
        foreach (string path in Directory.EnumerateFiles(folder))
        {
            string name = Path.GetFileName(path);
            bool isImage = ImageFolder.DefaultExtensions.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase);
            if (name.StartsWith('.'))
            {
                if (isImage)
                    hidden.Add(name);
            }
            else if (isImage)
            {
                files.Add(path);
            }
            else
            {
                others.Add(name);
            }
        }

        return new FrameListing(
            folder,
            [.. files.Order(NaturalOrder.Instance)],
            [.. hidden.Order(NaturalOrder.Instance)],
            [.. others.Order(NaturalOrder.Instance)]
        );
    }

    /// <summary>
    /// What is worth knowing about a part of the frames: files that were left out, numbers that are missing or occur twice, and names of
    /// several patterns. Each a sentence without a full stop; empty when there is nothing.
    /// </summary>
    /// <param name="first">The first frame of the part, from 0.</param>
    /// <param name="count">The most frames of the part.</param>
    public IReadOnlyList<string> Notes(int first = 0, int count = int.MaxValue)
    {
        var notes = new FrameNotes();
        notes.Add(this, [.. Files.Skip(first).Take(count)]);
        return notes.Sentences;
    }
}

/// <summary>Gathers what is worth knowing about the frames of one video or of many, so that each thing is said once.</summary>
internal sealed class FrameNotes
{
    private readonly Tally _missing = new(),
        _repeated = new(),
        _patterns = new(),
        _hidden = new(),
        _others = new(),
        _short = new();

    /// <summary>The sentences, without full stops.</summary>
    public IReadOnlyList<string> Sentences =>
        [
            .. _missing.Say((frames, videos) => $"{Plural(frames, "frame")} missing in the numbers{In(videos)}; the clips jump there"),
            .. _repeated.Say(
                (numbers, videos) =>
                    $"{Plural(numbers, "frame number")} there more than once{In(videos)}; all files are taken, one after the other"
            ),
            .. _patterns.Say(
                (_, videos) => $"frames with names of several patterns{In(videos)}; they are taken in the order of their names"
            ),
            .. _hidden.Say((files, videos) => $"{Plural(files, "hidden image file")} left out{In(videos)}"),
            .. _others.Say(
                (files, videos) =>
                    $"{Plural(files, "file")} left out that {(files == 1 ? "is" : "are")} not of the images that are read{In(videos)}"
            ),
            .. _short.Say((videos, _) => $"{Plural(videos, "video")} left out, too short for a clip"),
        ];

    /// <summary>Adds the frames of a video.</summary>
    /// <param name="listing">The folder.</param>
    /// <param name="files">The frames that are used of it.</param>
    public void Add(FrameListing listing, IReadOnlyList<string> files)
    {
        string folder = listing.Folder;
        FrameNumbers numbers = FrameNumbers.Of(files);
        if (numbers.Missing > 0)
            _missing.Add(numbers.Missing, $"{folder}: {numbers.MissingNames}");
        if (numbers.Repeated > 0)
            _repeated.Add(numbers.Repeated, $"{folder}: {numbers.RepeatedNames}");
        if (numbers.Patterns.Count > 1)
            _patterns.Add(1, $"{folder}: {string.Join(", ", numbers.Patterns.Take(3))}{(numbers.Patterns.Count > 3 ? ", ..." : "")}");
        if (listing.Hidden.Count > 0)
            _hidden.Add(listing.Hidden.Count, Path.Combine(folder, listing.Hidden[0]));
        if (listing.Others.Count > 0)
            _others.Add(listing.Others.Count, Path.Combine(folder, listing.Others[0]));
    }

    /// <summary>Adds a video that is left out.</summary>
    /// <param name="listing">The folder.</param>
    /// <param name="needed">The frames of a clip.</param>
    public void AddShort(FrameListing listing, int needed) =>
        _short.Add(1, string.Create(CultureInfo.InvariantCulture, $"{listing.Folder}: {listing.Files.Count} of {needed} frames"));

    private static string Plural(long count, string thing) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {thing}{(count == 1 ? " is" : "s are")}");

    private static string In(int videos) => videos == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $" in {videos:N0} videos");

    private sealed class Tally
    {
        private long _count;
        private int _videos;
        private string _first = "";

        public void Add(long count, string example)
        {
            if (_videos++ == 0)
                _first = example;
            _count += count;
        }

        public IEnumerable<string> Say(Func<long, int, string> sentence)
        {
            if (_videos > 0)
                yield return $"{sentence(_count, _videos)} ({(_videos > 1 ? "the first: " : "")}{_first})";
        }
    }
}
