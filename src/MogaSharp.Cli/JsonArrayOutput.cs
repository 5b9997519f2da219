namespace MogaSharp.Cli;

/// <summary>Prints a JSON array on stdout element by element, so that a reader sees what is done and a cancelled command leaves whole JSON.</summary>
internal sealed class JsonArrayOutput
{
    private bool _isEmpty = true;

    /// <summary>Prints an element.</summary>
    public void Add<T>(T element)
    {
        string text = Output.JsonText(element).Replace("\n", "\n  ", StringComparison.Ordinal);
        Console.Out.Write($"{(_isEmpty ? "[" : ",")}\n  {text}");
        _isEmpty = false;
    }

    /// <summary>Prints the end; the array may be empty.</summary>
    public void End() => Console.Out.WriteLine(_isEmpty ? "[]" : "\n]");
}
