namespace MogaSharp.Models;

/// <summary>How near names are to each other, for "did you mean".</summary>
public static class SimilarNames
{
    /// <summary>Levenshtein's distance: how many characters have to be inserted, removed or replaced to make one name of the other.</summary>
    public static int Distance(string a, string b)
    {
        // One row of the table at a time.
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
}
