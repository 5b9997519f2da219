using MogaSharp.Imaging;
using MogaSharp.Testing;

namespace MogaSharp.Data.Tests;

public sealed class IdxDatasetTests : IDisposable
{
    private static readonly byte[] Pixels = [.. Enumerable.Range(0, 3 * 2 * 4).Select(i => (byte)(i * 10))];
    private static readonly byte[] Images = IdxWriter.Bytes([3, 2, 4], Pixels);
    private static readonly byte[] Labels = IdxWriter.Bytes([3], [2, 0, 1]);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mogasharp-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", "")]
    [InlineData("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", "")]
    [InlineData("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte.gz", "")]
    [InlineData("t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte", "")]
    [InlineData("mine-images-idx3-ubyte", "mine-labels-idx1-ubyte.gz", "mine")]
    [InlineData("a-images-idx3-ubyte.gz", "a-labels-idx1-ubyte.gz", "a-images-idx3-ubyte.gz")]
    [InlineData("a-images-idx3-ubyte.gz", "a-labels-idx1-ubyte", "a-images-idx3-ubyte")]
    public void Folder_prefix_and_file_are_found_with_and_without_gz(string images, string labels, string path)
    {
        Write(images, Images);
        Write(labels, Labels);
        var dataset = new IdxDataset(At(path));
        Assert.Equal(3, dataset.Count);
        Assert.Equal([2, 0, 1], dataset.Select(item => item.Label));
        Assert.Equal(["0", "1", "2"], dataset.ClassNames);
        var item = Assert.IsType<PixelImageItem>(dataset[1]);
        Assert.Equal((4, 2, PixelLayout.Gray), (item.Block.Width, item.Block.Height, item.Block.Layout));
        Assert.Equal(Pixels[8..16], item.Block.Pixels.ToArray());
        Assert.EndsWith($"{images}#1", item.Name, StringComparison.Ordinal);
    }

    [Fact]
    public void The_split_chooses_the_files_of_a_folder()
    {
        Write("t10k-images-idx3-ubyte", Images);
        Write("t10k-labels-idx1-ubyte", Labels);
        Write("train-images-idx3-ubyte", IdxWriter.Bytes([1, 1, 1], [77]));
        Write("train-labels-idx1-ubyte", IdxWriter.Bytes([1], [4]));
        Assert.Equal(3, new IdxDataset(At("")).Count);
        var train = new IdxDataset(At(""), DatasetSplit.Train);
        Assert.Equal(4, Assert.Single(train).Label);
        Assert.Equal([77, 77, 77], train[0].ToImage().Pixels);
    }

    [Fact]
    public void Colour_images_are_read()
    {
        Write("c-images-idx4-ubyte", IdxWriter.Bytes([1, 1, 2, 3], [1, 2, 3, 4, 5, 6]));
        Write("c-labels-idx1-ubyte", IdxWriter.Bytes([1], [0]));
        ImageItem item = new IdxDataset(At("c-images-idx4-ubyte"))[0];
        Assert.Equal([1, 2, 3, 4, 5, 6], item.ToImage().Pixels);
    }

