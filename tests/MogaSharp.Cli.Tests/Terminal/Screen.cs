using System.Text;
using System.Text.RegularExpressions;

namespace MogaSharp.Cli.Tests;

/// <summary>What a user sees: the part of a terminal's language that a command line program may use, on a screen with endless
/// history.</summary>
internal sealed partial class Screen(int columns)
{
    private readonly List<StringBuilder> _rows = [new()];
    private readonly StringBuilder _escape = new(),
        _transcript = new();
    private int _row,
        _column;
    private bool _isFull;

    /// <summary>Everything that was sent, with all codes.</summary>
    public string Transcript => _transcript.ToString();

    /// <summary>The rows that are not empty, from the top.</summary>
    public string[] Rows => [.. _rows.Select(row => row.ToString().TrimEnd()).Where(row => row.Length > 0)];

    public bool IsCursorVisible { get; private set; } = true;

    public int Column => _column;

    /// <summary>Codes for colors and other looks.</summary>
    public int Colors { get; private set; }

    /// <summary>Codes that are neither colors nor moves within a row.</summary>
    public List<string> OtherCodes { get; } = [];

    /// <summary>The largest number of rows that a bar, or what is left of one, took at any time.</summary>
    public int MaxBars { get; private set; }

    /// <summary>Rows of a bar that went on in the next row.</summary>
    public List<string> WrappedBars { get; } = [];

    /// <summary>How often a bar was seen.</summary>
    public int BarsSeen { get; private set; }

    public void Feed(string text)
    {
        _transcript.Append(text);
        foreach (char c in text)
        {
            if (_escape.Length > 0)
                Escape(c);
            else if (c == '\e')
                _escape.Append(c);
            else if (c == '\r')
                MoveTo(_row, 0);
            else if (c == '\n')
                MoveTo(_row + 1, _column);
            else if (c == '\b')
                MoveTo(_row, Math.Max(0, _column - 1));
            else if (c != '\a')
                Put(c);
        }

        Look();
    }

    private void Put(char c)
    {
        if (_isFull)
        {
            if (Bar().IsMatch(_rows[_row].ToString()))
                WrappedBars.Add(_rows[_row].ToString());
            MoveTo(_row + 1, 0);
        }

        StringBuilder row = _rows[_row];
        while (row.Length <= _column)
            row.Append(' ');
        row[_column] = c;
        if (_column == columns - 1)
            _isFull = true;
        else
            _column++;
    }

    private void MoveTo(int row, int column)
    {
        Look();
        (_row, _column, _isFull) = (row, column, false);
        while (_rows.Count <= _row)
            _rows.Add(new());
    }

    // A bar is looked for at each move: nobody sees the state between two.
    private void Look()
    {
        int bars = _rows.Skip(Math.Max(0, _row - 8)).Count(row => Bar().IsMatch(row.ToString()));
        if (bars > 0)
            BarsSeen++;
        MaxBars = Math.Max(MaxBars, bars);
    }

    private void Escape(char c)
    {
        _escape.Append(c);
        string code = _escape.ToString();
        if (code is "\e" or "\e[" || (code.StartsWith("\e[", StringComparison.Ordinal) && !char.IsAsciiLetter(c)))
            return;
        _escape.Clear();
        switch (code)
        {
            case "\e[K":
                _rows[_row].Length = Math.Min(_rows[_row].Length, _column);
                break;
            // .NET sets the keypad's mode at its first output to a terminal, as every program of its does; shells set their own.
            case "\e[?1h" or "\e=":
                break;
            case "\e[?25l" or "\e[?25h":
                IsCursorVisible = c == 'h';
                break;
            default:
                if (c == 'm')
                    Colors++;
                else
                    OtherCodes.Add(code[1..]);
                break;
        }
    }

    // What the program's bars look like at any width.
    [GeneratedRegex(@"^\[[#.]{5,}\]|^(Classifying|Evaluating|Downloading)|^epoch \d+/\d+")]
    private static partial Regex Bar();
}
