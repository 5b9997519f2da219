namespace MogaSharp.Weights;

/// <summary>The unpickler's stack and marks. Nothing below the topmost mark can be reached.</summary>
internal sealed class PickleStack(FileBytes file)
{
    private readonly List<object?> _values = [];
    private readonly Stack<int> _marks = [];

    public int Count => _values.Count;

    public bool HasMarks => _marks.Count > 0;

    private int Floor => _marks.TryPeek(out int mark) ? mark : 0;

    public void Push(object? value) => _values.Add(value);

    public void PushMark() => _marks.Push(_values.Count);

    public object? Peek()
    {
        if (_values.Count <= Floor)
            throw file.Reject("The pickle is damaged: an instruction finds its stack empty.");
        return _values[^1];
    }

    public object? Pop()
    {
        object? top = Peek();
        _values.RemoveAt(_values.Count - 1);
        return top;
    }

    public T Pop<T>()
        where T : class =>
        Pop() as T ?? throw file.Reject($"The pickle is damaged: an instruction needs a {typeof(T).Name} and finds something else.");

    public object?[] Pop(int count)
    {
        object?[] items = new object?[count];
        for (int i = count - 1; i >= 0; i--)
            items[i] = Pop();
        return items;
    }

    /// <summary>Takes everything above the topmost mark, and the mark.</summary>
    public object?[] PopToMark()
    {
        if (!_marks.TryPop(out int mark))
            throw file.Reject("The pickle is damaged: an instruction needs a mark and there is none.");
        object?[] items = [.. _values[mark..]];
        _values.RemoveRange(mark, items.Length);
        return items;
    }
}