    [Fact]
    public void Missing_files_are_named()
    {
        Assert.Contains("t10k-images-idx3-ubyte: There is no such file", Refusal(At("")).Message, StringComparison.Ordinal);
        Write("t10k-images-idx3-ubyte", Images);
        Assert.Contains("t10k-labels-idx1-ubyte: There is no such file", Refusal(At("")).Message, StringComparison.Ordinal);
        Write("pictures", Images);
        Assert.Contains("must contain 'images'", Refusal(At("pictures")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_magic_is_shown()
    {
        AssertImagesRefused("PNG!"u8.ToArray(), "it begins with 0x504E4721");
        AssertImagesRefused(IdxWriter.Bytes([3, 2, 4], Pixels, type: 9), "it begins with 0x00000903");
        AssertImagesRefused(IdxWriter.Bytes([1, 1, 1, 1, 1], [1]), "it begins with 0x00000805");
        AssertImagesRefused(IdxWriter.Bytes([], []), "it begins with 0x00000800");
    }

    [Fact]
    public void Every_truncated_file_is_refused()
    {
        for (int length = 0; length < Images.Length; length++)
            AssertImagesRefused(Images[..length], "truncated");
    }

    [Fact]
    public void A_truncated_compressed_file_is_refused_unless_only_its_end_marks_are_missing()
    {
        // The marks: the end of the last block (at most two bytes), the check sum and the length (four bytes each).
        const int Marks = 2 + 4 + 4;
        byte[] zipped = IdxWriter.GZip(Images);
        for (int length = 2; length < zipped.Length - Marks; length++)
            AssertZippedImagesRefused(zipped[..length]);
    }

    [Fact]
    public void A_wrong_check_sum_is_refused()
    {
        byte[] zipped = IdxWriter.GZip(Images);
        zipped[^6] ^= 1;
        AssertZippedImagesRefused(zipped);
    }

    [Fact]
    public void Corrupt_compressed_data_is_refused()
    {
        byte[] zipped = IdxWriter.GZip(Images);
        zipped[12] ^= 0xFF;
        AssertZippedImagesRefused(zipped);
    }

    [Fact]
    public void More_data_than_promised_is_refused() => AssertImagesRefused([.. Images, 0], "There is more data than the 3 x 2 x 4 bytes");

    [Theory]
    [InlineData(0, 2, 4, "Extent 0 is 0")]
    [InlineData(3, -1, 4, "Extent 1 is 4294967295")]
    [InlineData(int.MaxValue, int.MaxValue, int.MaxValue, "the limit is 1073741824")]
    [InlineData(1 << 20, 1 << 10, 2, "the limit is 1073741824")]
    public void Impossible_extents_are_refused(int count, int rows, int columns, string problem) =>
        AssertImagesRefused(IdxWriter.Bytes([count, rows, columns], Pixels), problem);

    [Fact]
    public void A_false_promise_costs_no_memory()
    {
        byte[] promise = IdxWriter.Bytes([1000, 1000, 1000], Pixels);
        long before = GC.GetAllocatedBytesForCurrentThread();
        AssertImagesRefused(promise, "truncated");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
    }

    [Fact]
    public void The_limit_of_bytes_can_be_lowered()
    {
        Write("t10k-images-idx3-ubyte", Images);
        Write("t10k-labels-idx1-ubyte", Labels);
        var refusal = Assert.Throws<DatasetException>(() => new IdxDataset(At(""), maxBytes: 23));
        Assert.Contains("3 x 2 x 4 bytes; the limit is 23", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Images_and_labels_that_do_not_fit_are_refused()
    {
        Write("t10k-images-idx3-ubyte", Images);
        AssertLabelsRefused(IdxWriter.Bytes([2], [0, 1]), "There are 2 labels for 3 images.");
        AssertLabelsRefused(IdxWriter.Bytes([3, 1], [0, 1, 1]), "Labels must be one row, not 3 x 1");
        AssertImagesRefused(IdxWriter.Bytes([3], [0, 1, 1]), "Images must be count x rows x columns (x 3), not 3");
        AssertImagesRefused(IdxWriter.Bytes([3, 1, 1, 2], new byte[6]), "not 3 x 1 x 1 x 2");
    }

    [Fact]
    public void A_label_without_a_class_is_refused()
    {
        Write("t10k-images-idx3-ubyte", Images);
        Write("t10k-labels-idx1-ubyte", Labels);
        var refusal = Assert.Throws<DatasetException>(() => new IdxDataset(At(""), classNames: ["a", "b"]));
        Assert.Equal("Image 0 has the label 2, but there are 2 classes.", refusal.Problem);
        Assert.Equal(["a", "b", "c", "d"], new IdxDataset(At(""), classNames: ["a", "b", "c", "d"]).ClassNames);
    }

    [Fact]
    public void An_index_out_of_range_is_refused()
    {
        Write("t10k-images-idx3-ubyte", Images);
        Write("t10k-labels-idx1-ubyte", Labels);
        var dataset = new IdxDataset(At(""));
        Assert.Throws<ArgumentOutOfRangeException>(() => dataset[3]);
        Assert.Throws<ArgumentOutOfRangeException>(() => dataset[-1]);
    }

    [Fact]
    public void The_real_fashion_mnist_is_read()
    {
        const string Folder = "/usr/share/datasets/fashion-mnist";
        Assert.SkipUnless(Directory.Exists(Folder), $"{Folder} is missing (Debian package dataset-fashion-mnist)");
        var test = new IdxDataset(Folder, DatasetSplit.Test, IdxDataset.FashionMnistClasses);
        var train = new IdxDataset(Folder, DatasetSplit.Train, IdxDataset.FashionMnistClasses);
        Assert.Equal((10_000, 60_000), (test.Count, train.Count));
        Assert.All(Enumerable.Range(0, 10), label => Assert.Equal(1000, test.Count(item => item.Label == label)));
        Assert.All(Enumerable.Range(0, 10), label => Assert.Equal(6000, train.Count(item => item.Label == label)));
        Assert.Equal("Ankle boot", test.ClassNames[test[0].Label]);

        var fixture = new FixtureFile(Repository.Fixture("imaging", "fashion.safetensors"));
        byte[] firstEight = [.. test.Take(8).Cast<PixelImageItem>().SelectMany(item => item.Block.Pixels.ToArray())];
        Assert.Equal(fixture.Bytes("images"), firstEight);
        byte[] resized = fixture.Bytes("resized");
        var preprocessor = new Preprocessor(
            new PreprocessOptions(64, 64)
            {
                CropFraction = 1,
                Mode = ResizeMode.Squash,
                Mean = [0],
                StandardDeviation = [1],
            }
        );
        float[] input = new float[preprocessor.InputLength];
        for (int i = 0; i < 8; i++)
        {
            test[i].WriteInput(preprocessor, input);
            Assert.Equal(resized.Skip(i * 4096).Take(4096).Select(sample => sample / 255f), input.Take(4096));
        }
    }

    private void AssertImagesRefused(byte[] images, string problem)
    {
        Write("t10k-images-idx3-ubyte", images);
        if (!File.Exists(At("t10k-labels-idx1-ubyte")))
            Write("t10k-labels-idx1-ubyte", Labels);
        Assert.Contains(problem, Refusal(At("")).Message, StringComparison.Ordinal);
    }

    private void AssertLabelsRefused(byte[] labels, string problem)
    {
        Write("t10k-labels-idx1-ubyte", labels);
        Assert.Contains(problem, Refusal(At("")).Message, StringComparison.Ordinal);
    }

    private void AssertZippedImagesRefused(byte[] zipped)
    {
        File.WriteAllBytes(At("z-images-idx3-ubyte.gz"), zipped);
        Write("z-labels-idx1-ubyte", Labels);
        string problem = Refusal(At("z")).Problem;
        Assert.True(problem is "The file is truncated." or "The compressed data is corrupt.", problem);
    }

    private static DatasetException Refusal(string path) => Assert.Throws<DatasetException>(() => new IdxDataset(path));

    private string At(string name) => Path.Combine(_folder.FullName, name);

    private void Write(string name, byte[] content) =>
        File.WriteAllBytes(At(name), name.EndsWith(".gz", StringComparison.Ordinal) ? IdxWriter.GZip(content) : content);
}
