namespace MogaSharp.Data.Tests;

/// <summary>RandAugment as in timm 0.6.13: lists, arguments for each level, the notation, and how operations are drawn.</summary>
public sealed class RandAugmentTests
{
    public static TheoryData<string> LevelNames =>
        [
            .. Reference
                .Json.GetProperty("levels")
                .EnumerateObject()
                .Select(entry => entry.Name)
                .Where(name =>
                    name
                        is not (
                            "PosterizeOriginal/+"
                            or "PosterizeOriginal/-"
                            or "TranslateX/+"
                            or "TranslateX/-"
                            or "TranslateY/+"
                            or "TranslateY/-"
                        )
                ),
        ];

    [Theory]
    [MemberData(nameof(LevelNames))]
    public void Arguments_of_levels_are_those_of_timm(string name)
    {
        string[] parts = name.Split('/');
        AugmentOperation operation = Enum.Parse<AugmentOperation>(parts[0]);
        double[] levels = Reference.Json.GetProperty("level_list").Doubles(),
            expected = Reference.Json.GetProperty("levels").GetProperty(name).Doubles();
        double[] arguments = [.. levels.Select(level => AugmentOperations.Argument(operation, level, isNegated: parts[1] == "-"))];
        for (int i = 0; i < levels.Length; i++)
            Assert.Equal(expected[i], arguments[i], 1e-12);
    }

    [Fact]
    public void Lists_and_weights_are_those_of_timm()
    {
        Assert.Equal(Reference.Strings("plain"), AugmentOperations.Plain.Select(operation => operation.ToString()));
        Assert.Equal(Reference.Strings("increasing"), AugmentOperations.Increasing.Select(operation => operation.ToString()));
        Assert.Equal(Reference.Json.GetProperty("weights").Doubles(), AugmentOperations.Weights);
    }

    [Fact]
    public void Policies_are_read()
    {
        RandAugment official = RandAugment.Parse("rand-m9-mstd0.5-inc1");
        Assert.Equal(
            (9, 2, 0.5, 10.0, false, true),
            (
                official.Magnitude,
                official.Layers,
                official.MagnitudeDeviation,
                official.MaxMagnitude,
                official.IsWeighted,
                official.IsIncreasing
            )
        );
        RandAugment plain = RandAugment.Parse("rand");
        Assert.Equal(
            (10, 2, 0.0, 10.0, false, false),
            (plain.Magnitude, plain.Layers, plain.MagnitudeDeviation, plain.MaxMagnitude, plain.IsWeighted, plain.IsIncreasing)
        );
        RandAugment other = RandAugment.Parse("rand-n3-m12-mmax20-mstd101-w0");
        Assert.Equal(
            (12, 3, double.PositiveInfinity, 20.0, true),
            (other.Magnitude, other.Layers, other.MagnitudeDeviation, other.MaxMagnitude, other.IsWeighted)
        );
        // timm asks whether the text is empty, which "0" is not.
        Assert.True(RandAugment.Parse("rand-inc0").IsIncreasing);
        Assert.Equal(10, RandAugment.Parse("rand-mmax0").MaxMagnitude);
    }

    [Theory]
    [InlineData("rand-x3", "the section 'x3' is none of")]
    [InlineData("rand-m", "the section 'm' is none of")]
    [InlineData("rand-m1.5", "the section 'm1.5'")]
    [InlineData("rand-mstd1x", "the section 'mstd1x'")]
    [InlineData("rand-w1", "the section 'w1'")]
    [InlineData("rand--m9", "the section ''")]
    [InlineData("rand-m99999999999", "the section 'm99999999999'")]
    [InlineData("rand-w0-n14", "14 operations cannot be drawn without repetition")]
    [InlineData("augmix-m3", "only RandAugment is known")]
    [InlineData("", "only RandAugment is known")]
    public void Bad_policies_are_refused(string policy, string problem) =>
        Assert.Contains(problem, Assert.Throws<FormatException>(() => RandAugment.Parse(policy)).Message, StringComparison.Ordinal);

