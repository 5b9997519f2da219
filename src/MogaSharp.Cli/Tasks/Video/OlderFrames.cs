using System.Globalization;
using System.Text.RegularExpressions;
using MogaSharp.Data;

namespace MogaSharp.Cli;

/// <summary>Finds frames that an earlier prediction left in a folder and that a new one did not replace.</summary>
internal static partial class OlderFrames
{
    /// <summary>Says which there are. They stay: they may be wanted, and nothing tells them from a user's own files but their
    /// names.</summary>
    /// <param name="folder">The folder of the results.</param>
    /// <param name="written">The frames that were written now.</param>
    public static void Say(string folder, IEnumerable<string> written)
    {
        HashSet<string> now = [.. written.Select(path => Path.GetFileName(path))];
        string[] older =
        [
            .. Directory
                .EnumerateFiles(folder)
                .Select(path => Path.GetFileName(path))
                .Where(name => Name().IsMatch(name) && !now.Contains(name))
                .Order(NaturalOrder.Instance),
        ];
        if (older.Length == 0)
            return;
        string names = older.Length == 1 ? older[0] : $"{older[0]} to {older[^1]}";
        string count = older.Length.ToString("N0", CultureInfo.InvariantCulture);
        Notices.OfThisRun.Add(
            $"{count} frame{(older.Length == 1 ? "" : "s")} of an earlier prediction {(older.Length == 1 ? "is" : "are")} still in "
                + $"'{folder}' ({names}), not part of this one"
        );
    }

    [GeneratedRegex(@"^frame_[0-9]+\.png$")]
    private static partial Regex Name();
}
