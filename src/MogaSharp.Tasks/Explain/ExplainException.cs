namespace MogaSharp.Tasks;

/// <summary>A network or a request does not suit an explanation.</summary>
/// <param name="message">What is wrong, as a sentence.</param>
/// <param name="inner">The cause; null for none.</param>
public sealed class ExplainException(string message, Exception? inner = null) : MogaException(message, inner)
{
    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.InvalidRequest;
}
