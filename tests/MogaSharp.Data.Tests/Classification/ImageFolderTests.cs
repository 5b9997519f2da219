using MogaSharp.Imaging;

namespace MogaSharp.Data.Tests;

public sealed class ImageFolderTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mogasharp-");

    private string Root => _folder.FullName;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Classes_are_sorted_as_timm_sorts_them_and_files_ordinally()
    {
        // Files ordinally: "10" before "9", a folder's own files before those of its subfolders.
        Add("b/9.png", "b/10.png", "b/Z.PNG", "b/a/0.jpg", "b/a-b/1.jpg", "b/notes.txt", "B/x.webp", "a/y.tiff", "loose.png");
        var dataset = new ImageFolder(Root);
        Assert.Equal(["a", "B", "b"], dataset.ClassNames);
        Assert.Equal(["B/x.webp", "a/y.tiff", "b/10.png", "b/9.png", "b/Z.PNG", "b/a/0.jpg", "b/a-b/1.jpg"], dataset.Select(Relative));
        Assert.Equal([1, 0, 2, 2, 2, 2, 2], dataset.Select(item => item.Label));
        Assert.Equal(
            [
                "1 image beside the class folders left out (" + Path.Combine(Root, "loose.png") + ")",
                "1 .txt file left out (" + Path.Combine(Root, "b/notes.txt") + ")",
            ],
            dataset.Notes
        );
        var ordinal = new ImageFolder(Root, order: ClassOrder.Ordinal);
        Assert.Equal(["B", "a", "b"], ordinal.ClassNames);
        Assert.Equal([0, 1, 2, 2, 2, 2, 2], ordinal.Select(item => item.Label));
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
        AssertRefused("There are no class folders in it.");
        AssertRefused("There is no such folder.", path: Path.Combine(Root, "missing"));
        Add("b/1.txt");
        AssertRefused("No class folder has a file that ends in .jpg, .jpeg, .png");
        Add("x.png", "y.png");
        Directory.Delete(Path.Combine(Root, "b"), recursive: true);
        AssertRefused("There are no class folders in it, only 2 images; each class needs a folder of its own.");
    }

    // It used to be an error: timm, which has the classes from the images, leaves such a folder out.
    [Fact]
    public void A_class_folder_without_images_is_no_class()
    {
        Add("a/1.png", "b/1.txt", "c/1.png");
        var dataset = new ImageFolder(Root);
        Assert.Equal(["a", "c"], dataset.ClassNames);
        Assert.Equal([0, 1], dataset.Select(item => item.Label));
        Assert.Contains("1 class folder without an image left out (b)", dataset.Notes);
        Assert.Equal([0, 1], new ImageFolder(Root, [new("x"), new("y")]).Select(item => item.Label));
        // As many folders as classes: the empty one keeps its place.
        Assert.Equal([0, 2], new ImageFolder(Root, [new("x"), new("y"), new("z")]).Select(item => item.Label));
    }

    // It used to be an error that ended what may be a long run's preparation.
    [Fact]
    public void Links_to_a_folder_above_and_to_nothing_are_left_out()
    {
        Add("a/1.png", "other/b/2.png");
        Directory.CreateSymbolicLink(Path.Combine(Root, "a", "loop"), Root);
        Directory.CreateSymbolicLink(Path.Combine(Root, "a", "self"), "../a");
        File.CreateSymbolicLink(Path.Combine(Root, "a", "gone.png"), "/nowhere/gone.png");
        File.CreateSymbolicLink(Path.Combine(Root, "a", "2.png"), Path.Combine(Root, "a", "1.png"));
        Directory.CreateSymbolicLink(Path.Combine(Root, "b"), Path.Combine(Root, "other", "b"));
        var dataset = new ImageFolder(Root);
        Assert.Equal(["a/1.png", "a/2.png", "b/2.png", "other/b/2.png"], dataset.Select(Relative));
        Assert.Equal(
            [
                $"1 link to files that are not there left out ({Path.Combine(Root, "a/gone.png")})",
                $"2 links to a folder above left out (the first: {Path.Combine(Root, "a/loop")})",
            ],
            dataset.Notes.Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void Hidden_and_system_names_are_no_classes_or_images()
    {
        Add(
            "a/1.png",
            "a/._1.png",
            "a/Thumbs.db",
            "a/@eaDir/1.png",
            ".ipynb_checkpoints/x.png",
            "__MACOSX/a/1.png",
            "lost+found/1.png",
            "$RECYCLE.BIN/1.png",
            "System Volume Information/x.png",
            "b/1.png",
            ".DS_Store"
        );
        var dataset = new ImageFolder(Root);
        Assert.Equal(["a", "b"], dataset.ClassNames);
        Assert.Equal(["a/1.png", "b/1.png"], dataset.Select(Relative));
        Assert.Contains(
            dataset.Notes,
            note => note.StartsWith("6 hidden or system folders left out (the first: ", StringComparison.Ordinal)
        );
        Assert.Contains(dataset.Notes, note => note.StartsWith("3 hidden or system files left out (the first: ", StringComparison.Ordinal));
        Assert.Equal(2, dataset.Notes.Count);
    }

    [Fact]
    public void Names_that_are_not_utf8_are_left_out()
    {
        Add("a/1.png", "b/2.png");
        // The runtime itself can neither make such names nor remove them.
        Shell("cd \"$1\" && cp a/1.png \"$(printf 'a/caf\\351.png')\" && cp -r b \"$(printf 'th\\351')\"");
        try
        {
            var dataset = new ImageFolder(Root);
            Assert.Equal(["a", "b"], dataset.ClassNames);
            Assert.Equal(["a/1.png", "b/2.png"], dataset.Select(Relative));
            Assert.StartsWith(
                "2 names that are not UTF-8 cannot be opened and are left out (the first: ",
                Assert.Single(dataset.Notes),
                StringComparison.Ordinal
            );
        }
        finally
        {
            Shell("rm -r \"$1\"/*");
        }
    }

    [Fact]
    public void A_folder_around_everything_is_named()
    {
        Add("flowers/rose/1.png", "flowers/tulip/1.png");
        AssertRefused(
            $"It holds nothing but the folder 'flowers', in which there are folders; give '{Path.Combine(Root, "flowers")}' if those "
                + "are the classes"
        );
    }

    [Theory]
    [InlineData("class0 class1 class2 class10 class11", "class0 class1 class10 class11 class2")]
    [InlineData("2 10 a a1 a-b B b", "10 2 B a a-b a1 b")]
    [InlineData("x01 x1 x1a x02 x2", "x01 x02 x1 x1a x2")]
    public void Class_orders_are_those_of_timm_and_torchvision(string natural, string ordinal)
    {
        string[] names = natural.Split(' ');
        Assert.Equal(names, names.Reverse().Order(NaturalClassOrder.Of(ClassOrder.Natural)));
        Assert.Equal(ordinal.Split(' '), names.Reverse().Order(NaturalClassOrder.Of(ClassOrder.Ordinal)));
    }

    [Fact]
    public void A_guessed_order_is_said()
    {
        Add("c1/1.png", "c2/1.png", "c10/1.png");
        ClassLabel[] numbers = [new("0"), new("1"), new("2")];
        var dataset = new ImageFolder(Root, numbers);
        Assert.Equal([("c1", 0), ("c10", 2), ("c2", 1)], dataset.Select(item => (Relative(item).Split('/')[0], item.Label)));
        Assert.Equal(
            "the order of classes is a guess, as the model has no names of classes: natural order as timm (c2 before c10); "
                + "'?order=ordinal' takes torchvision's",
            Assert.Single(dataset.Notes)
        );
        Assert.Equal([0, 1, 2], new ImageFolder(Root, numbers, order: ClassOrder.Ordinal).Select(item => item.Label));
        Assert.Contains(
            "no folder is named like a class of the model",
            Assert.Single(new ImageFolder(Root, [new("x"), new("y"), new("z")]).Notes),
            StringComparison.Ordinal
        );
        Directory.Delete(Path.Combine(Root, "c10"), recursive: true);
        Assert.Empty(new ImageFolder(Root, numbers[..2]).Notes);
    }

    [Fact]
    public void An_exact_name_wins_over_one_in_another_case()
    {
        Add("A/1.png", "a/1.png", "b/1.png");
        Assert.Equal([2, 0, 1], new ImageFolder(Root, [new("a"), new("B"), new("A")]).Select(item => item.Label));
        string note = Assert.Single(new ImageFolder(Root, [new("a"), new("B"), new("A")]).Notes);
        Assert.Equal("1 class folder is spelled unlike the class, by case, blanks or the form of Unicode ('b' for 'B')", note);
        AssertRefused("The folder 'a' is named like no class, though others are; the classes are A, b", [new("A"), new("b")]);
    }

    [Theory]
    [InlineData("caf\u00e9", "cafe\u0301")]
    [InlineData("\u1ed9", "o\u0323\u0302")]
    [InlineData("\u1ed9", "o\u0302\u0323")]
    [InlineData("\ud55c\uae00", "\u1112\u1161\u11ab\u1100\u1173\u11af")]
    [InlineData("\u212b", "\u00c5")]
    [InlineData(" Great White", "great_white ")]
    public void Names_in_another_form_of_Unicode_are_the_same(string a, string b)
    {
        Assert.True(LabelMatcher.IsSame(a, b));
        Assert.True(LabelMatcher.IsSame(b, a));
        Assert.False(LabelMatcher.IsSame(a, b + "\u0301"));
    }

    [Fact]
    public void A_folder_in_another_form_of_Unicode_is_its_class()
    {
        Add("cafe\u0301/1.png", "the/1.png");
        var dataset = new ImageFolder(Root, [new("the"), new("caf\u00e9")]);
        Assert.Equal([1, 0], dataset.Select(item => item.Label));
        Assert.Single(dataset.Notes);
    }

    [Fact]
    public void Folders_named_like_classes_get_their_indices()
    {
        ClassLabel[] labels = [new("tench", "n01440764", ["Tinca tinca"]), new("great white shark", "n01484850"), new("hen", "n01514859")];
        Add("Great_White_Shark/1.png", "n01514859/1.png", "Tinca tinca/1.png");
        var dataset = new ImageFolder(Root, labels);
        Assert.Equal(["tench", "great white shark", "hen"], dataset.ClassNames);
        Assert.Equal(
            [("Great_White_Shark/1.png", 1), ("Tinca tinca/1.png", 0), ("n01514859/1.png", 2)],
            dataset.Select(item => (Relative(item), item.Label))
        );
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
        AssertRefused("The folder 'y' is named like no class, though others are", [new("tench"), new("hen")]);
        AssertRefused("there are 2 folders for 3 classes", [new("a"), new("b"), new("c")]);
        AssertRefused("Two folders are named like class 0 (hen)", [new("hen", Synonyms: ["y"])]);
        // An exact name would win.
        AssertRefused("The folder 'hen' may be class 0 or class 2; use the WordNet id", [new("HEN"), new("y"), new("Hen")]);
    }

    [Fact]
    public void A_wordnet_id_decides_between_equal_names()
    {
        Add("n02/1.png", "n01/1.png");
        Assert.Equal([0, 1], new ImageFolder(Root, [new("crane", "n01"), new("crane", "n02")]).Select(item => item.Label));
    }

    private void Shell(string command)
    {
        using var shell = System.Diagnostics.Process.Start("sh", ["-c", command, "sh", Root])!;
        shell.WaitForExit();
        Assert.SkipUnless(shell.ExitCode == 0, "this file system takes only names in UTF-8");
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
