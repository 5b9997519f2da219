using System.Collections.Immutable;
using MogaSharp.Data;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Training;
using MogaSharp.Vision;

namespace MogaSharp.Cli;

/// <summary><c>moga eval --predictions</c> for segmentation: scores the label maps that any program made, without a network.</summary>
internal static class LabelMapScore
{
    /// <summary>Scores a folder of label maps, each a PNG image of class numbers under its image's name.</summary>
    /// <exception cref="FailureException">A label map is missing, of another size, or has a class that there is not.</exception>
    public static int Run(EvalRequest request, string folder, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder))
            throw new UsageException($"There is no folder '{folder}'.");
        var spec = SegmentationSpec.Parse(request.Data, KnownFolders.OfMnist);
        bool hasClasses = spec.Options.ContainsKey("classes") || request.Card.Options is not SegmentationOptions;
        ISegmentationDataset set = spec.Open(request.Split, hasClasses ? null : [.. request.Card.GetClassLabels()]);
        Notices.OfThisRun.AddRange(set.Notes);
        Dictionary<ImageItem, string> maps = MapsOf(set, folder);
        var matrix = new ConfusionMatrix(set.Classes.Length);
        foreach (ImageItem item in set)
        {
            cancellationToken.ThrowIfCancellationRequested();
            LabelMap truth = item.ReadAnnotations().OfType<LabelMap>().Single();
            matrix.Add(Read(maps[item], truth.Size, set.Classes.Length), truth);
        }

        ImmutableArray<ClassFigures> classes = [.. set.Classes.Select((label, i) => ClassFigures.Of(label.Name, matrix, i))];
        return DenseEval.Report(request, ModelTask.Segmentation, folder, matrix.Count, matrix.Figures(), classes);
    }

    // All are looked for before any is read.
    private static Dictionary<ImageItem, string> MapsOf(ISegmentationDataset set, string folder)
    {
        var maps = new Dictionary<ImageItem, string>(ReferenceEqualityComparer.Instance);
        var owners = new Dictionary<string, string>(StringComparer.Ordinal);
        var missing = new List<string>();
        foreach (ImageItem item in set)
        {
            string map = Path.Combine(folder, Path.GetFileNameWithoutExtension(item.Name) + ".png");
            if (!owners.TryAdd(map, item.Name))
                throw new FailureException($"{folder}: '{owners[map]}' and '{item.Name}' have the same label map.");
            if (!File.Exists(map))
                missing.Add(map);
            maps.Add(item, map);
        }

        return missing.Count == 0
            ? maps
            : throw new FailureException(
                $"{missing[0]}: There is no such label map" + (missing.Count > 1 ? $", and {missing.Count - 1} more are missing." : ".")
            );
    }

    private static LabelMap Read(string path, ImageSize size, int classes)
    {
        var png = IndexPng.Load(path);
        if (png.Width != size.Width || png.Height != size.Height)
            throw new FailureException($"{path}: The label map has {png.Width}x{png.Height} pixels, the annotated one {size}.");
        int wrong = Array.FindIndex(png.Values, label => label >= classes);
        return wrong < 0
            ? new LabelMap(size, [.. png.Values.Select(label => (byte)label)])
            : throw new FailureException(
                $"{path}: The pixel ({wrong % png.Width}, {wrong / png.Width}) has the class {png.Values[wrong]}; "
                    + $"there are 0 to {classes - 1}."
            );
    }
}
