using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using MogaSharp.Weights;

namespace MogaSharp.Cli;

/// <summary>Data on stdout, progress on stderr.</summary>
internal static class Output
{
    /// <summary>Prints an object as JSON.</summary>
    /// <param name="value">The object.</param>
    /// <param name="type">How it is written, one of <see cref="CliJson.Printed"/>.</param>
    public static void Json<T>(T value, JsonTypeInfo<T> type) => Console.Out.WriteLine(JsonSerializer.Serialize(value, type));

    /// <summary>A text without control characters other than line breaks: names come from files, and may try to steer the
    /// terminal.</summary>
    public static string Printable(string text) =>
        string.Create(
            text.Length,
            text,
            static (span, source) =>
            {
                for (int i = 0; i < span.Length; i++)
                    span[i] = char.IsControl(source[i]) && source[i] != '\n' ? '?' : source[i];
            }
        );

    /// <summary>Prints a line of text; control characters become question marks.</summary>
    public static void Line(string text) => Console.Out.WriteLine(Printable(text));

    /// <summary>Prints rows in columns; the first row is the heading. Columns whose heading ends in a space are left-aligned.</summary>
    public static void Table(IReadOnlyList<string[]> rows)
    {
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        foreach (string[] row in rows)
        {
            IEnumerable<string> cells = row.Select(
                (cell, i) => rows[0][i].EndsWith(' ') ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i])
            );
            Line(string.Join("  ", cells).TrimEnd());
        }
    }

    /// <summary>Runs work under a progress bar on stderr; in a file there is none.</summary>
    /// <param name="title">What is done.</param>
    /// <param name="work">The work; it gets a function that takes the share that is done (0 to 1) and a remark.</param>
    public static async Task<T> WithProgressAsync<T>(string title, Func<Action<double, string>, Task<T>> work)
    {
        using var bar = new ProgressBar(title);
        return await work(bar.Report).ConfigureAwait(false);
    }

    /// <summary>A download's progress for a bar.</summary>
    public static IProgress<DownloadProgress> Download(Action<double, string> report) =>
        new DirectProgress<DownloadProgress>(value =>
            report(value.Total is > 0 ? (double)value.Received / value.Total.Value : 0, Bytes(value.Received))
        );

    /// <summary>A number of bytes for people.</summary>
    public static string Bytes(long bytes) =>
        bytes switch
        {
            >= 1 << 30 => $"{bytes / (double)(1 << 30):F2} GiB",
            >= 1 << 20 => $"{bytes / (double)(1 << 20):F1} MiB",
            >= 1 << 10 => $"{bytes / (double)(1 << 10):F1} KiB",
            _ => $"{bytes} B",
        };
}

/// <summary>Tells progress at once: unlike <see cref="Progress{T}"/>, in order and without a detour over the thread pool.</summary>
internal sealed class DirectProgress<T>(Action<T> report) : IProgress<T>
{
    public void Report(T value) => report(value);
}
