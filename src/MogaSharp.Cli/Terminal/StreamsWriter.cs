using System.Text;

namespace MogaSharp.Cli;

/// <summary>stdout or stderr, which may share a terminal with the <see cref="StatusLine"/>.</summary>
/// <param name="inner">Writes to the stream.</param>
/// <param name="isTerminal">Whether it is a terminal.</param>
/// <param name="isData">
/// Whether it carries results. These must arrive or the command fails; messages that nobody can read any more are dropped. A reader who has
/// gone away (<c>| head -1</c>) is not a failure: the runtime drops what is written to such a pipe.
/// </param>
internal sealed class StreamsWriter(TextWriter inner, bool isTerminal, bool isData) : TextWriter
{
    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value) => Write(new ReadOnlySpan<char>(in value));

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(ReadOnlySpan<char> buffer)
    {
        try
        {
            StatusLine.Print(inner, isTerminal, buffer);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!isData)
                return;
            // A descriptor that is closed, or open for reading only, counts as a denied access.
            throw new FailureException($"Writing to stdout failed: {(e is IOException ? SystemMessage.Reason(e) : "it is closed")}.");
        }
    }

    public override void WriteLine() => Write("\n");

    // In one piece, so that lines of several threads do not mix.
    public override void WriteLine(string? value) => Write(value + "\n");

    public override void WriteLine(ReadOnlySpan<char> buffer) => Write([.. buffer, '\n']);
}
