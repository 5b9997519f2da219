namespace MogaSharp.Onnx;

/// <summary>A graph that could not be exported: weights that do not fit, options that do not, or a file that cannot be written.</summary>
public sealed class OnnxExportException : MogaException
{
    /// <inheritdoc cref="Exception(string)"/>
    /// <param name="message">What is wrong, in one sentence.</param>
    /// <param name="inner">The error underneath, if there is one.</param>
    public OnnxExportException(string message, Exception? inner = null)
        : base(message, inner) { }

    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.InvalidRequest;
}