    [Fact]
    public void Operations_are_drawn_evenly_and_half_of_them_applied()
    {
        DrawnOperation[] drawn = Draw("rand-m9-mstd0.5-inc1", 60_000, out double perImage);
        Assert.InRange(perImage, 0.985, 1.015);
        foreach (AugmentOperation operation in AugmentOperations.Increasing)
            Assert.InRange(drawn.Count(one => one.Operation == operation) / (double)drawn.Length * 15, 0.94, 1.06);
        Assert.InRange(drawn.Count(one => one.Filter == ResizeFilter.Bicubic) / (double)drawn.Length, 0.49, 0.51);

        double[] degrees = [.. drawn.Where(one => one.Operation == AugmentOperation.Rotate).Select(one => one.Argument)];
        Assert.InRange(degrees.Count(value => value < 0) / (double)degrees.Length, 0.46, 0.54);
        // Normal about 9 with deviation 0.5, cut at 10: the mean is 9 - 0.5 * (what the cut takes), 2.3 % lie at the bound.
        double[] levels = [.. degrees.Select(value => Math.Abs(value) / 3)];
        Assert.InRange(levels.Average(), 8.97, 9.02);
        Assert.InRange(levels.Count(level => level == 10) / (double)levels.Length, 0.012, 0.035);
        Assert.Equal(10, levels.Max(), 1e-12);
    }

    [Fact]
    public void A_large_deviation_is_even_up_to_the_magnitude()
    {
        double[] levels =
        [
            .. Draw("rand-m8-mstd101", 40_000, out _)
                .Where(one => one.Operation == AugmentOperation.ShearX)
                .Select(one => Math.Abs(one.Argument) / 0.03),
        ];
        Assert.InRange(levels.Average(), 3.85, 4.15);
        Assert.InRange(levels.Max(), 7.9, 8);
        Assert.All(
            Draw("rand-m12-mmax20", 1000, out _).Where(one => one.Operation == AugmentOperation.Rotate),
            one => Assert.Equal(36, Math.Abs(one.Argument), 1e-9)
        );
        Assert.All(
            Draw("rand-m12", 1000, out _).Where(one => one.Operation == AugmentOperation.Rotate),
            one => Assert.Equal(30, Math.Abs(one.Argument), 1e-9)
        );
    }

    [Fact]
    public void Weighted_operations_follow_the_weights_and_are_not_repeated()
    {
        var policy = RandAugment.Parse("rand-m9-w0");
        var places = new DrawnOperation[2];
        int both = 0;
        var counts = new Dictionary<AugmentOperation, int>();
        for (int i = 0; i < 60_000; i++)
        {
            if (policy.Draw(new RandomStream(1, RandomPurpose.Augmentation, 0, i), null, places) < 2)
                continue;
            both++;
            Assert.NotEqual(places[0].Operation, places[1].Operation);
            foreach (DrawnOperation one in places)
                counts[one.Operation] = counts.GetValueOrDefault(one.Operation) + 1;
        }
        double[] weights = [.. AugmentOperations.Weights];
        for (int i = 0; i < weights.Length; i++)
        {
            // First, or second after another one was taken out.
            double expected = weights[i] + weights.Select((weight, j) => j == i ? 0 : weight * weights[i] / (1 - weight)).Sum();
            double part = counts.GetValueOrDefault(AugmentOperations.Plain[i]) / (double)both;
            Assert.InRange(part, expected - 0.02, expected + 0.02);
            if (weights[i] == 0)
                Assert.Equal(0, part);
        }
    }

    [Fact]
    public void A_given_filter_is_taken() =>
        Assert.All(Draw("rand", 100, out _, ResizeFilter.Bilinear), one => Assert.Equal(ResizeFilter.Bilinear, one.Filter));

    private static DrawnOperation[] Draw(string text, int images, out double perImage, ResizeFilter? filter = null)
    {
        var policy = RandAugment.Parse(text);
        var places = new DrawnOperation[policy.Layers];
        var drawn = new List<DrawnOperation>();
        for (int i = 0; i < images; i++)
        {
            int count = policy.Draw(new RandomStream(9, RandomPurpose.Augmentation, 0, i), filter, places);
            drawn.AddRange(places.AsSpan(0, count));
        }
        perImage = (double)drawn.Count / images;
        return [.. drawn];
    }
}
