using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Testing;
using MogaSharp.Weights;

namespace MogaSharp.Cli.Tests.Explain;

/// <summary>Data sets, cards and tensors for commands that look at classifiers through masks of patches.</summary>
internal static class MaskFixtures
{
    /// <summary>The samples, in a folder for each class.</summary>
    public static string WriteSet(TemporaryFolder folder)
    {
        foreach ((string path, int label) in Fixtures.LabelledSamples)
        {
            string target = Directory.CreateDirectory(folder.File($"set/{label}")).FullName;
            File.Copy(path, Path.Combine(target, Path.GetFileName(path)));
        }

        return $"folder:{folder.File("set")}";
    }

    /// <summary>The samples in folders with other names, whose order is not that of the classes, and a file with these names.</summary>
    public static (string Set, string Labels) WriteNamedSet(TemporaryFolder folder)
    {
        foreach ((string path, int label) in Fixtures.LabelledSamples)
        {
            string target = Directory.CreateDirectory(folder.File($"named/{NameOf(label)}")).FullName;
            File.Copy(path, Path.Combine(target, Path.GetFileName(path)));
        }

        File.WriteAllLines(folder.File("names.txt"), Enumerable.Range(0, 10).Select(NameOf));
        return ($"folder:{folder.File("named")}", folder.File("names.txt"));

        static string NameOf(int label) => $"{(char)('z' - label)}{label}";
    }

    /// <summary>The card of the fixtures' network, or one with another number of classes.</summary>
    public static string WriteCard(TemporaryFolder folder, int classes = 10) =>
        Fixtures.WriteModel(folder, MogaNetFixture.Load("custom_64_b2").Options with { NumClasses = classes });

    public static FixtureFile Official(string name) => new(Repository.Fixture("explain", name + ".safetensors"));

    /// <summary>A file of the images and labels of a fixture, with what else is given.</summary>
    public static string WriteTensors(TemporaryFolder folder, FixtureFile official, params TensorEntry[] others)
    {
        var shape = new Shape(JsonSerializer.Deserialize<long[]>(official.Metadata["input_shape"])!);
        long[] labels = JsonSerializer.Deserialize<long[]>(official.Metadata["labels"])!;
        CheckpointWriter.SaveSafetensors(
            folder.File("in.safetensors"),
            [
                TensorEntry.FromTensor("input", FormulaWeights.CoarseAndFine(shape)),
                TensorEntry.FromInt64("labels", new Shape(labels.Length), labels),
                .. others,
            ]
        );
        return folder.File("in.safetensors");
    }

    /// <summary>A tensor of bytes of a fixture.</summary>
    public static TensorEntry Bytes(FixtureFile official, string name) =>
        TensorEntry.FromBytes(name, DType.UInt8, official.ShapeOf(name), official.Bytes(name));

    /// <summary>A tensor of whole numbers of a fixture.</summary>
    public static TensorEntry Longs(FixtureFile official, string name) =>
        TensorEntry.FromInt64(name, official.ShapeOf(name), official.Longs(name));
}
