using MogaSharp.Data;

namespace MogaSharp.Training;

/// <summary>Says which items of one part of the data could not be read: the first at once, how many they are at the end of an epoch, each
/// once.</summary>
/// <param name="count">The items of the part.</param>
/// <param name="items">What they are called.</param>
/// <param name="fate">What becomes of them, such as "left out".</param>
/// <param name="say">Receives it.</param>
internal sealed class BadItemReport(long count, string items, string fate, Action<string> say)
{
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private BadItem? _first;
    private int _said;

    /// <summary>Items met so far, the same one again where it was met again.</summary>
    public long Met { get; private set; }

    /// <summary>Takes the items of a batch.</summary>
    public void Add(IReadOnlyList<BadItem>? bad)
    {
        foreach (BadItem item in bad ?? [])
        {
            Met++;
            if (!_known.Add(item.Name) || _first is not null)
                continue;
            _first = item;
            Say(1);
        }
    }

    /// <summary>Says how many they are, if they are more than was said.</summary>
    public void Close()
    {
        if (_known.Count > _said)
            Say(_known.Count);
    }

    /// <summary>What to say of a number of items.</summary>
    public string Describe(int some) =>
        $"{some} of {count} {items} cannot be read and {(some == 1 ? "is" : "are")} {fate}. {(some > 1 ? "The first: " : "")}"
        + $"{_first!.Name}: {_first.Problem}";

    private void Say(int some)
    {
        _said = some;
        say(Describe(some));
    }
}
