namespace MogaSharp.Fuzz;

/// <summary>A reader of untrusted bytes, and what it may do with them: read them, or refuse them by its documented exception.</summary>
/// <param name="Name">The target's name, which is that of its corpus folder too.</param>
/// <param name="FileName">The name that inputs have where the reader sees one.</param>
/// <param name="Refusal">The type of the documented exception; no derived types.</param>
/// <param name="Read">Reads an input to its end.</param>
public sealed record FuzzTarget(string Name, string FileName, Type Refusal, Action<FuzzInput> Read)
{
    /// <summary>
    /// The bytes that a reader may allocate in all for one input, with the limits that the targets set: some MiB of expanded tensors or
    /// pixels, read a few times, and a share that grows with the input.
    /// </summary>
    /// <param name="inputBytes">The length of the input.</param>
    public static long MaxAllocated(long inputBytes) => (64L << 20) + (256 * inputBytes);

    /// <summary>All targets.</summary>
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [.. WeightTargets.All, .. DataTargets.All, .. AnnotationTargets.All, .. ImageTargets.All, .. JsonTargets.All];

    /// <summary>The target of a name.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="ArgumentException">There is no such target.</exception>
    public static FuzzTarget Find(string name) =>
        All.FirstOrDefault(target => target.Name == name)
        ?? throw new ArgumentException(
            $"There is no target '{name}'; there are {string.Join(", ", All.Select(target => target.Name))}.",
            nameof(name)
        );

    /// <summary>Reads an input. What the reader throws beside its refusal gets through.</summary>
    /// <param name="content">The input.</param>
    /// <returns>The message of the refusal; null when the input was read.</returns>
    /// <exception cref="FuzzException">The reader allocated too much, or contradicted itself.</exception>
    public string? Run(byte[] content)
    {
        using var input = new FuzzInput(content, FileName);
        long before = GC.GetAllocatedBytesForCurrentThread();
        string? refusal = Refused(input);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before,
            most = MaxAllocated(content.Length);
        if (allocated > most)
            throw new FuzzException($"{Name}: an input of {content.Length} bytes made the reader allocate {allocated}, more than {most}.");
        return refusal;
    }

    private string? Refused(FuzzInput input)
    {
        try
        {
            Read(input);
            return null;
        }
        catch (Exception refusal) when (refusal.GetType() == Refusal)
        {
            return refusal.Message;
        }
    }
}

/// <summary>A reader did what it should not, although it threw nothing.</summary>
public sealed class FuzzException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What happened.</param>
    public FuzzException(string message)
        : base(message) { }
}
