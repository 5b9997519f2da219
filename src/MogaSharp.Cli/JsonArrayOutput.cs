using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace MogaSharp.Cli;

/// <summary>Prints a JSON array on stdout element by element, so that a reader sees what is done and a cancelled command leaves whole
/// JSON.</summary>
/// <param name="type">How an element is written.</param>
internal sealed class JsonArrayOutput<T>(JsonTypeInfo<T> type)
{
    private bool _isEmpty = true;

    /// <summary>Prints an element.</summary>
    public void Add(T element)
    {
        string text = JsonSerializer.Serialize(element, type).Replace("\n", "\n  ", StringComparison.Ordinal);
        Console.Out.Write($"{(_isEmpty ? "[" : ",")}\n  {text}");
        _isEmpty = false;
    }

    /// <summary>Prints the end; the array may be empty.</summary>
    public void End() => Console.Out.WriteLine(_isEmpty ? "[]" : "\n]");
}
