namespace MogaSharp.Onnx;

/// <summary>ONNX Runtime refused a model or a run; the message is its own.</summary>
public sealed class OnnxRuntimeException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What ONNX Runtime said.</param>
    public OnnxRuntimeException(string message)
        : base(message)
    {
    }
}
