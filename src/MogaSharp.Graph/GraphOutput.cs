namespace MogaSharp.Graph;

/// <summary>A value that a graph gives, under the name by which engines and files know it.</summary>
/// <param name="Name">Differs from the names of the graph's other outputs, such as <c>logits</c>.</param>
/// <param name="Value">The value; several outputs may be the same one.</param>
public sealed record GraphOutput(string Name, Value Value);
