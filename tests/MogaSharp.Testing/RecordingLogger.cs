using Microsoft.Extensions.Logging;

namespace MogaSharp.Testing;

/// <summary>Keeps what it is told, as "Level: message".</summary>
public sealed class RecordingLogger : ILogger
{
    public List<string> Lines { get; } = [];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    )
    {
        // Threads may log at once.
        lock (Lines)
            Lines.Add($"{logLevel}: {formatter(state, exception)}");
    }
}
