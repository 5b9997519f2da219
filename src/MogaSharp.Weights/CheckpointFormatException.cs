namespace MogaSharp.Weights;

/// <summary>
/// A weight file is damaged, hostile, or not a format this library reads. Every refusal of a file's content is of this
/// type; a missing file or missing permission keeps the type of the file system.
/// </summary>
public sealed class CheckpointFormatException : MogaException
{
    private const int MaxLength = 600;

    /// <summary>Names the file; the message is "file: Problem."</summary>
    /// <param name="fileName">The file as the caller named it.</param>
    /// <param name="problem">What is wrong, as whole sentences.</param>
    /// <param name="inner">What led to it, if another exception did.</param>
    public CheckpointFormatException(string fileName, string problem, Exception? inner = null)
        : base($"{fileName}: {Printable(problem)}", inner)
    {
        FileName = fileName;
        Problem = Printable(problem);
    }

    /// <summary>The file as the caller named it.</summary>
    public string FileName { get; }

    /// <summary>What is wrong, without the file name.</summary>
    public string Problem { get; }

    /// <summary>Names come from the file: they may be of any length and hold terminal control sequences.</summary>
    private static string Printable(string text)
    {
        string clipped =
            text.Length <= MaxLength ? text : $"{text.AsSpan(0, MaxLength / 2)} ... {text.AsSpan(text.Length - (MaxLength / 2))}";
        return string.Create(
            clipped.Length,
            clipped,
            static (span, source) =>
            {
                for (int i = 0; i < span.Length; i++)
                    span[i] = char.IsControl(source[i]) ? '?' : source[i];
            }
        );
    }

    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.InvalidData;
}
