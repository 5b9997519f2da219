using System.Collections.Immutable;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>Finds the labels of classes by their names.</summary>
internal sealed class ClassNumbers
{
    private readonly Dictionary<string, int> _labels = new(StringComparer.Ordinal);

    private ClassNumbers(ImmutableArray<ClassLabel> classes)
    {
        Classes = classes;
        for (int i = 0; i < classes.Length; i++)
            _labels.TryAdd(classes[i].Name, i);
    }

    /// <summary>The classes.</summary>
    public ImmutableArray<ClassLabel> Classes { get; }

    /// <summary>The given classes, or else those that names occur of, in ordinal order.</summary>
    /// <param name="classes">The classes of a model or of a list; null where there is none.</param>
    /// <param name="found">The names in the files.</param>
    public static ClassNumbers Of(IReadOnlyList<ClassLabel>? classes, IEnumerable<string> found) =>
        new([.. classes ?? found.Distinct().Order(StringComparer.Ordinal).Select(name => new ClassLabel(name))]);

    /// <summary>The label of a class; null where it is none of them.</summary>
    public int? Find(string name) => _labels.TryGetValue(name, out int label) ? label : null;

    /// <summary>What is wrong with a name that is none of them.</summary>
    public string ProblemOf(string name) =>
        $"There is no class '{name}' among {DatasetNotes.Names([.. Classes.Select(label => $"'{label.Name}'")], 3)}.";

    /// <summary>The objects of an image with their labels; those of other classes are faults.</summary>
    public ImmutableArray<AnnotatedObject> Label(IEnumerable<NamedObject> objects, FaultSink faults)
    {
        var labeled = ImmutableArray.CreateBuilder<AnnotatedObject>();
        foreach (NamedObject one in objects)
        {
            if (Find(one.ClassName) is int label)
                labeled.Add(one.Object with { Label = label });
            else
                faults.Add(one.Entry, ProblemOf(one.ClassName));
        }

        return labeled.ToImmutable();
    }
}
