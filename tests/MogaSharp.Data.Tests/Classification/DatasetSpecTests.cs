using System.Formats.Tar;
using MogaSharp.Testing;

namespace MogaSharp.Data.Tests;

public sealed class DatasetSpecTests : IDisposable
{
    private static readonly byte[] Picture = [.. "BM"u8, .. new byte[8], 26, 0, 0, 0, 12, 0, 0, 0, 1, 0, 1, 0, 1, 0, 24, 0, 10, 20, 30, 0];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mogasharp-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Texts_are_read()
    {
        DatasetSpec spec = DatasetSpec.Parse("tar:/data/train-{00..10}-?.tar?val=/data/val-*.tar&classes=names.txt");
        Assert.Equal(("tar", "/data/train-{00..10}-?.tar"), (spec.Kind, spec.Path));
        Assert.Equal([("classes", "names.txt"), ("val", "/data/val-*.tar")], spec.Options.Select(pair => (pair.Key, pair.Value)).Order());
        spec = DatasetSpec.Parse("folder:C:/what?/x");
        Assert.Equal(("folder", "C:/what?/x", 0), (spec.Kind, spec.Path, spec.Options.Count));
        Assert.True(DatasetSpec.Parse("tar:a.tar?val=b.tar").HasSeparateSplits);
        Assert.False(DatasetSpec.Parse("tar:a.tar").HasSeparateSplits);
    }

