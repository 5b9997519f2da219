using MogaSharp.Imaging;
using MogaSharp.Testing;

namespace MogaSharp.Data.Tests;

/// <summary>Clips of files, and the texts that name sets of clips.</summary>
public sealed class ClipSetTests : IDisposable
{
    private static readonly RandomStream Unused = new(0, RandomPurpose.Clip, 0, 0);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_standard_test_file_is_frames_by_clips()
    {
        // Frame t of clip n is all t * 10 + n.
        byte[] data =
        [
            .. from t in Enumerable.Range(0, 20)
            from n in Enumerable.Range(0, 3)
            from i in Enumerable.Range(0, 64)
            select (byte)((t * 10) + n),
        ];
        NpyFile.Save(_folder.File("mnist_test_seq.npy"), [20, 3, 8, 8], data);
        using var clips = new NpyClips(_folder.File("mnist_test_seq.npy"));
        Assert.Equal((3, new ClipShape(10, 10, 1, 8, 8)), (clips.Count, clips.Shape));
        float[] input = new float[640],
            output = new float[640];
        clips.Read(2, Unused, input, output);
        Assert.Equal(Enumerable.Range(0, 640).Select(i => (float)(((i / 64 * 10) + 2) / 255.0)), input);
        Assert.Equal(Enumerable.Range(640, 640).Select(i => (float)(((i / 64 * 10) + 2) / 255.0)), output);
        Assert.Throws<ArgumentOutOfRangeException>(() => clips.Read(3, Unused, input, output));

        Assert.EndsWith(
            "It has 20 frames a clip (20 x 3 x 8 x 8), but 10 in and 11 out are asked for.",
            Refused(() => new NpyClips(_folder.File("mnist_test_seq.npy"), 10, 11)),
            StringComparison.Ordinal
        );
        Assert.Empty(clips.Notes);
        // Floats are taken too; rounding outside of 0 to 1 is cut and told.
        NpyFile.Save(_folder.File("float.npy"), [2, 1, 1, 2], [0.25f, 1.0000002f, -1f / 4096, 0.5f]);
        using (var floats = new NpyClips(_folder.File("float.npy"), 1, 1))
        {
            Assert.EndsWith(
                "float.npy: 2 numbers just outside of 0 to 1 cut, from -0.000244140625 to 1.00000024",
                Assert.Single(floats.Notes),
                StringComparison.Ordinal
            );
            float[] seen = new float[2],
                follows = new float[2];
            floats.Read(0, Unused, seen, follows);
            Assert.Equal([0.25f, 1f, 0f, 0.5f], [.. seen, .. follows]);
        }

        NpyFile.Save(_folder.File("large.npy"), [2, 1, 1, 1], [0f, 254f]);
        Assert.EndsWith(
            "It has numbers from 0 to 254, outside of 0 to 1; save values of 0 to 255 as uint8, or divide them by 255.",
            Refused(() => new NpyClips(_folder.File("large.npy"), 1, 1)),
            StringComparison.Ordinal
        );
        NpyFile.Save(_folder.File("flat.npy"), [20, 0, 1], Array.Empty<byte>());
        Assert.EndsWith(
            "Clips must be frames x clips x height x width, not 20 x 0 x 1.",
            Refused(() => new NpyClips(_folder.File("flat.npy"))),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Folders_of_frames_give_every_window_in_natural_order()
    {
        WriteVideo("walking/person1", 5, "frame_{0}.png");
        WriteVideo("walking/person2", 12, "{0}.png", first: 100);
        WriteVideo("short", 3, "{0}.png");
        var clips = new FrameFolders(_folder.FullName, new FrameFolderOptions { InputFrames = 3, OutputFrames = 2 });
        Assert.Equal((2, 1 + 8, new ClipShape(3, 2, 3, 6, 8)), (clips.Videos, clips.Count, clips.Shape));
        float[] input = new float[3 * 144],
            output = new float[2 * 144];
        for (int round = 0; round < 2; round++)
        {
            clips.Read(8, Unused, input, output);
            // Frame 10 comes after frame 9; red is the number of the frame.
            Assert.Equal([107 / 255f, 108 / 255f, 109 / 255f, 110 / 255f, 111 / 255f], Reds(input).Concat(Reds(output)));
            Assert.Equal(40 / 255f, input[143]);
        }
        Assert.EndsWith("person2, clip from frame 7", clips.NameOf(8), StringComparison.Ordinal);

        var some = new FrameFolders(
            _folder.FullName,
            new FrameFolderOptions
            {
                InputFrames = 3,
                OutputFrames = 2,
                Stride = 3,
                IsGray = true,
                Size = (4, 5),
                CacheBytes = 0,
            }
        );
        Assert.Equal((1 + 3, new ClipShape(3, 2, 1, 4, 5)), (some.Count, some.Shape));
        float[] gray = new float[60];
        some.Read(3, Unused, gray, new float[40]);
        Assert.Equal(PixelLuma(106), gray[0] * 255, 1.01);
        Assert.All(gray[..20], value => Assert.Equal(gray[0], value));
    }

    [Fact]
    public void Frames_that_do_not_fit_are_refused()
    {
        Assert.EndsWith(
            "No folder in it holds frames (.jpg .jpeg .png .webp .bmp .tif .tiff .gif).",
            Refused(() => new FrameFolders(_folder.FullName)),
            StringComparison.Ordinal
        );
        WriteVideo("a", 6, "{0}.png");
        Assert.EndsWith(
            "The longest video has 6 frames; a clip needs 20 (10 in, 10 out).",
            Refused(() => new FrameFolders(_folder.FullName)),
            StringComparison.Ordinal
        );
        Assert.EndsWith("none: There is no such folder.", Refused(() => new FrameFolders(_folder.File("none"))), StringComparison.Ordinal);
        var options = new FrameFolderOptions { InputFrames = 3, OutputFrames = 3 };
        new RgbImage(9, 6, new byte[9 * 6 * 3]).SavePng(_folder.File("a/3.png"));
        Assert.EndsWith(
            "a/3.png: It has 9 x 6 pixels, where other frames have 8 x 6; give a size to resize them to.",
            Refused(() => new FrameFolders(_folder.FullName, options).Read(0, Unused, new float[432], new float[432])),
            StringComparison.Ordinal
        );
        new FrameFolders(_folder.FullName, options with { Size = (6, 8) }).Read(0, Unused, new float[432], new float[432]);
        _folder.File("a/4.png", "no picture"u8.ToArray());
        Assert.Throws<ImageFormatException>(() =>
            new FrameFolders(_folder.FullName, options with { Size = (6, 8) }).Read(0, Unused, new float[432], new float[432])
        );
        Assert.Throws<ArgumentOutOfRangeException>(() => new FrameFolders(_folder.FullName, options with { Stride = 0 }));
    }

    [Fact]
    public void What_is_odd_about_frames_is_told_once_for_all_videos()
    {
        WriteVideo("a", 6, "f_{0}.png");
        WriteVideo("b", 6, "f_{0}.png");
        WriteVideo("short", 3, "{0}.png");
        File.Delete(_folder.File("a/f_2.png"));
        File.Delete(_folder.File("b/f_1.png"));
        File.Delete(_folder.File("b/f_3.png"));
        _folder.File("a/._f_0.png", "hidden"u8.ToArray());
        _folder.File("b/notes.txt", "text"u8.ToArray());
        var clips = new FrameFolders(_folder.FullName, new FrameFolderOptions { InputFrames = 2, OutputFrames = 2 });
        Assert.Equal((2, 2 + 1), (clips.Videos, clips.Count));
        Assert.Equal(
            [
                $"3 frames are missing in the numbers in 2 videos; the clips jump there (the first: {_folder.File("a")}: 2)",
                $"1 hidden image file is left out ({_folder.File("a/._f_0.png")})",
                $"1 file is left out that is not of the images that are read ({_folder.File("b/notes.txt")})",
                $"1 video is left out, too short for a clip ({_folder.File("short")}: 3 of 4 frames)",
            ],
            clips.Notes
        );
        // A link that leads nowhere is named.
        File.Delete(_folder.File("b/f_4.png"));
        File.CreateSymbolicLink(_folder.File("b/f_4.png"), _folder.File("gone.png"));
        var linked = new FrameFolders(_folder.FullName, new FrameFolderOptions { InputFrames = 2, OutputFrames = 2 });
        Assert.Equal(
            "the frame f_4.png is gone, or a link that leads nowhere",
            Assert.Throws<IOException>(() => linked.Read(2, Unused, new float[288], new float[288])).Message
        );
    }

    [Theory]
    [InlineData("00 01 02 04 05", "1 frame is missing in the numbers; the clips jump there (F: 03)")]
    [InlineData("1 2 5 6 9 20", "14 frames are missing in the numbers; the clips jump there (F: 3, 4, 7, 8, 10 to 19)")]
    [InlineData("0 2 4 6", null)]
    [InlineData("0 2 4 8", "1 frame is missing in the numbers; the clips jump there (F: 6)")]
    [InlineData("100 133 167 200 267 300", "1 frame is missing in the numbers; the clips jump there (F: between 200 and 267)")]
    [InlineData("1 2 02 3", "1 frame number is there more than once; all files are taken, one after the other (F: 02.png and 2.png)")]
    [InlineData("cover 1 2 3", "frames with names of several patterns; they are taken in the order of their names (F: #, cover)")]
    [InlineData("a_1 a_2 a_3 b_1 b_2", "frames with names of several patterns; they are taken in the order of their names (F: a_#, b_#)")]
    [InlineData("left mid right", null)]
    [InlineData("12.345 13.111 14.987", null)]
    public void Numbers_of_frames_are_checked(string names, string? note)
    {
        foreach (string name in names.Split(' '))
            _folder.File($"{name}.png", [0]);
        IReadOnlyList<string> notes = FrameListing.Of(_folder.FullName).Notes();
        if (note is null)
            Assert.Empty(notes);
        else
            Assert.Equal(note.Replace("F:", $"{_folder.FullName}:", StringComparison.Ordinal), Assert.Single(notes));
    }

    [Fact]
    public void Names_are_in_the_order_of_their_numbers()
    {
        string[] names = ["a1", "a02", "a2", "a10", "a10b", "a10b3", "b", "b1c9", "b1c10", "image_0009.png", "image_0010.png"];
        Assert.Equal(names, names.Reverse().Order(NaturalOrder.Instance));
        Assert.Equal(0, NaturalOrder.Instance.Compare("x9", "x9"));
        Assert.True(NaturalOrder.Instance.Compare("9999999999999999999999998", "9999999999999999999999999") < 0);
        Assert.True(NaturalOrder.Instance.Compare(null, "a") < 0);
    }

    [Fact]
    public void Moving_sets_are_named_with_their_options()
    {
        byte[] pictures = MovingImagesTests.Pictures();
        _folder.File("train-images-idx3-ubyte", IdxWriter.Bytes([12, 28, 28], pictures));
        ClipSpec spec = ClipSpec.Parse($"moving-mnist:{_folder.FullName}?in=4&out=6&clips=50&testclips=2");
        Assert.Equal((50, new ClipShape(4, 6, 1, 64, 64)), (spec.Open(DatasetSplit.Train).Count, spec.Open(DatasetSplit.Train).Shape));
        Assert.True(spec.HasSeparateSplits);
        Assert.Contains(
            "t10k-images-idx3-ubyte: There is no such file",
            Refused(() => spec.Open(DatasetSplit.Test)),
            StringComparison.Ordinal
        );
        _folder.File("t10k-images-idx3-ubyte.gz", IdxWriter.GZip(IdxWriter.Bytes([12, 28, 28], pictures)));
        IClipDataset test = spec.Open(DatasetSplit.Test);
        Assert.Equal(2, test.Count);
        Assert.Equal(10_000, ClipSpec.Parse($"moving-mnist:{_folder.FullName}").Open(DatasetSplit.Test).Count);
        float[] first = new float[4 * 4096],
            again = new float[4 * 4096],
            output = new float[6 * 4096];
        test.Read(1, new RandomStream(1, RandomPurpose.Clip, 0, 1), first, output);
        test.Read(1, new RandomStream(2, RandomPurpose.Clip, 5, 9), again, output);
        Assert.Equal(first, again);
        Assert.EndsWith(
            $"with the seed {ClipSpec.TestSeed}, not the standard mnist_test_seq.npy",
            spec.DescribeTest(),
            StringComparison.Ordinal
        );

        // The standard file takes the place of drawn clips, in the folder or named.
        NpyFile.Save(_folder.File("fmnist_test_seq.npy"), [20, 3, 64, 64], new byte[20 * 3 * 4096]);
        Assert.Equal(10_000, ClipSpec.Parse($"moving-mnist:{_folder.FullName}").Open(DatasetSplit.Test).Count);
        foreach (
            string text in (string[])
                [
                    $"moving-fashion:{_folder.FullName}",
                    $"moving-mnist:{_folder.FullName}?test=fmnist_test_seq.npy",
                    $"moving-mnist:{_folder.FullName}?test={_folder.File("fmnist_test_seq.npy")}",
                ]
        )
        {
            IClipDataset set = ClipSpec.Parse(text).Open(DatasetSplit.Test);
            Assert.Equal(3, set.Count);
            ((IDisposable)set).Dispose();
        }
        using var two = (IDisposable)ClipSpec.Parse($"moving-fashion:{_folder.FullName}?testclips=2").Open(DatasetSplit.Test);
        Assert.Equal(2, ((IClipDataset)two).Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => ((IClipDataset)two).Read(2, Unused, new float[40960], new float[40960]));

        Assert.Equal(
            10_000,
            ClipSpec.Parse("moving-mnist", kind => kind == "moving-mnist" ? _folder.FullName : null).Open(DatasetSplit.Train).Count
        );
        Assert.Equal(5, ClipSpec.Parse("moving-mnist?clips=5", _ => _folder.FullName).Open(DatasetSplit.Train).Count);
    }

    [Fact]
    public void Frame_sets_have_parts()
    {
        WriteVideo("set/train/a", 4, "{0}.png");
        WriteVideo("set/val/b", 5, "{0}.png");
        string text = $"frames:{_folder.File("set")}?in=2&out=2&gray&size=3x5";
        ClipSpec spec = ClipSpec.Parse(text);
        Assert.True(spec.HasSeparateSplits);
        Assert.Equal((1, 2), (spec.Open(DatasetSplit.Train).Count, spec.Open(DatasetSplit.Test).Count));
        Assert.Equal(new ClipShape(2, 2, 1, 3, 5), spec.Open(DatasetSplit.Test).Shape);
        Assert.Equal(
            new ClipShape(2, 2, 3, 7, 7),
            ClipSpec.Parse($"frames:{_folder.File("set/val")}?size=7&in=2&out=2").Open(DatasetSplit.Train).Shape
        );
        Assert.False(ClipSpec.Parse($"frames:{_folder.File("set/val")}?gray").HasSeparateSplits);
        Assert.Equal(1, ClipSpec.Parse($"frames:{_folder.File("set")}?in=2&out=2&train=val&stride=2").Open(DatasetSplit.Train).Count);
        Wrong($"{text}&test=none", "There is no folder '");
        Directory.Delete(_folder.File("set/val"), recursive: true);
        Wrong(
            text,
            "has a folder 'train' but none of 'val', 'valid', 'validation', 'dev', 'test', 'testing', 'eval', 'evaluation'; "
                + "'?test=NAME' names another"
        );
        Assert.False(spec.HasSeparateSplits);
        WriteVideo("set/Test/b", 4, "{0}.png");
        Assert.Single(Assert.IsType<FrameFolders>(spec.Open(DatasetSplit.Test)).NameOf(0).Split("set/Test/b").Skip(1));
        Assert.Contains(
            "evaluated on 'Test', as there is no part for validation",
            Assert.Single(spec.PartNotes(DatasetSplit.Test)),
            StringComparison.Ordinal
        );
        Wrong("frames:/nowhere?gray", "There is no folder '/nowhere'");
        Wrong("moving-mnist:/nowhere", "There is no folder '/nowhere'");
        Wrong($"moving-mnist:{_folder.FullName}?test=other.npy", "There is no file 'other.npy' of test clips");

        void Wrong(string wrong, string problem) =>
            Assert.Contains(
                problem,
                Assert.Throws<DatasetSpecException>(() => ClipSpec.Parse(wrong).Open(DatasetSplit.Test)).Message,
                StringComparison.Ordinal
            );
    }

    [Theory]
    [InlineData("mnist", "'mnist' does not say what it is; write moving-mnist:FOLDER")]
    [InlineData("moving-mnist", "'moving-mnist' names no path")]
    [InlineData("moving-mnist:?in=3", "names no path")]
    [InlineData("moving-mnist:x?in=0", "the option 'in' takes a whole number from 1 to 10000, not '0'")]
    [InlineData("moving-mnist:x?in=3&in=4", "has the option 'in' twice")]
    [InlineData("moving-mnist:x?in=", "gives the option 'in' no value")]
    [InlineData("moving-mnist:x?in=3&gray", "the unknown option 'gray'; there are in, out, digits, clips, test, testclips")]
    [InlineData("frames:x?gray=1", "gives the option 'gray' a value; it takes none")]
    [InlineData("frames:x?gray&in", "gives the option 'in' no value")]
    [InlineData("frames:x?size=3x", "the option 'size' takes N or HxW, each from 1 to 16384, not '3x'")]
    [InlineData("frames:x?clips=3", "the unknown option 'clips'; there are in, out, size, gray, stride, train, test")]
    public void Wrong_texts_are_refused(string text, string problem) =>
        Assert.Contains(problem, Assert.Throws<DatasetSpecException>(() => ClipSpec.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Clips_and_images_are_told_apart()
    {
        Assert.True(ClipSpec.IsClips("moving-mnist") && ClipSpec.IsClips("moving-fashion?clips=3") && ClipSpec.IsClips("frames:x"));
        Assert.False(ClipSpec.IsClips("folder:frames") || ClipSpec.IsClips("moving-mnists:x") || ClipSpec.IsClips(""));
    }

    private static IEnumerable<float> Reds(float[] frames) => Enumerable.Range(0, frames.Length / 144).Select(i => frames[i * 144]);

    private static float PixelLuma(int red) => ((red * 19595) + (20 * 38470) + (40 * 7471)) / 65536f;

    private static string Refused(Func<object> make) => Assert.Throws<DatasetException>(make).Message;

    private static string Refused(Action read) => Assert.Throws<DatasetException>(read).Message;

    // Frames of 8 x 6 pixels in the colour (number, 20, 40).
    private void WriteVideo(string name, int frames, string pattern, int first = 0)
    {
        Directory.CreateDirectory(_folder.File(name));
        for (int i = 0; i < frames; i++)
        {
            byte[] pixels = [.. Enumerable.Range(0, 48).SelectMany(_ => (byte[])[(byte)(first + i), 20, 40])];
            new RgbImage(8, 6, pixels).SavePng(Path.Combine(_folder.File(name), string.Format(null, pattern, i)));
        }
    }
}
