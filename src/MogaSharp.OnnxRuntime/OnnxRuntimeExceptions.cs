namespace MogaSharp.OnnxRuntime;

/// <summary>ONNX Runtime refused a model or a run; the message is its own.</summary>
/// <param name="message">What ONNX Runtime said.</param>
/// <param name="inner">Its exception, if there is one.</param>
public sealed class OnnxRuntimeException(string message, Exception? inner = null) : MogaException(message, inner)
{
    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.Failed;
}

/// <summary>
/// ONNX Runtime's native library is not there, or lacks the provider that was asked for. The message says what there is and
/// which package to add.
/// </summary>
/// <param name="message">What is missing, and what to add.</param>
/// <param name="inner">The error underneath, if there is one.</param>
public sealed class OnnxRuntimeUnavailableException(string message, Exception? inner = null) : MogaException(message, inner)
{
    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.Unavailable;
}
