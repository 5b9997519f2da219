namespace MogaSharp;

/// <summary>What .NET says about a failure, without what our own message says already.</summary>
public static class SystemMessage
{
    /// <summary>
    /// The reason in an exception's message as a clause without a full stop: "No space left on device" of
    /// "No space left on device : '/a/b'.".
    /// </summary>
    /// <param name="exception">What the runtime threw.</param>
    public static string Reason(Exception exception) => exception.Message.Split(" : '")[0].Split(" (Parameter")[0].TrimEnd('.');
}
