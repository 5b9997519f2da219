using Microsoft.Extensions.Logging;

namespace MogaSharp.Data;

/// <summary>What the threads of a loader tell.</summary>
internal static partial class LoaderLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "{Name} (item {Index}) cannot be read and is passed over: {Problem}")]
    public static partial void PassedOver(this ILogger logger, string name, int index, string problem);
}
