using System.Drawing;
using MogaSharp.Cpu;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Vision;

namespace MogaSharp.Tasks.Tests;

/// <summary>From images to label maps, against the official code and against plain loops.</summary>
public sealed class SemanticSegmenterTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("segmentation/semantic_fpn/moganet_xt_384x500")]
    [InlineData("segmentation/upernet/moganet_xt_384x500")]
    public void Logits_become_the_official_label_maps(string name)
    {
        DenseFixture official = DenseFixture.Load(name);
        ComputationGraph graph = official.Card.CreateDefinition().Build(official.InputShape);
        using var engine = new CpuEngine();
        using IInferenceSession session = engine.CreateSession(graph, official.Weights());
        Tensor logits = session.Run(official.Input, Token)[ISegmentationDefinition.Logits];
        (int height, int width) = (official.InputShape[2], official.InputShape[3]);
        var size = new ImageSize(logits.Shape[3], logits.Shape[2]);
        Size original = new(392, 301);
        foreach (
            (string labels, AxisTaps rows, AxisTaps columns) in new[]
            {
                ("labels", AxisTaps.Resize(size.Height, height), AxisTaps.Resize(size.Width, width)),
                (
                    "labels_ori",
                    AxisTaps.Resize(size.Height, height).Then(AxisTaps.Resize(height, original.Height)),
                    AxisTaps.Resize(size.Width, width).Then(AxisTaps.Resize(width, original.Width))
                ),
            }
        )
        {
            var map = new LogitMap(150, rows, columns);
            map.Write(logits.Data, size);
            CheckNumbers(official, labels == "labels" ? "logits" : "logits_ori", map);
            CheckLabels(official, labels, map.Labels(cancellationToken: Token));
            Assert.Equal(map.Labels(1, Token), map.Labels(3, Token));
        }
    }

    [Fact]
    public void Windows_give_the_official_means()
    {
        DenseFixture official = DenseFixture.Load("segmentation/semantic_fpn/moganet_xt_384x500");
        (int height, int width) = (official.InputShape[2], official.InputShape[3]);
        // The network takes what the preparation makes of an image; here windows of the fixture's input are cut by hand.
        int[] tops = [0, 128],
            lefts = [0, 170, 244];
        const int Window = 256;
        ComputationGraph graph = official.Card.CreateDefinition().Build(new Shape(1, 3, Window, Window));
        using var engine = new CpuEngine();
        using IInferenceSession session = engine.CreateSession(graph, official.Weights());
        Tensor input = official.Input;
        var tile = new ImageSize(Window / 4, Window / 4);
        AxisTaps Axis(int[] starts, int length) =>
            AxisTaps.Resize(Window / 4, Window).Repeat(starts.Length).Then(AxisTaps.Windows(Window, starts, length));
        AxisTaps rows = Axis(tops, height),
            columns = Axis(lefts, width);
        LogitMap map = new(150, rows, columns),
            final = new(150, rows.Then(AxisTaps.Resize(height, 301)), columns.Then(AxisTaps.Resize(width, 392)));
        for (int i = 0; i < tops.Length; i++)
        for (int j = 0; j < lefts.Length; j++)
        {
            var part = new Tensor(new Shape(1, 3, Window, Window));
            for (int row = 0; row < 3 * Window; row++)
                input
                    .Data.AsSpan(((((row / Window * height) + tops[i] + (row % Window)) * width) + lefts[j]), Window)
                    .CopyTo(part.Span[(row * Window)..]);
            Tensor logits = session.Run(part, Token)[ISegmentationDefinition.Logits];
            map.Write(logits.Data, tile, i * tile.Height, j * tile.Width);
            final.Write(logits.Data, tile, i * tile.Height, j * tile.Width);
        }

        CheckNumbers(official, "slide_logits", map);
        long[] histogram = official.Expected.Longs("slide_labels_ori.histogram");
        int[] counts = final.Labels(cancellationToken: Token).Histogram();
        // Each pixel that falls on another side of a tie changes two counts.
        Assert.InRange(counts.Take(150).Zip(histogram, (a, b) => Math.Abs(a - b)).Sum(), 0, 40);
    }

    [Theory]
    [InlineData(50, 37, false)]
    [InlineData(64, 64, true)]
    [InlineData(1, 1, false)]
    [InlineData(3, 200, true)]
    public void Any_image_gives_a_map_of_its_size_and_windows_of_the_whole_change_nothing(int width, int height, bool flip)
    {
        using var plain = new SemanticSegmenter(Small(), new SegmentationInference { Flip = flip });
        using var windows = new SemanticSegmenter(Small(), new SegmentationInference { Flip = flip, Window = new(4096, 4096) });
        RgbImage image = Noise(width, height, 1);
        Segmentation result = plain.Predict(image, Token);
        Assert.Equal(new ImageSize(width, height), result.Map.Size);
        Assert.Equal(width * height, result.Shares.Sum(share => share.Pixels));
        Assert.Equal(1, result.Shares.Sum(share => share.Share), 1e-12);
        Assert.Equal(result.Map, windows.Predict(image, Token).Map);
    }

    [Fact]
    public void Labels_are_those_of_plain_loops_over_all_views()
    {
        LoadedModel model = Small();
        var inference = new SegmentationInference
        {
            Flip = true,
            Scales = [0.5, 1],
            Window = new(64, 96),
            Stride = new(40, 64),
        };
        using var segmenter = new SemanticSegmenter(model, inference);
        RgbImage image = Noise(90, 71, 3);
        Segmentation result = segmenter.Predict(image, Token);

        // In double, with whole maps of numbers.
        var sums = new double[71 * 90, 5];
        foreach (double scale in inference.Scales)
        foreach (bool flip in new[] { false, true })
        {
            var limits = new Size((int)(256 * scale), (int)(128 * scale));
            ImageSize size = SizeRules.KeepRatio(new(90, 71), limits.Width, limits.Height);
            RgbImage seen = image.Resize(size.Width, size.Height, ResizeFilter.PlainBilinear);
            ImageSize round = SizeRules.UpToMultiple(size, 32);
            seen = round == size ? seen : seen.Resize(round.Width, round.Height, ResizeFilter.PlainBilinear);
            if (flip)
                seen = seen.Mirrored();
            double[,,] mean = Windowed(segmenter, seen, Math.Min(64, round.Width), Math.Min(96, round.Height));
            for (int y = 0; y < 71; y++)
            for (int x = 0; x < 90; x++)
            {
                double[] numbers =
                [
                    .. Enumerable.Range(0, 5).Select(c => Sample(mean, c, y, flip ? 89 - x : x, 71, 90, round.Height, round.Width)),
                ];
                double largest = numbers.Max(),
                    sum = numbers.Sum(n => Math.Exp(n - largest));
                for (int c = 0; c < 5; c++)
                    sums[(y * 90) + x, c] += Math.Exp(numbers[c] - largest) / sum;
            }
        }

        int different = 0;
        for (int i = 0; i < 71 * 90; i++)
        {
            double[] all = [.. Enumerable.Range(0, 5).Select(c => sums[i, c])];
            // Ties within rounding may fall either way.
            if (all[result.Map.Labels[i]] < all.Max() - 1e-4)
                different++;
        }

        Assert.Equal(0, different);
        Assert.True(result.Shares.Length > 1);
    }

    [Fact]
    public void A_model_for_another_task_and_options_out_of_range_are_refused()
    {
        ModelCard card = ModelCatalogue.Official.Find("moganet_xt");
        ComputationGraph graph = card.CreateDefinition().Build(card.InputShape());
        var classifier = LoadedModel.Create(card, WeightInitializer.Create(graph.Parameters, 0));
        Assert.True(Assert.Throws<ModelCardException>(() => new SemanticSegmenter(classifier)).IsForAnotherTask);
        Assert.True(Assert.Throws<ModelCardException>(() => new ImageClassifier(Small())).IsForAnotherTask);
        foreach (
            SegmentationInference inference in new SegmentationInference[]
            {
                new() { Scales = [] },
                new() { Scales = [double.NaN] },
                new() { Window = new(8, 64) },
                new() { Stride = new(32, 32) },
                new() { Window = new(64, 64), Stride = new(65, 64) },
                new() { Window = new(64, 64), Stride = new(0, 64) },
                new() { Threads = -1 },
            }
        )
            Assert.ThrowsAny<ArgumentException>(() => new SemanticSegmenter(Small(), inference));
    }

    private static double[,,] Windowed(SemanticSegmenter segmenter, RgbImage seen, int width, int height)
    {
        var sums = new double[5, seen.Height, seen.Width];
        var counts = new int[seen.Height, seen.Width];
        var normalizer = new PixelNormalizer(segmenter.Card.Preprocess.ToOptions());
        for (int top = 0; ; top += 64)
        {
            int y0 = Math.Min(top, seen.Height - height);
            for (int left = 0; ; left += 40)
            {
                int x0 = Math.Min(left, seen.Width - width);
                var part = new RgbImage(width, height, new byte[width * height * 3]);
                for (int y = 0; y < height; y++)
                    seen.Row(y0 + y).Slice(x0 * 3, width * 3).CopyTo(part.Row(y));
                var input = new Tensor(new Shape(1, 3, height, width));
                normalizer.Write(part, input.Span);
                Tensor logits = segmenter.Run(input, Token)[ISegmentationDefinition.Logits];
                (int h, int w) = (logits.Shape[2], logits.Shape[3]);
                var planes = new double[5, h, w];
                for (int i = 0; i < logits.Data.Length; i++)
                    planes[i / (h * w), i / w % h, i % w] = logits.Data[i];
                for (int c = 0; c < 5; c++)
                for (int y = 0; y < height; y++)
                for (int x = 0; x < width; x++)
                    sums[c, y0 + y, x0 + x] += Sample(planes, c, y, x, height, width, h, w);
                for (int y = 0; y < height; y++)
                for (int x = 0; x < width; x++)
                    counts[y0 + y, x0 + x]++;
                if (left + width >= seen.Width)
                    break;
            }

            if (top + height >= seen.Height)
                break;
        }

        for (int c = 0; c < 5; c++)
        for (int y = 0; y < seen.Height; y++)
        for (int x = 0; x < seen.Width; x++)
            sums[c, y, x] /= counts[y, x];
        return sums;
    }

    private static double Sample(double[,,] planes, int c, int y, int x, int height, int width, int fromHeight, int fromWidth)
    {
        (int top, int bottom, double down) = Place(y, fromHeight, height);
        (int left, int right, double across) = Place(x, fromWidth, width);
        return ((1 - down) * (((1 - across) * planes[c, top, left]) + (across * planes[c, top, right])))
            + (down * (((1 - across) * planes[c, bottom, left]) + (across * planes[c, bottom, right])));

        static (int, int, double) Place(int i, int from, int to)
        {
            double place = Math.Max(0, ((i + 0.5) * from / to) - 0.5);
            int low = Math.Min((int)place, from - 1);
            return (low, Math.Min(low + 1, from - 1), place - low);
        }
    }

    private static LoadedModel Small()
    {
        var card = new ModelCard
        {
            Name = "small",
            Options = new SemanticFpnOptions
            {
                Backbone = new MogaNetOptions { Arch = new([8, 16, 24, 32], [1, 1, 1, 1], [2, 2, 2, 2]) },
                NumClasses = 5,
                NeckChannels = 8,
                HeadChannels = 8,
            },
            Preprocess = new PreprocessCard
            {
                Width = 256,
                Height = 128,
                Mode = ResizeMode.Fit,
                SizeDivisor = 32,
                Filter = ResizeFilter.PlainBilinear,
            },
        };
        return LoadedModel.Create(card, FormulaWeights.Create(card.CreateDefinition().Build(card.InputShape()).Parameters));
    }

    private static RgbImage Noise(int width, int height, int seed)
    {
        byte[] pixels = new byte[width * height * 3];
        new Random(seed).NextBytes(pixels);
        return new RgbImage(width, height, pixels);
    }

    private static void CheckNumbers(DenseFixture official, string name, LogitMap map)
    {
        (int height, int width) = (map.Rows.Length, map.Columns.Length);
        var all = new float[map.Classes * height * width];
        var numbers = new float[map.Classes];
        for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
        {
            map.Pixel(y, x, numbers);
            for (int c = 0; c < numbers.Length; c++)
                all[(((c * height) + y) * width) + x] = numbers[c];
        }

        Assert.InRange(official.Expected.Difference(name, all), 0, 1e-3);
    }

    private static void CheckLabels(DenseFixture official, string name, LabelMap map)
    {
        byte[] sample = official.Expected.Bytes(name + ".sample");
        int stride = int.Parse(official.Expected.Metadata[name + ".stride"]);
        long ties = official.Expected.Longs("labels_ori.near_ties")[0];
        Assert.InRange(sample.Where((label, i) => map.Labels[i * stride] != label).Count(), 0, ties);
        long[] histogram = official.Expected.Longs(name + ".histogram");
        Assert.InRange(map.Histogram().Take(150).Zip(histogram, (a, b) => Math.Abs(a - b)).Sum(), 0, 2 * ties);
    }
}
