using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace MogaSharp.Cli;

/// <summary>What libraries tell of themselves, on stderr.</summary>
internal sealed class TraceLogger : ILogger
{
    private TraceLogger() { }

    /// <summary>The logger that libraries get: one that prints where <c>MOGA_TRACE=1</c> asks for details, and else none.</summary>
    public static ILogger Instance { get; } =
        Environment.GetEnvironmentVariable("MOGA_TRACE") == "1" ? new TraceLogger() : NullLogger.Instance;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    ) => Console.Error.WriteLine(Output.Printable($"trace: {formatter(state, exception)}"));
}
