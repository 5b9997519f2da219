using System.Globalization;
using System.Text;

namespace MogaSharp.Cli;

/// <summary>Tables for spreadsheets and programs.</summary>
internal static class CsvFile
{
    /// <summary>Writes rows, quoted where they must be.</summary>
    /// <exception cref="FailureException">The file cannot be written.</exception>
    public static void Write(string path, IEnumerable<string[]> rows)
    {
        string text = string.Concat(rows.Select(row => string.Join(',', row.Select(Cell)) + "\n"));
        Paths.Write(path, file => AtomicFile.Write(file, Encoding.UTF8.GetBytes(text)));
    }

    /// <summary>A number with all its digits; nothing for what is not a number.</summary>
    public static string Number(double value) => double.IsNaN(value) ? "" : value.ToString("R", CultureInfo.InvariantCulture);

    private static string Cell(string text) =>
        text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
}
