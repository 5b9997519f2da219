namespace MogaSharp.Cli;

/// <summary>
/// The row at the bottom of the terminal that says how far a command is. It never takes a second row, and whatever is printed meanwhile
/// stands above it: both streams go through <see cref="Install"/>'s writers. Safe to use from many threads at once.
/// </summary>
internal static class StatusLine
{
    // Faster than eyes, and slow enough that a connection to another machine is not flooded.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Empties the row that the cursor is in.</summary>
    public const string Erase = "\r\e[K";

    private static readonly Lock Guard = new();
    private static TextWriter _terminal = TextWriter.Null;
    private static string _text = "";
    private static bool _isVisible;
    private static long _drawn;

    /// <summary>Whether stderr is a terminal.</summary>
    public static bool IsTerminal { get; } = !Console.IsErrorRedirected;

    /// <summary>Whether stderr is a terminal that can erase a row. One that cannot gets plain lines now and then.</summary>
    public static bool IsPossible { get; } =
        IsTerminal
        && (OperatingSystem.IsWindows() || Environment.GetEnvironmentVariable("TERM") is { Length: > 0 } and not ("dumb" or "unknown"));

    /// <summary>Takes over stdout and stderr.</summary>
    public static void Install()
    {
        _terminal = Writer(Console.OpenStandardError());
        Console.SetError(new StreamsWriter(_terminal, isTerminal: !Console.IsErrorRedirected, isData: false));
        Console.SetOut(new StreamsWriter(Writer(Console.OpenStandardOutput()), isTerminal: !Console.IsOutputRedirected, isData: true));
    }

    /// <summary>Shows how far a command is, unless it was shown an instant ago.</summary>
    /// <param name="share">From 0 to 1.</param>
    /// <param name="parts">What to say, the most important first; what has no room is left out.</param>
    public static void Show(double share, params ReadOnlySpan<string> parts)
    {
        if (!IsPossible)
            return;
        lock (Guard)
        {
            if (_isVisible && Environment.TickCount64 - _drawn < Pause.TotalMilliseconds)
                return;
            _drawn = Environment.TickCount64;
            _text = StatusLayout.Compose(TerminalSize.Columns, share, parts);
            Draw();
        }
    }

    /// <summary>Removes the row.</summary>
    public static void Clear()
    {
        lock (Guard)
        {
            if (_isVisible)
                Put(Erase);
            (_text, _isVisible) = ("", false);
        }
    }

    /// <summary>Prints above the row.</summary>
    internal static void Print(TextWriter target, bool isTerminal, ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
            return;
        lock (Guard)
        {
            if (isTerminal && _isVisible)
            {
                Put(Erase);
                _isVisible = false;
            }

            target.Write(text);
            // A line that is not over yet must not be drawn upon.
            if (isTerminal && _text.Length > 0 && text[^1] == '\n')
                Draw();
        }
    }

    private static void Draw()
    {
        Put(_isVisible ? $"\r{_text}\e[K" : _text);
        _isVisible = true;
    }

    private static void Put(string text)
    {
        try
        {
            _terminal.Write(text);
        }
        catch (IOException)
        {
            // The terminal is gone; the work goes on.
        }
    }

    private static StreamWriter Writer(Stream stream) => new(stream, Console.OutputEncoding, bufferSize: 1024) { AutoFlush = true };
}
