using System.Diagnostics;
using System.Globalization;

namespace MogaSharp.Cli;

/// <summary>Shows on stderr how far a piece of work is: a bar on a terminal, a plain line now and then where there can be none, nothing in
/// a file.</summary>
/// <param name="title">What is done.</param>
internal sealed class ProgressBar(string title) : IDisposable
{
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(10),
        FirstGuess = TimeSpan.FromSeconds(1);

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Lock _lock = new();
    private TimeSpan _plain;
    private double _start = double.NaN;

    /// <summary>Tells how far the work is.</summary>
    /// <param name="share">From 0 to 1; 0 as long as it is not known.</param>
    /// <param name="remark">What else to say, such as "3 of 20".</param>
    public void Report(double share, string remark)
    {
        if (!StatusLine.IsTerminal)
            return;
        lock (_lock)
        {
            // What was there before, of a download that is continued, took no time.
            if (double.IsNaN(_start))
                _start = share;
            string percent = share > 0 ? string.Create(CultureInfo.InvariantCulture, $"{100 * share:F0}%") : "";
            string left = share > _start && _clock.Elapsed > FirstGuess ? Left(_clock.Elapsed * ((1 - share) / (share - _start))) : "";
            if (StatusLine.IsPossible)
            {
                StatusLine.Show(share, title, percent.PadLeft(4), remark, left);
            }
            else if (_clock.Elapsed - _plain >= PlainInterval)
            {
                _plain = _clock.Elapsed;
                Console.Error.WriteLine(
                    Output.Printable(string.Join("  ", new[] { title, percent, remark, left }.Where(part => part.Length > 0)))
                );
            }
        }
    }

    /// <summary>"0:01:30 left".</summary>
    public static string Left(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours}:{time:mm\\:ss} left");

    /// <summary>Removes the bar.</summary>
    public void Dispose() => StatusLine.Clear();
}
