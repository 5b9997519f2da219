namespace MogaSharp.Models;

/// <summary>How far names are apart, for finding what a mistyped one may have meant.</summary>
public static class NameDistance
{
    /// <summary>A name in small letters without what people write in different ways: "-", "_", "." and spaces.</summary>
    /// <param name="name">The name.</param>
    public static string Plain(string name) => string.Concat(name.ToLowerInvariant().Where(char.IsLetterOrDigit));

    /// <summary>Levenshtein's distance: the number of characters to add, drop or replace.</summary>
    /// <param name="a">One name.</param>
    /// <param name="b">Another.</param>
    public static int Between(string a, string b)
    {
        // One row at a time.
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, 1 + Math.Min(row[j], row[j - 1]));
            }
        }

        return row[^1];
    }

    /// <summary>The names that are nearest to a mistyped one, best first: those that it begins or that begin it, then by
    /// distance.</summary>
    /// <param name="name">The mistyped name.</param>
    /// <param name="known">The names that there are.</param>
    /// <param name="most">How many to give.</param>
    public static IReadOnlyList<string> Nearest(string name, IEnumerable<string> known, int most = 3)
    {
        string plain = Plain(name);
        return
        [
            .. known
                .Select(candidate => (Name: candidate, Plain: Plain(candidate)))
                .OrderBy(item =>
                    plain.Length > 2
                    && (item.Plain.StartsWith(plain, StringComparison.Ordinal) || plain.StartsWith(item.Plain, StringComparison.Ordinal))
                        ? 0
                        : 1
                )
                .ThenBy(item => Between(plain, item.Plain))
                .Select(item => item.Name)
                .Take(most),
        ];
    }

    /// <summary>"did you mean x? There are x, y, z", or "there are x, y, z" where none is near.</summary>
    /// <param name="name">The mistyped name.</param>
    /// <param name="known">The names that there are, at least one.</param>
    public static string Choices(string name, IReadOnlyCollection<string> known)
    {
        string plain = Plain(name),
            nearest = Nearest(name, known, 1)[0],
            near = Plain(nearest);
        bool isNear =
            plain.Length > 2
            && (
                near.Contains(plain, StringComparison.Ordinal)
                || plain.Contains(near, StringComparison.Ordinal)
                || Between(plain, near) <= Math.Min(2, plain.Length / 3)
            );
        return $"{(isNear ? $"did you mean {nearest}? There" : "there")} are {string.Join(", ", known)}";
    }
}
