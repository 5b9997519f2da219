using MogaSharp.Imaging;

namespace MogaSharp.Data.Tests;

public sealed class ImageFolderTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mogasharp-");

    private string Root => _folder.FullName;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Classes_and_files_are_sorted_as_torchvision_sorts_them()
    {
        // Ordinal: capitals before small letters, "10" before "9", a folder's own files before those of its subfolders.
        Add("b/9.png", "b/10.png", "b/Z.PNG", "b/a/0.jpg", "b/a-b/1.jpg", "b/notes.txt", "B/x.webp", "a/y.tiff", "loose.png");
        var dataset = new ImageFolder(Root);
        Assert.Equal(["B", "a", "b"], dataset.ClassNames);
        Assert.Equal(["B/x.webp", "a/y.tiff", "b/10.png", "b/9.png", "b/Z.PNG", "b/a/0.jpg", "b/a-b/1.jpg"], dataset.Select(Relative));
        Assert.Equal([0, 1, 2, 2, 2, 2, 2], dataset.Select(item => item.Label));
        Assert.Equal(7, dataset.Count);
        Assert.Same(dataset[3], dataset.ElementAt(3));
    }

    [Fact]
    public void Own_extensions_replace_the_usual_ones()
    {
        Add("a/1.png", "a/2.dat");
        Assert.Equal(["a/2.dat"], new ImageFolder(Root, extensions: [".DAT"]).Select(Relative));
    }

    [Fact]
    public void Items_are_decoded_and_preprocessed()
    {
        Add("a/1.bmp");
        ImageItem item = Assert.Single(new ImageFolder(Root));
        Assert.Equal([30, 20, 10], item.ToImage().Pixels);
        var preprocessor = new Preprocessor(new PreprocessOptions(1, 1) { Mean = [0], StandardDeviation = [1] });
        float[] input = new float[3];
        item.WriteInput(preprocessor, input);
        Assert.Equal([30 / 255f, 20 / 255f, 10 / 255f], input);
        Assert.Throws<ImageFormatException>(() => item.ToImage(new ImageLimits { MaxBytes = 10 }));
        Assert.Equal(Path.Combine(Root, "a", "1.bmp"), Assert.IsType<FileImageItem>(item).Path);
    }

    [Fact]
    public void Bad_folders_are_refused()
    {
        AssertRefused("no class folders");
        AssertRefused("no such folder", path: Path.Combine(Root, "missing"));
        Add("a/1.png", "b/1.txt");
        AssertRefused("the class folder 'b' has no file that ends in .jpg, .jpeg, .png");
    }

    [Fact]
    public void A_link_to_a_folder_above_is_refused()
    {
        Add("a/1.png");
        Directory.CreateSymbolicLink(Path.Combine(Root, "a", "loop"), Root);
        AssertRefused("or a link to a folder above");
    }

    [Fact]
    public void Folders_named_like_classes_get_their_indices()
    {
        ClassLabel[] labels = [new("tench", "n01440764", ["Tinca tinca"]), new("great white shark", "n01484850"), new("hen", "n01514859")];
        Add("Great_White_Shark/1.png", "n01514859/1.png", "Tinca tinca/1.png");
        var dataset = new ImageFolder(Root, labels);
        Assert.Equal(["tench", "great white shark", "hen"], dataset.ClassNames);
        Assert.Equal([("Great_White_Shark/1.png", 1), ("Tinca tinca/1.png", 0), ("n01514859/1.png", 2)], dataset.Select(item => (Relative(item), item.Label)));
    }

    [Fact]
    public void Some_of_the_classes_are_enough_when_their_names_match()
    {
        Add("hen/1.png");
        Assert.Equal(1, Assert.Single(new ImageFolder(Root, [new("tench"), new("hen")])).Label);
    }

    [Fact]
    public void Folders_with_other_names_are_the_classes_in_sorted_order()
    {
        Add("x/1.png", "y/1.png");
        var dataset = new ImageFolder(Root, [new("tench"), new("hen")]);
        Assert.Equal([0, 1], dataset.Select(item => item.Label));
        Assert.Equal(["tench", "hen"], dataset.ClassNames);
    }

    [Fact]
    public void Folders_that_do_not_fit_the_labels_are_refused()
    {
        Add("hen/1.png", "y/1.png");
        AssertRefused("the folder 'y' is named like no class, though others are", [new("tench"), new("hen")]);
        AssertRefused("there are 2 folders for 3 classes", [new("a"), new("b"), new("c")]);
        AssertRefused("two folders are named like class 0 (hen)", [new("hen", Synonyms: ["y"])]);
        AssertRefused("the folder 'hen' may be class 0 or class 2; use the WordNet id", [new("hen"), new("y"), new("Hen")]);
    }

    [Fact]
    public void A_wordnet_id_decides_between_equal_names()
    {
        Add("n02/1.png", "n01/1.png");
        Assert.Equal([0, 1], new ImageFolder(Root, [new("crane", "n01"), new("crane", "n02")]).Select(item => item.Label));
    }

    private string Relative(ImageItem item) => Path.GetRelativePath(Root, item.Name).Replace('\\', '/');

    private void AssertRefused(string problem, IReadOnlyList<ClassLabel>? labels = null, string? path = null)
    {
        var refusal = Assert.Throws<DatasetException>(() => new ImageFolder(path ?? Root, labels));
        Assert.Contains(problem, refusal.Message, StringComparison.Ordinal);
    }

    /// <summary>Adds files, each a bitmap of one pixel (red 30, green 20, blue 10).</summary>
    private void Add(params string[] names)
    {
        byte[] bitmap = [.. "BM"u8, .. new byte[8], 26, 0, 0, 0, 12, 0, 0, 0, 1, 0, 1, 0, 1, 0, 24, 0, 10, 20, 30, 0];
        foreach (string name in names)
        {
            string path = Path.Combine(Root, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, bitmap);
        }
    }
}
