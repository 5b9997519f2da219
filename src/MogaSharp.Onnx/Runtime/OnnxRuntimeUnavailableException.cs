namespace MogaSharp.Onnx;

/// <summary>ONNX Runtime's native library could not be loaded. The message says what was tried and how to install it.</summary>
public sealed class OnnxRuntimeUnavailableException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What was tried and how to install the library.</param>
    public OnnxRuntimeUnavailableException(string message)
        : base(message)
    {
    }
}
