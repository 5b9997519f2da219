using MogaSharp.Vision;

namespace MogaSharp.Data.Tests;

public sealed class CsvReaderTests : IDisposable
{
    private const string Header = "file,x1,y1,x2,y2,class\n";

    private readonly DetectionFiles _files = new();

    private string Spec => $"csv:{_files.At("labels.csv")},{_files.At("images")}";

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData(Header + "a.png,1,2,5.5,9,dog\nb c.png,,,,,\na.png,0,0,20,10,cat\n")]
    [InlineData("\ufefffilename,width,Class,xmin,ymin,xmax,ymax\r\na.png,20,dog,1,2,5.5,9\r\nb c.png\r\n\r\na.png,20,\"cat\",0,0,20,10")]
    public void Rows_are_objects_by_the_names_of_columns(string table)
    {
        Fill(table);
        IDetectionDataset set = DetectionSpec.Parse(Spec).Open(DatasetSplit.Train);
        Assert.Equal(["cat", "dog"], set.ClassNames);
        Assert.Equal([_files.At("images/a.png"), _files.At("images/b c.png")], set.Select(item => item.Name));
        Assert.Equal((new ImageSize(20, 10), new ImageSize(4, 4)), (set.SizeOf(0), set.SizeOf(1)));
        Assert.Equal(
            [new AnnotatedObject(new Box(1, 2, 4.5, 7), 31.5, 1), new AnnotatedObject(new Box(0, 0, 20, 10), 200, 0)],
            DetectionFiles.ObjectsOf(set[0])
        );
        Assert.Empty(DetectionFiles.ObjectsOf(set[1]));
    }

    [Fact]
    public void Fields_may_be_quoted()
    {
        Fill("file,x1,y1,x2,y2,class,note\n\"b c.png\",0,0,1,1,\"a \"\"dog\"\", or\ntwo\",x\nb c.png,0,0,1,-1,dog,\n");
        DatasetException refusal = Assert.Throws<DatasetException>(() => DetectionSpec.Parse(Spec).Open(DatasetSplit.Train));
        Assert.Equal("Line 4: The box from (0, 0) to (1, -1) is not at least a little wide and high.", refusal.Problem);
        Fill("file,x1,y1,x2,y2,class\n\"b c.png\",0,0,1,1,\"a \"\"dog\"\", or\ntwo\"\n");
        Assert.Equal(["a \"dog\", or\ntwo"], DetectionSpec.Parse(Spec).Open(DatasetSplit.Train).ClassNames);
        Fill("file,x1,y1,x2,y2,class\na.png,0,0,1,1,\"dog\n");
        Assert.Equal("Line 2: A quotation mark is not closed.", Assert.Throws<DatasetException>(() => _files.Faults(Spec)).Problem);
    }

    [Fact]
    public void All_faults_are_collected()
    {
        Fill(
            Header
                + "a.png,1,2,NaN,9,dog\na.png,1,2,x,9,dog\na.png,5,2,3,9,dog\na.png,30,2,33,9,dog\n"
                + "a.png,1,2,3,9,\n,1,2,3,9,dog\n../a.png,1,2,3,9,dog\nnone.png,1,2,3,9,dog\na.png,-5,2,3,9,dog\nbad.png,1,2,3,9,dog\n"
        );
        _files.Write("images/bad.png", "no image");
        Assert.Equal(
            [
                "labels.csv, line 7: The row names no file.",
                "labels.csv, line 8: The file name '../a.png' is not that of a file in the folder of images.",
                "labels.csv, line 2: The box from (1, 2) to (NaN, 9) is not of finite numbers.",
                "labels.csv, line 3: The 'x2' of the box is not a number: 'x'.",
                "labels.csv, line 4: The box from (5, 2) to (3, 9) is not at least a little wide and high.",
                "labels.csv, line 5: The box from (30, 2) to (33, 9) lies outside of the image of 20 x 10 pixels.",
                "labels.csv, line 6: The row names no class.",
                "labels.csv, none.png: There is no file '~/images/none.png'.",
            ],
            _files.Faults(Spec).Where(fault => !fault.StartsWith("bad.png, : ", StringComparison.Ordinal))
        );
        Assert.Equal(9, _files.Faults(Spec).Length);
        Fill(Header + "a.png,-5,2,3,9,dog\n");
        IDetectionDataset set = DetectionSpec.Parse(Spec).Open(DatasetSplit.Train);
        Assert.Equal(["1 box cut off at the edge of the image (a.png)"], set.Notes);
        Assert.Equal(new Box(0, 2, 3, 7), DetectionFiles.ObjectsOf(set[0])[0].Box);
    }

    [Theory]
    [InlineData("", "The file is empty.")]
    [InlineData("\n\n", "The file is empty.")]
    [InlineData("file,x1,y1,x2,class\n", "Line 1 does not name the column 'y2'; it must name file, x1, y1, x2, y2 and class.")]
    [InlineData(Header, "There is no class.")]
    [InlineData(Header + "b c.png\n", "There is no class.")]
    [InlineData(Header + "none.png,1,2,3,4,dog\n", "There is no class.")]
    public void Tables_without_use_are_refused(string table, string problem)
    {
        Fill(table);
        Assert.Equal(problem, Assert.Throws<DatasetException>(() => DetectionSpec.Parse(Spec).Open(DatasetSplit.Train)).Problem);
    }

    [Fact]
    public void Missing_images_are_refused()
    {
        Fill(Header + "a.png,1,2,3,4,dog\nnone.png,1,2,3,4,dog\nnone2.png\n");
        Assert.Equal(
            $"There is no file '{_files.At("images/none.png")}', nor those of 1 more images.",
            Assert.Throws<DatasetException>(() => DetectionSpec.Parse(Spec).Open(DatasetSplit.Train)).Problem
        );
    }

    private void Fill(string table)
    {
        _files.Write("labels.csv", table);
        _files.Image("images/a.png", 20, 10);
        _files.Image("images/b c.png", 4, 4);
    }
}
