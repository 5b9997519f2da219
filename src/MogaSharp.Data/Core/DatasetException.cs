namespace MogaSharp.Data;

/// <summary>The one exception for a data set that cannot be used: missing or broken files, labels that do not fit.</summary>
public sealed class DatasetException : MogaException
{
    /// <summary>Keeps the message.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="problem">What is wrong with it.</param>
    /// <param name="innerException">The cause, if another exception told of it.</param>
    public DatasetException(string path, string problem, Exception? innerException = null)
        : base($"{path}: {problem}", innerException)
    {
        DatasetPath = path;
        Problem = problem;
    }

    /// <summary>The file or folder.</summary>
    public string DatasetPath { get; }

    /// <summary>What is wrong with it.</summary>
    public string Problem { get; }

    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.InvalidData;
}
