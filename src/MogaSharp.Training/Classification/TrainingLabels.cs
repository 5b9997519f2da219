using System.Globalization;
using MogaSharp.Data;
using MogaSharp.Models;

namespace MogaSharp.Training;

/// <summary>The classes that a model is trained for: its own where they are the data's, else the data's.</summary>
/// <param name="Labels">The classes, in the order of the model's outputs.</param>
/// <param name="AreModels">They are the model's, in its order.</param>
/// <param name="AreOthers">They are as many as the model's, which are others: a head that was trained for those means nothing.</param>
/// <param name="Notes">What was guessed or replaced.</param>
internal sealed record TrainingLabels(IReadOnlyList<ClassLabel> Labels, bool AreModels, bool AreOthers, IReadOnlyList<string> Notes)
{
    /// <summary>Compares the classes of the data with a model's.</summary>
    /// <param name="names">The data's classes.</param>
    /// <param name="areNames">Whether these are names; else they are numbers, as in idx files and shards.</param>
    /// <param name="card">The model.</param>
    public static TrainingLabels Fit(IReadOnlyList<string> names, bool areNames, ModelCard card)
    {
        ClassLabel[] own = [.. names.Select(name => new ClassLabel(name))],
            models = [.. card.GetClassLabels()];
        bool haveNames = models.Select((label, i) => label.Name != i.ToString(CultureInfo.InvariantCulture)).Any(isName => isName);
        if (models.Length != names.Count)
            return new TrainingLabels(own, false, false, []);
        if (!areNames)
        {
            string[] kept =
            [
                $"the data has no names of classes; the model's are kept ({Some(models.Select(label => label.Name))}); "
                    + "'?classes=FILE' behind the data names them",
            ];
            return new TrainingLabels(models, true, false, haveNames ? kept : []);
        }
        int same = LabelMatcher.Match(names, models).OfType<int>().Distinct().Count();
        if (same == names.Count)
            return new TrainingLabels(models, true, false, []);
        if (!haveNames)
            return new TrainingLabels(own, false, false, []);
        string also = same > 0 ? $"; {same} of them {(same == 1 ? "has" : "have")} the same name" : "";
        string note =
            $"the model's {models.Length} classes become the data's: {Some(names)} instead of "
            + $"{Some(models.Select(label => label.Name))}{also}";
        return new TrainingLabels(own, false, true, [note]);
    }

    /// <summary>Some of many names, for a message of bounded length.</summary>
    public static string Some(IEnumerable<string> names)
    {
        string[] all = [.. names];
        return string.Join(", ", all.Take(5)) + (all.Length > 5 ? $" and {all.Length - 5} more" : "");
    }
}