    [Theory]
    [InlineData("photos", "'photos' does not say what it is; write folder:PATH or idx:PATH or tar:PATTERN")]
    [InlineData("zip:x", "'zip:x' does not say what it is")]
    [InlineData("idx:", "'idx:' names no path")]
    [InlineData("idx:x?size=3", "the unknown option 'size'; there are train, val, classes")]
    [InlineData("idx:x?val=", "gives the option 'val' no value")]
    [InlineData("idx:x?val=a&val=b", "has the option 'val' twice")]
    [InlineData("idx:x?val=a&b", "the unknown option 'b'")]
    [InlineData("tar:x?train=a", "needs no option 'train'")]
    public void Bad_texts_are_refused(string text, string problem) =>
        Assert.Contains(problem, Assert.Throws<DatasetSpecException>(() => DatasetSpec.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Folders_have_parts_by_their_names()
    {
        Add("train/cat/1.png", "train/dog/1.png", "train/dog/2.png", "val/cat/1.png", "val/dog/1.png", "more/cat/1.png");
        DatasetSpec spec = DatasetSpec.Parse($"folder:{_folder.FullName}");
        Assert.Equal((3, 2), (spec.Open(DatasetSplit.Train).Count, spec.Open(DatasetSplit.Test).Count));
        Assert.True(spec.HasSeparateSplits);
        Assert.Equal(["cat", "dog"], spec.Open(DatasetSplit.Train).ClassNames);
        Assert.Single(DatasetSpec.Parse($"folder:{_folder.FullName}?val=more").Open(DatasetSplit.Test));
        Assert.Contains("There is no folder", Refusal($"folder:{_folder.FullName}?val=none"), StringComparison.Ordinal);
        Assert.Contains("There is no folder '/nowhere'", Refusal("folder:/nowhere"), StringComparison.Ordinal);
        Assert.Equal(
            1,
            DatasetSpec.Parse($"folder:{_folder.FullName}?val=more").Open(DatasetSplit.Test, [new("dog"), new("cat")])[0].Label
        );
        Directory.Delete(Path.Combine(_folder.FullName, "val"), recursive: true);
        Assert.Contains("has a folder 'train' but none of 'val'", Refusal($"folder:{_folder.FullName}"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train valid test", "valid", "evaluated on 'valid', not on 'test'; '?val=test' takes that")]
    [InlineData("Train Val", "Val", null)]
    [InlineData("TRAINING DEV", "DEV", null)]
    [InlineData(
        "training evaluation",
        "evaluation",
        "evaluated on 'evaluation', as there is no part for validation; in training it also decides which epoch is the best"
    )]
    [InlineData("test val", "val", "evaluated on 'val', not on 'test'; '?val=test' takes that")]
    public void Parts_go_by_usual_names_in_any_case_and_validation_comes_first(string folders, string expected, string? note)
    {
        foreach (string folder in folders.Split(' '))
            Add($"{folder}/a/1.png", $"{folder}/b/2.png");
        IImageDataset test = DatasetSpec.Parse($"folder:{_folder.FullName}").Open(DatasetSplit.Test);
        Assert.Equal([At(Path.Combine(expected, "a/1.png")), At(Path.Combine(expected, "b/2.png"))], test.Select(item => item.Name));
        Assert.Equal(note is null ? [] : [note], test.Notes);
    }

    [Theory]
    [InlineData("train val valid", "has 'val' and 'valid' for the same part; '?val=val' says which one is meant")]
    [InlineData("Train train val", "has 'Train' and 'train' for the same part; '?train=Train' says which one is meant")]
    [InlineData(
        "train car",
        "has the folder 'train' and beside it others with images (car); write '?train=.' if all of them are classes, or '?val=NAME' "
            + "for the one to evaluate on"
    )]
    [InlineData("val test", "has no folder 'train'; '?train=NAME' says which one to train on")]
    [InlineData("flowers/train flowers/val", "holds nothing but the folder 'flowers', in which the parts are; write '")]
    public void Parts_that_are_not_clear_are_refused(string folders, string problem)
    {
        foreach (string folder in folders.Split(' '))
            Add($"{folder}/a/1.png");
        Add("car/1.png");
        if (!folders.Contains("car", StringComparison.Ordinal))
            Directory.Delete(At("car"), recursive: true);
        DatasetSpec spec = DatasetSpec.Parse($"folder:{_folder.FullName}");
        string message = Assert.Throws<DatasetSpecException>(() => (spec.Open(DatasetSplit.Train), spec.Open(DatasetSplit.Test))).Message;
        Assert.Contains(problem, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_part_to_train_on_alone_and_folders_beside_parts_are_said()
    {
        Add("train/a/1.png", "train/b/1.png", "docs/readme.txt");
        DatasetSpec spec = DatasetSpec.Parse($"folder:{_folder.FullName}");
        Assert.False(spec.HasSeparateSplits);
        Assert.Equal(["1 folder beside the parts left out (docs)"], spec.Open(DatasetSplit.Train).Notes);
        Assert.True(DatasetSpec.Parse($"folder:{_folder.FullName}?val=train&train=train").Open(DatasetSplit.Test).Count == 2);
        Assert.Equal(["docs", "train"], Directory.GetDirectories(_folder.FullName).Select(Path.GetFileName).Order());
        Add("docs/1.png");
        Assert.Equal(3, DatasetSpec.Parse($"folder:{_folder.FullName}?train=.").Open(DatasetSplit.Train).Count);
    }

    [Fact]
    public void An_option_says_the_order_of_classes()
    {
        Add("c2/1.png", "c10/1.png");
        Assert.Equal(["c2", "c10"], DatasetSpec.Parse($"folder:{_folder.FullName}").Open(DatasetSplit.Test).ClassNames);
        Assert.Equal(["c10", "c2"], DatasetSpec.Parse($"folder:{_folder.FullName}?order=ordinal").Open(DatasetSplit.Test).ClassNames);
        Assert.Contains("takes natural or ordinal, not 'x'", Refusal($"folder:{_folder.FullName}?order=x"), StringComparison.Ordinal);
        Assert.Contains("the unknown option 'order'", Refusal("idx:x?order=natural"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_of_classes_is_both_parts_even_if_a_class_is_called_train()
    {
        Add("tractor/1.png", "train/1.png");
        DatasetSpec spec = DatasetSpec.Parse($"folder:{_folder.FullName}");
        Assert.Equal((2, 2), (spec.Open(DatasetSplit.Train).Count, spec.Open(DatasetSplit.Test).Count));
        Assert.False(spec.HasSeparateSplits);
    }

    [Fact]
    public void Idx_sets_take_prefixes_and_class_files()
    {
        foreach ((string prefix, int count) in new[] { ("train", 3), ("t10k", 2), ("extra", 1) })
        {
            File.WriteAllBytes(At($"{prefix}-images-idx3-ubyte"), IdxWriter.Bytes([count, 1, 1], new byte[count]));
            File.WriteAllBytes(At($"{prefix}-labels-idx1-ubyte"), IdxWriter.Bytes([count], new byte[count]));
        }
        DatasetSpec spec = DatasetSpec.Parse($"idx:{_folder.FullName}");
        Assert.Equal((3, 2, true), (spec.Open(DatasetSplit.Train).Count, spec.Open(DatasetSplit.Test).Count, spec.HasSeparateSplits));
        Assert.Single(DatasetSpec.Parse($"idx:{_folder.FullName}?val=extra").Open(DatasetSplit.Test));
        File.WriteAllText(At("names.txt"), "boot\n\n shirt \n");
        Assert.Equal(
            ["boot", "shirt"],
            DatasetSpec.Parse($"idx:{_folder.FullName}?classes={At("names.txt")}").Open(DatasetSplit.Test).ClassNames
        );
        Assert.Contains("of class names", Refusal($"idx:{_folder.FullName}?classes=/nowhere.txt"), StringComparison.Ordinal);
    }

    [Fact]
    public void Shards_take_another_pattern_for_testing()
    {
        foreach ((string name, int count) in new[] { ("a.tar", 3), ("b.tar", 1) })
        {
            using FileStream stream = File.Create(At(name));
            using var writer = new TarWriter(stream);
            for (int i = 0; i < count; i++)
            {
                writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, $"{i}.png") { DataStream = new MemoryStream(Picture) });
                writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, $"{i}.cls") { DataStream = new MemoryStream("0"u8.ToArray()) });
            }
        }
        DatasetSpec spec = DatasetSpec.Parse($"tar:{At("a.tar")}?val={At("b.tar")}");
        Assert.Equal((3, 1), (spec.Open(DatasetSplit.Train).Count, spec.Open(DatasetSplit.Test).Count));
        Assert.Equal(["only"], spec.Open(DatasetSplit.Train, [new("only")]).ClassNames);
    }

    private static string Refusal(string text) =>
        Assert.Throws<DatasetSpecException>(() => DatasetSpec.Parse(text).Open(DatasetSplit.Test)).Message;

    private string At(string name) => Path.Combine(_folder.FullName, name);

    private void Add(params string[] names)
    {
        foreach (string name in names)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
            File.WriteAllBytes(At(name), Picture);
        }
    }
}
