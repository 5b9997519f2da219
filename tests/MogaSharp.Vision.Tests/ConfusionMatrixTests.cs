using System.Text.Json;
using MogaSharp.Testing;

namespace MogaSharp.Vision.Tests;

public sealed class ConfusionMatrixTests
{
    private static readonly JsonElement Fixture = JsonDocument
        .Parse(File.ReadAllText(Repository.Fixture("dense", "metrics", "segmentation.json")))
        .RootElement;

    private static readonly LabelMap[] Predictions = Maps("predictions");
    private static readonly LabelMap[] Truths = Maps("ground_truth");

    [Theory]
    [InlineData("expected", false)]
    [InlineData("expected_reduce_zero_label", true)]
    public void Figures_are_those_of_the_official_code(string name, bool leavesOutZero)
    {
        JsonElement expected = Fixture.GetProperty(name);
        ConfusionMatrix matrix = Counted(0, Truths.Length, leavesOutZero);
        Assert.Equal(Truths.Length, matrix.Count);
        foreach ((string figure, double value) in matrix.Figures())
            AssertNear(expected.GetProperty(figure), value);
        for (int label = 0; label < matrix.Classes; label++)
        {
            AssertNear(expected.GetProperty("acc_per_class")[label], matrix.Accuracy(label));
            AssertNear(expected.GetProperty("iou_per_class")[label], matrix.IntersectionOverUnion(label));
        }
    }

    [Fact]
    public void Counted_in_parts_and_merged_it_is_the_same()
    {
        ConfusionMatrix whole = Counted(0, Truths.Length, false),
            merged = Counted(0, 1, false);
        merged.Merge(Counted(1, Truths.Length, false).Save());
        Assert.Equal(whole.Save(), merged.Save());
        Assert.Equal(whole.Figures(), merged.Figures());
    }

    [Fact]
    public void Without_pixels_nothing_is_a_number()
    {
        var matrix = new ConfusionMatrix(2);
        Assert.All(matrix.Figures().Values, value => Assert.True(double.IsNaN(value)));
        matrix.Add(Map(0, 1), Map(LabelMap.Ignored, LabelMap.Ignored));
        Assert.Equal(1, matrix.Count);
        Assert.All(matrix.Figures().Values, value => Assert.True(double.IsNaN(value)));
    }

    [Fact]
    public void The_largest_number_of_classes_has_no_label_that_is_wrong_in_a_truth()
    {
        var matrix = new ConfusionMatrix(255);
        matrix.Add(Map(254, 3), Map(254, LabelMap.Ignored));
        Assert.Equal(1, matrix[254, 254]);
        Assert.Throws<ArgumentException>(() => matrix.Add(Map(255, 3), Map(254, 3)));
    }

    [Fact]
    public void What_is_no_class_is_refused_and_nothing_is_counted()
    {
        var matrix = new ConfusionMatrix(3);
        ArgumentException wrong = Assert.Throws<ArgumentException>(() => matrix.Add(Map(0, 3), Map(0, 1)));
        Assert.StartsWith("The label 3 is not one of 3 classes.", wrong.Message);
        wrong = Assert.Throws<ArgumentException>(() => matrix.Add(Map(0, 1), Map(0, 254)));
        Assert.StartsWith("The label 254 is not one of 3 classes.", wrong.Message);
        wrong = Assert.Throws<ArgumentException>(() => matrix.Add(Map(0, 1), Map(0)));
        Assert.StartsWith("2 x 1 predicted labels are compared with 1 x 1.", wrong.Message);
        Assert.Equal(new ConfusionMatrix(3).Save(), matrix.Save());
        Assert.Throws<ArgumentOutOfRangeException>(() => matrix[0, 3]);
        Assert.Throws<ArgumentOutOfRangeException>(() => matrix.Accuracy(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConfusionMatrix(256));
    }

    [Fact]
    public void Bytes_that_are_no_counts_are_refused()
    {
        var matrix = new ConfusionMatrix(2);
        byte[] saved = Counted(0, 1, false).Save();
        Assert.Throws<ArgumentException>(() => matrix.Merge(saved));
        Assert.Throws<ArgumentException>(() => new ConfusionMatrix(6).Merge(saved.AsSpan(1)));
        saved[^(sizeof(int) + sizeof(long))] = 36;
        Assert.Throws<ArgumentException>(() => new ConfusionMatrix(6).Merge(saved));
    }

    private static ConfusionMatrix Counted(int start, int end, bool leavesOutZero)
    {
        var matrix = new ConfusionMatrix(Fixture.GetProperty("num_classes").GetInt32());
        for (int i = start; i < end; i++)
        {
            byte[] truth = Truths[i].Labels;
            if (leavesOutZero)
                truth = [.. truth.Select(label => label is 0 or LabelMap.Ignored ? LabelMap.Ignored : (byte)(label - 1))];
            matrix.Add(Predictions[i], new LabelMap(Truths[i].Size, truth));
        }

        return matrix;
    }

    private static LabelMap Map(params byte[] labels) => new(new ImageSize(labels.Length, 1), labels);

    private static LabelMap[] Maps(string name) =>
        [
            .. Fixture
                .GetProperty(name)
                .EnumerateArray()
                .Select(map => new LabelMap(
                    new ImageSize(map[0].GetArrayLength(), map.GetArrayLength()),
                    [.. map.EnumerateArray().SelectMany(row => row.EnumerateArray().Select(label => label.GetByte()))]
                )),
        ];

    private static void AssertNear(JsonElement expected, double actual)
    {
        if (expected.ValueKind == JsonValueKind.Null)
            Assert.Equal(double.NaN, actual);
        else
            Assert.InRange(actual, expected.GetDouble() - 1e-9, expected.GetDouble() + 1e-9);
    }
}
