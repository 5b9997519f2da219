using System.Formats.Tar;
using System.Text;
using MogaSharp.Imaging;

namespace MogaSharp.Data.Tests;

public sealed class TarDatasetTests : IDisposable
{
    // One pixel: red 30, green 20, blue 10, as a bitmap under a name that is accepted; the content decides.
    private static readonly byte[] Picture = [.. "BM"u8, .. new byte[8], 26, 0, 0, 0, 12, 0, 0, 0, 1, 0, 1, 0, 1, 0, 24, 0, 10, 20, 30, 0];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mogasharp-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(TarEntryFormat.Ustar)]
    [InlineData(TarEntryFormat.Pax)]
    [InlineData(TarEntryFormat.Gnu)]
    [InlineData(TarEntryFormat.V7)]
    public void Shards_of_every_format_are_read(TarEntryFormat format)
    {
        string longFolder = format is TarEntryFormat.V7 ? "short" : string.Concat(Enumerable.Repeat("folder/", 18)).TrimEnd('/');
        Write(
            "train-00.tar",
            format,
            ("a/0.jpg", Picture),
            ("a/0.cls", "2\n"u8.ToArray()),
            ($"{longFolder}/1.cls", " 0 "u8.ToArray()),
            ($"{longFolder}/1.PNG", Picture)
        );
        Write(
            "train-01.tar",
            format,
            ("2.json", """{"name":"x","label":5}"""u8.ToArray()),
            ("2.webp", Picture),
            ("2.seg.png", [1]),
            ("README", [1, 2])
        );
        var dataset = new TarDataset(At("train-{00..01}.tar"));
        Assert.Equal([2, 0, 5], dataset.Select(item => item.Label));
        Assert.Equal(
            [$"{At("train-00.tar")}#a/0.jpg", $"{At("train-00.tar")}#{longFolder}/1.PNG", $"{At("train-01.tar")}#2.webp"],
            dataset.Select(item => item.Name)
        );
        Assert.Equal(["0", "1", "2", "3", "4", "5"], dataset.ClassNames);
        Assert.All(dataset, item => Assert.Equal([30, 20, 10], item.ToImage().Pixels));
        Assert.Same(dataset[1], dataset.ElementAt(1));
        Assert.Equal(dataset.Count, new TarDataset(At("train-*.tar")).Count);
    }

    [Fact]
    public void Class_names_are_checked()
    {
        Write("x.tar", TarEntryFormat.Pax, ("0.jpg", Picture), ("0.cls", "1"u8.ToArray()));
        Assert.Equal(["cat", "dog"], new TarDataset(At("x.tar"), ["cat", "dog"]).ClassNames);
        Assert.Contains(
            "#0.jpg: The label is 1, but there are 1 classes",
            Refusal(() => _ = new TarDataset(At("x.tar"), ["cat"])),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Patterns_name_files_in_order()
    {
        foreach (string name in (string[])["s-8.tar", "s-9.tar", "s-10.tar", "t.tar", "sub/a.tar"])
            Write(name, TarEntryFormat.Ustar, ("0.jpg", Picture), ("0.cls", "0"u8.ToArray()));
        string[] Names(string pattern) =>
            [.. ShardPattern.Expand(At(pattern)).Select(path => Path.GetRelativePath(_folder.FullName, path))];
        Assert.Equal(["s-8.tar", "s-9.tar", "s-10.tar"], Names("s-{8..10}.tar"));
        Assert.Equal(["t.tar", "s-8.tar"], Names("{t,s-8}.tar"));
        Assert.Equal(["sub/a.tar", "s-9.tar"], Names("{sub/a,s-{9..9}}.tar"));
        Assert.Equal(["s-10.tar", "s-8.tar", "s-9.tar"], Names("s-*.tar"));
        Assert.Equal(["s-8.tar", "s-9.tar"], Names("s-?.tar"));
        File.WriteAllText(At("._s-1.tar"), "");
        Assert.Equal(["s-10.tar", "s-8.tar", "s-9.tar", "t.tar"], Names("*.tar"));
        Assert.Contains("s-7.tar: There is no such file", Refusal(() => Names("s-{7..8}.tar")), StringComparison.Ordinal);
        Assert.Contains("No file matches.", Refusal(() => Names("z*.tar")), StringComparison.Ordinal);
        Assert.Contains("There is no folder", Refusal(() => Names("gone/z*.tar")), StringComparison.Ordinal);
        Assert.Contains("'{9..8}' is not a range", Refusal(() => Names("s-{9..8}.tar")), StringComparison.Ordinal);
        Assert.Contains("'{0..99999999}' is not a range", Refusal(() => Names("s-{0..99999999}.tar")), StringComparison.Ordinal);
        Assert.Contains("more than 1000000 files", Refusal(() => Names("s-{0..9999}{0..9999}.tar")), StringComparison.Ordinal);
    }

    [Fact]
    public void Names_with_dots_go_with_their_own_labels()
    {
        Write(
            "x.tar",
            TarEntryFormat.Pax,
            ("img.v1.0000.png", Picture),
            ("img.v1.0000.cls", "3"u8.ToArray()),
            ("img.v1.0001.PNG", Picture),
            ("img.v1.0001.json", "{\"label\":4}"u8.ToArray()),
            ("a.b/c.d.jpg", Picture),
            ("a.b/c.d.cls", "5"u8.ToArray()),
            ("e.left.png", Picture),
            ("e.cls", "6"u8.ToArray()),
            ("f.cls", "7"u8.ToArray()),
            ("f.jpg", Picture)
        );
        var dataset = new TarDataset(At("x.tar"));
        Assert.Equal([3, 4, 5, 6, 7], dataset.Select(item => item.Label));
        Assert.Empty(dataset.Notes);
    }

    [Fact]
    public void Labels_may_lie_anywhere_in_the_archive()
    {
        Write(
            "x.tar",
            TarEntryFormat.Ustar,
            ("./0.png", Picture),
            ("./1.png", Picture),
            ("./0.cls", "3"u8.ToArray()),
            ("./1.cls", "4"u8.ToArray())
        );
        Assert.Equal([3, 4], new TarDataset(At("x.tar")).Select(item => item.Label));
    }

    [Fact]
    public void What_is_left_out_of_an_archive_is_said()
    {
        Write(
            "x.tar",
            TarEntryFormat.Pax,
            ("._0.png", Picture),
            ("__MACOSX/0.png", Picture),
            ("0.png", Picture),
            ("0.cls", "3"u8.ToArray()),
            ("0.txt", [1]),
            ("1.txt", [1]),
            ("0.seg.png", Picture),
            ("0.boxes.json", [1]),
            ("README", [1]),
            ("0.cls", "4"u8.ToArray())
        );
        var dataset = new TarDataset(At("x.tar"));
        Assert.Equal([4], dataset.Select(item => item.Label));
        string file = At("x.tar");
        Assert.Equal(
            [
                $"1 file replaced by a later one of the same name, as when tar unpacks ({file}#0.cls)",
                $"1 file without a known ending left out ({file}#README)",
                $"1 further file of a sample left out ({file}#0.boxes.json)",
                $"1 further image of a sample without a label of its own left out ({file}#0.seg.png)",
                $"2 .txt files left out (the first: {file}#0.txt)",
                $"2 hidden or system files left out (the first: {file}#._0.png)",
            ],
            dataset.Notes.Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void Joined_archives_are_read_to_the_end()
    {
        byte[] first = Bytes(TarEntryFormat.Ustar, ("0.png", Picture), ("0.cls", "3"u8.ToArray())),
            second = Bytes(TarEntryFormat.Pax, ("0.png", Picture), ("0.cls", "4"u8.ToArray()));
        File.WriteAllBytes(At("x.tar"), [.. first, .. new byte[9216], .. second, .. new byte[100]]);
        var dataset = new TarDataset(At("x.tar"));
        Assert.Equal([3, 4], dataset.Select(item => item.Label));
        Assert.Equal($"1 archive follows another one in the same file, and was read too ({At("x.tar")})", Assert.Single(dataset.Notes));
        File.WriteAllBytes(At("y.tar"), [.. first, 1, 2, 3]);
        dataset = new TarDataset(At("y.tar"));
        Assert.Equal([3], dataset.Select(item => item.Label));
        Assert.Equal(
            $"1 archive is followed by bytes that are no archive, which were left out ({At("y.tar")})",
            Assert.Single(dataset.Notes)
        );
        File.WriteAllBytes(At("z.tar"), [.. first, .. second[..^1024]]);
        Assert.Contains(
            "The end mark is missing; the archive is truncated.",
            Refusal(() => _ = new TarDataset(At("z.tar"))),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Packed_archives_and_links_are_named()
    {
        using (var stream = new MemoryStream())
        {
            using (var zip = new System.IO.Compression.GZipStream(stream, System.IO.Compression.CompressionMode.Compress))
                zip.Write(new byte[2000]);
            AssertBroken("It is packed with gzip; unpack it first (gunzip)", [.. stream.ToArray(), .. new byte[600]]);
        }
        using (FileStream stream = File.Create(At("x.tar")))
        using (var writer = new TarWriter(stream))
        {
            foreach (string name in (string[])["0.png", "0.cls"])
                writer.WriteEntry(
                    new PaxTarEntry(TarEntryType.RegularFile, name)
                    {
                        DataStream = new MemoryStream(name == "0.png" ? Picture : "1"u8.ToArray()),
                    }
                );
            writer.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "1.png") { LinkName = "0.png" });
        }
        Assert.Equal($"1 link or other special member left out ({At("x.tar")}#1.png)", Assert.Single(new TarDataset(At("x.tar")).Notes));
    }

    [Theory]
    [InlineData('S', 1)]
    [InlineData('5', 0)]
    [InlineData('2', 1)]
    public void A_member_that_is_no_plain_file_does_not_end_an_archive(char type, int notes)
    {
        byte[] special = Bytes(TarEntryFormat.Gnu, ("s.png", []))[..512];
        special[156] = (byte)type;
        if (type != 'S')
            special[134] = (byte)'1';
        FixSum(special, 0);
        File.WriteAllBytes(At("x.tar"), [.. special, .. Bytes(TarEntryFormat.Gnu, ("0.png", Picture), ("0.cls", "3"u8.ToArray()))]);
        var dataset = new TarDataset(At("x.tar"));
        Assert.Equal([3], dataset.Select(item => item.Label));
        Assert.Equal(notes, dataset.Notes.Count);
    }

    [Fact]
    public void Names_in_another_encoding_stay_different()
    {
        byte[] bytes = Bytes(
            TarEntryFormat.Ustar,
            ("0.png", Picture),
            ("0.cls", "3"u8.ToArray()),
            ("1.png", Picture),
            ("1.cls", "4"u8.ToArray())
        );
        foreach ((int header, byte name) in new[] { (0, (byte)0xE9), (1024, (byte)0xE9), (2048, (byte)0xE8), (3072, (byte)0xE8) })
        {
            bytes[header] = name;
            FixSum(bytes, header);
        }
        File.WriteAllBytes(At("x.tar"), bytes);
        Assert.Equal([3, 4], new TarDataset(At("x.tar")).Select(item => item.Label));
    }

    [Fact]
    public void Samples_without_image_or_label_are_refused()
    {
        byte[] label = "3"u8.ToArray();
        AssertRefused("'0' has an image but no label", ("0.jpg", Picture), ("1.jpg", Picture), ("1.cls", label));
        AssertRefused("'b/1' has a label but no image", ("0.jpg", Picture), ("0.cls", label), ("b/1.cls", label));
        AssertRefused("'0' has two images", ("0.jpg", Picture), ("0.png", Picture), ("0.cls", label));
        AssertRefused("'0' has two labels", ("0.jpg", Picture), ("0.cls", label), ("0.json", "{\"cls\":4}"u8.ToArray()));
        AssertRefused("'0' has an image but no label", ("0.jpg", Picture), ("0.json", "{\"label\":\"cat\"}"u8.ToArray()));
        AssertRefused("'0.json' is not JSON", ("0.jpg", Picture), ("0.json", "{"u8.ToArray()));
        AssertRefused("'0.json' is not JSON", ("0.jpg", Picture), ("0.json", "{\"\\ud800\":1}"u8.ToArray()));
        AssertRefused("'0.cls': the label is not a whole number", ("0.jpg", Picture), ("0.cls", "cat"u8.ToArray()));
        AssertRefused("'0.cls': the label -1 is not in 0..", ("0.jpg", Picture), ("0.cls", "-1"u8.ToArray()));
        AssertRefused("'0.cls': the label 2000000000 is not in 0..", ("0.jpg", Picture), ("0.cls", "2000000000"u8.ToArray()));
        AssertRefused("'0.cls': the label has 70000 bytes", ("0.jpg", Picture), ("0.cls", new byte[70000]));
        AssertRefused("There are no images in it.", ("README", label));
    }

    [Fact]
    public void Broken_archives_are_refused()
    {
        byte[] good = Bytes(TarEntryFormat.Ustar, ("0.jpg", Picture), ("0.cls", "3"u8.ToArray()));
        AssertBroken("This is not the header of a tar archive", [.. Encoding.UTF8.GetBytes(new string('x', 600))]);
        AssertBroken("the archive is truncated.", good[..700]);
        AssertBroken("The archive is truncated.", good[..100]);
        AssertBroken("The archive is truncated.", good[..1030]);
        AssertBroken("This is not the header of a tar archive, or it is damaged (checksum).", Changed(good, 0, (byte)'x', fixSum: false));
        AssertBroken("A number is not octal.", Changed(good, 124, (byte)'9', fixSum: true));
        AssertBroken("A number is negative.", Changed(good, 124, 0xFF, fixSum: true));
        AssertBroken("A number is too large.", Changed(good, 125, 0xFF, fixSum: true, base256: true));
        AssertBroken("but only", Changed(good, 130, 0xFF, fixSum: true, base256: true));
        byte[] name = Changed(good, 156, (byte)'L', fixSum: true);
        AssertBroken("Names and attributes have", Changed(name, 127, (byte)'7', fixSum: true));
        AssertBroken("The attributes are damaged.", Changed(good, 156, (byte)'x', fixSum: true));
        // Whole files, but the end is missing; and an end mark alone.
        AssertBroken("The end mark is missing; the archive is truncated.", good[..2048]);
        AssertBroken("The end mark is missing; the archive is truncated.", []);
        AssertBroken("There are no images in it.", new byte[1024]);
    }

    [Fact]
    public void A_shard_that_shrinks_after_it_was_opened_fails_by_name()
    {
        byte[] bytes = Bytes(TarEntryFormat.Ustar, ("0.jpg", Picture), ("0.cls", "3"u8.ToArray()));
        File.WriteAllBytes(At("x.tar"), bytes);
        var dataset = new TarDataset(At("x.tar"));
        File.WriteAllBytes(At("x.tar"), bytes[..520]);
        Assert.Contains(
            "#0.jpg: The image is cut off",
            Assert.Throws<EndOfStreamException>(() => dataset[0].ToImage()).Message,
            StringComparison.Ordinal
        );
        File.WriteAllBytes(At("x.tar"), bytes);
        Assert.Contains(
            "more bytes than the limit of 10",
            Assert.Throws<ImageFormatException>(() => dataset[0].ToImage(new ImageLimits { MaxBytes = 10 })).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Damaged_archives_never_do_worse_than_an_exception_of_ours()
    {
        byte[][] seeds =
        [
            Bytes(TarEntryFormat.Pax, ("a/0.jpg", Picture), ("a/0.cls", "3"u8.ToArray())),
            Bytes(TarEntryFormat.Gnu, (new string('n', 150) + ".jpg", Picture), (new string('n', 150) + ".cls", "3"u8.ToArray())),
        ];
        int rounds = Environment.GetEnvironmentVariable("MOGA_LONG_TESTS") == "1" ? 100_000 : 3000,
            opened = 0;
        var random = new Random(1);
        for (int i = 0; i < rounds; i++)
        {
            byte[] bytes = [.. seeds[i % 2]];
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                int at = random.Next(bytes.Length);
                bytes[at] = (byte)random.Next(256);
                // Half of the damaged headers get a right checksum, so that what lies behind it is reached.
                if (random.Next(2) == 0)
                    FixSum(bytes, at / 512 * 512);
            }
            if (random.Next(5) == 0)
                bytes = bytes[..random.Next(bytes.Length)];
            File.WriteAllBytes(At("fuzz.tar"), bytes);
            try
            {
                _ = new TarDataset(At("fuzz.tar")).Count;
                opened++;
            }
            catch (DatasetException) { }
        }
        Assert.InRange(opened, rounds / 100, rounds - (rounds / 10));
    }

    private static byte[] Changed(byte[] archive, int at, byte value, bool fixSum, bool base256 = false)
    {
        byte[] changed = [.. archive];
        if (base256)
        {
            changed.AsSpan(124, 12).Clear();
            changed[124] = 0x80;
        }
        changed[at] = value;
        if (fixSum)
            FixSum(changed, 0);
        return changed;
    }

    private static void FixSum(byte[] archive, int header)
    {
        if (header + 512 > archive.Length)
            return;
        Span<byte> field = archive.AsSpan(header + 148, 8);
        field.Fill((byte)' ');
        int sum = archive.AsSpan(header, 512).ToArray().Sum(value => value);
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(field);
    }

    private static byte[] Bytes(TarEntryFormat format, params (string Name, byte[] Content)[] files)
    {
        using var stream = new MemoryStream();
        using (var writer = new TarWriter(stream, format, leaveOpen: true))
        {
            TarEntryType type = format == TarEntryFormat.V7 ? TarEntryType.V7RegularFile : TarEntryType.RegularFile;
            foreach ((string name, byte[] content) in files)
            {
                using var data = new MemoryStream(content);
                writer.WriteEntry(
                    format switch
                    {
                        TarEntryFormat.V7 => new V7TarEntry(type, name) { DataStream = data },
                        TarEntryFormat.Ustar => new UstarTarEntry(type, name) { DataStream = data },
                        TarEntryFormat.Gnu => new GnuTarEntry(type, name) { DataStream = data },
                        _ => new PaxTarEntry(type, name) { DataStream = data },
                    }
                );
            }
        }
        return stream.ToArray();
    }

    private static string Refusal(Action action) => Assert.Throws<DatasetException>(action).Message;

    private void AssertRefused(string problem, params (string Name, byte[] Content)[] files)
    {
        Write("bad.tar", TarEntryFormat.Pax, files);
        string message = Refusal(() => _ = new TarDataset(At("bad.tar")));
        Assert.StartsWith(At("bad.tar"), message, StringComparison.Ordinal);
        Assert.Contains(problem, message, StringComparison.Ordinal);
    }

    private void AssertBroken(string problem, byte[] bytes)
    {
        File.WriteAllBytes(At("broken.tar"), bytes);
        Assert.Contains(problem, Refusal(() => _ = new TarDataset(At("broken.tar"))), StringComparison.Ordinal);
    }

    private string At(string name) => Path.Combine(_folder.FullName, name);

    private void Write(string name, TarEntryFormat format, params (string Name, byte[] Content)[] files)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.WriteAllBytes(At(name), Bytes(format, files));
    }
}
