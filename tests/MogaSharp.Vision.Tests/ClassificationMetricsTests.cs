using FsCheck;
using FsCheck.Fluent;

namespace MogaSharp.Vision.Tests;

public sealed class ClassificationMetricsTests
{
    [Fact]
    public void Fractions_and_table_of_a_worked_example()
    {
        var metrics = new ClassificationMetrics(3);
        metrics.Add(
            [
                5,
                1,
                0, /**/
                0,
                1,
                2, /**/
                0,
                3,
                2, /**/
                9,
                3,
                2,
            ],
            [0, 2, 2, 1]
        );
        Assert.Equal(4, metrics.Images);
        Assert.Equal(0.5, metrics.Top1);
        Assert.Equal(1, metrics.Top5);
        Assert.Equal(
            new[,]
            {
                { 1, 0, 0 },
                { 1, 0, 0 },
                { 0, 1, 1 },
            },
            metrics.Confusion
        );
        Assert.Equal((0.5, 0, 1), (metrics.Precision(0), metrics.Precision(1), metrics.Precision(2)));
        Assert.Equal((1, 0, 0.5), (metrics.Recall(0), metrics.Recall(1), metrics.Recall(2)));
    }

    [Fact]
    public void The_fifth_largest_output_counts_and_the_sixth_does_not()
    {
        float[] outputs = [1, 9, 8, 7, 6, 5, 4];
        Assert.Equal((0, 1), Tops(outputs, 5));
        Assert.Equal((0, 0), Tops(outputs, 6));
        Assert.Equal((1, 1), Tops(outputs, 1));
    }

    [Fact]
    public void Among_equal_outputs_the_lowest_index_is_first()
    {
        float[] outputs = [3, 3, 3, 3, 3, 3];
        Assert.Equal((1, 1), Tops(outputs, 0));
        Assert.Equal((0, 1), Tops(outputs, 4));
        Assert.Equal((0, 0), Tops(outputs, 5));
    }

    [Fact]
    public void Not_a_number_is_the_largest()
    {
        Assert.Equal((0, 1), Tops([5, float.NaN, 1], 0));
        Assert.Equal((1, 1), Tops([5, float.NaN, float.NaN], 1));
        Assert.Equal((0, 1), Tops([5, float.NaN, float.NaN], 2));
    }

    [Fact]
    public void Without_images_nothing_is_a_number()
    {
        var metrics = new ClassificationMetrics(2);
        Assert.True(
            double.IsNaN(metrics.Top1)
                && double.IsNaN(metrics.Top5)
                && double.IsNaN(metrics.Precision(0))
                && double.IsNaN(metrics.Recall(1))
        );
    }

    [Fact]
    public void Ranks_are_those_of_a_stable_sort_and_parts_add_up()
    {
        Gen<(int[] Outputs, int Label)> images =
            from outputs in Gen.ArrayOf(Gen.Choose(0, 6), 9)
            from label in Gen.Choose(0, 8)
            select (outputs, label);
        Prop.ForAll(
                Gen.ArrayOf(images).ToArbitrary(),
                batch =>
                {
                    var whole = new ClassificationMetrics(9);
                    var parts = new[] { new ClassificationMetrics(9), new ClassificationMetrics(9) };
                    int top1 = 0,
                        top5 = 0;
                    for (int i = 0; i < batch.Length; i++)
                    {
                        float[] outputs = [.. batch[i].Outputs.Select(output => (float)output)];
                        whole.Add(outputs, batch[i].Label);
                        parts[i % 2].Add(outputs, batch[i].Label);
                        int[] order = [.. Enumerable.Range(0, 9).OrderByDescending(index => outputs[index])];
                        if (order[0] == batch[i].Label)
                            top1++;
                        if (order.Take(5).Contains(batch[i].Label))
                            top5++;
                    }
                    parts[0].Merge(parts[1].Save());
                    Assert.Equal(batch.Length, whole.Images);
                    Assert.Equal((double)top1 / batch.Length, whole.Top1);
                    Assert.Equal((double)top5 / batch.Length, whole.Top5);
                    Assert.Equal((whole.Images, whole.Top1, whole.Top5), (parts[0].Images, parts[0].Top1, parts[0].Top5));
                    Assert.Equal(whole.Confusion, parts[0].Confusion);
                    Assert.Equal(batch.Length, whole.Confusion.Cast<int>().Sum());
                }
            )
            .Check(Config.QuickThrowOnFailure.WithReplay(20240501, 1));
    }

    [Fact]
    public void Wrong_numbers_are_refused()
    {
        var metrics = new ClassificationMetrics(3);
        Assert.Contains(
            "2 outputs for 3 classes",
            Assert.Throws<ArgumentException>(() => metrics.Add(new float[2], 0)).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentOutOfRangeException>(() => metrics.Add(new float[3], 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => metrics.Add(new float[3], -1));
        var refusal = Assert.Throws<ArgumentException>(() => metrics.Add(new float[5], [0, 1]));
        Assert.Contains("5 outputs for 2 images of 3 classes", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => metrics.Merge(new ClassificationMetrics(4).Save()));
        Assert.Throws<ArgumentException>(() => metrics.Merge(new byte[5]));
        var wide = new ClassificationMetrics(4);
        wide.Add(new float[4], 3);
        byte[] forged = wide.Save();
        forged[0] = 3;
        Assert.Throws<ArgumentException>(() => metrics.Merge(forged));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ClassificationMetrics(0));
        Assert.Equal(0, metrics.Images);
    }

    private static (double Top1, double Top5) Tops(float[] outputs, int label)
    {
        var metrics = new ClassificationMetrics(outputs.Length);
        metrics.Add(outputs, label);
        return (metrics.Top1, metrics.Top5);
    }
}
