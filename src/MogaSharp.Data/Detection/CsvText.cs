using System.Text;

namespace MogaSharp.Data;

/// <summary>Reads comma-separated values: fields may stand in quotation marks, in which commas, line breaks and doubled quotation marks
/// belong to the field.</summary>
internal static class CsvText
{
    /// <summary>The rows of a file, with the line that each begins in, from 1; blank lines are passed over.</summary>
    /// <exception cref="DatasetException">A quotation mark has no other one.</exception>
    public static IEnumerable<(int Line, string[] Fields)> Read(string path)
    {
        using var reader = new StreamReader(path, Encoding.UTF8);
        int line = 0;
        while (reader.ReadLine() is { } text)
        {
            int first = ++line;
            if (string.IsNullOrWhiteSpace(text))
                continue;
            var whole = new StringBuilder(text);
            for (bool isOpen = IsOpen(text); isOpen; line++)
            {
                if (reader.ReadLine() is not { } more)
                    throw new DatasetException(path, $"Line {first}: A quotation mark is not closed.");
                whole.Append('\n').Append(more);
                isOpen = !IsOpen(more);
            }

            yield return (first, Fields(whole.ToString()));
        }
    }

    // Doubled ones within quotation marks close and open again.
    private static bool IsOpen(string text) => text.Count(character => character == '"') % 2 == 1;

    private static string[] Fields(string row)
    {
        var fields = new List<string>();
        var field = new StringBuilder();
        bool isQuoted = false;
        for (int i = 0; i < row.Length; i++)
        {
            if (row[i] == '"' && isQuoted && i + 1 < row.Length && row[i + 1] == '"')
                field.Append(row[i++]);
            else if (row[i] == '"')
                isQuoted = !isQuoted;
            else if (row[i] == ',' && !isQuoted)
            {
                fields.Add(field.ToString().Trim());
                field.Clear();
            }
            else
                field.Append(row[i]);
        }

        return [.. fields, field.ToString().Trim()];
    }
}
