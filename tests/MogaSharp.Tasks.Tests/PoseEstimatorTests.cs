using System.Text.Json;
using MogaSharp.Cpu;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Vision;

namespace MogaSharp.Tasks.Tests;

/// <summary>From images and boxes to joints, against the official code.</summary>
public sealed class PoseEstimatorTests
{
    private static readonly DenseFixture Official = DenseFixture.Load("pose/topdown/moganet_t_photo_256x192");

    private static readonly Lazy<LoadedModel> Model = new(() => LoadedModel.Create(Official.Card, Official.Weights()));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static RgbImage Cat => ImageDecoder.Load(Repository.Fixture("imaging", "chelsea.png"));

    private static PersonBox[] Boxes =>
        [
            .. JsonSerializer
                .Deserialize<double[][]>(Official.Expected.Metadata["bboxes_xywh"])!
                .Select(box => new PersonBox(new Box(box[0], box[1], box[2], box[3]))),
        ];

    public static TheoryData<string, bool, HeatMapRefinement> Settings =>
        new()
        {
            { "flip.default", true, HeatMapRefinement.QuarterShift },
            { "flip.unbiased", true, HeatMapRefinement.Unbiased },
            { "flip.none", true, HeatMapRefinement.None },
            { "noflip.default", false, HeatMapRefinement.QuarterShift },
            { "noflip.unbiased", false, HeatMapRefinement.Unbiased },
            { "noflip.none", false, HeatMapRefinement.None },
        };

    [Theory]
    [MemberData(nameof(Settings))]
    public void A_photograph_gives_the_official_joints(string name, bool flip, HeatMapRefinement refinement)
    {
        using var estimator = new PoseEstimator(Model.Value, new PoseInference { Flip = flip, Refinement = refinement });
        PersonPose person = Assert.Single(estimator.Predict(Cat, Boxes, Token).People);
        float[] expected = Official.Expected.Floats("keypoints." + name);
        double[] noise = refinement == HeatMapRefinement.Unbiased ? Noise(flip) : new double[17];
        for (int i = 0; i < 17; i++)
        {
            Assert.Equal(expected[3 * i], person.Points[i].X, 0.01 + noise[i]);
            Assert.Equal(expected[(3 * i) + 1], person.Points[i].Y, 0.01 + noise[i]);
            Assert.Equal(expected[(3 * i) + 2], person.Points[i].Score, 2e-4);
        }
    }

    // How far each joint moves when the heat maps have errors as single precision gives them. A step by second derivatives of the logarithm
    // makes much of them where a map is flat, as those of random weights are here and there.
    private static double[] Noise(bool flip)
    {
        const float Error = 2e-5f;
        PreparedImage prepared = new PosePreparation(Official.Card.Preprocess).Prepare(Cat, Boxes, "cat");
        using var engine = new CpuEngine();
        using IInferenceSession session = engine.CreateSession(Model.Value.Graph, Model.Value.Weights);
        Tensor maps = Maps(prepared.Inputs[0]);
        var size = new ImageSize(maps.Shape[3], maps.Shape[2]);
        if (flip)
            HeatMaps.MergeMirrored(maps.Span, Maps(prepared.Inputs[1]).Span, size, SkeletonDefinition.Coco);
        PoseRegion region = PoseRegion.FromBox(Boxes[0].Box, new ImageSize(192, 256), (float)Official.Card.Preprocess.BoxPadding);
        PosePoint[] exact = HeatMapDecoder.Decode(maps.Span, size, region, HeatMapRefinement.Unbiased);
        double[] noise = new double[exact.Length];
        var random = new Random(0);
        for (int draw = 0; draw < 20; draw++)
        {
            float[] other = [.. maps.Data.Select(value => value + (Error * ((2 * random.NextSingle()) - 1)))];
            PosePoint[] moved = HeatMapDecoder.Decode(other, size, region, HeatMapRefinement.Unbiased);
            for (int i = 0; i < noise.Length; i++)
                noise[i] = Math.Max(noise[i], Math.Max(Math.Abs(moved[i].X - exact[i].X), Math.Abs(moved[i].Y - exact[i].Y)));
        }

        // Most joints are well placed, or the comparison would say nothing.
        Assert.True(noise.Count(one => one < 0.05) > 10, string.Join(", ", noise));
        return noise;

        Tensor Maps(Tensor input)
        {
            Tensor[] outputs = session.CreateOutputs(input.Shape);
            session.Run([input], outputs, Token);
            return outputs[0];
        }
    }

    [Fact]
    public void An_image_without_boxes_is_one_person_and_people_do_not_change_each_other()
    {
        using var estimator = new PoseEstimator(Model.Value, new PoseInference { SimilarityThreshold = 1 });
        RgbImage image = Cat;
        PersonBox whole = new(new Box(0, 0, image.Width, image.Height));
        ImagePoses alone = estimator.Predict(image, Token);
        Assert.Equal(alone.People, estimator.Predict(image, [whole], Token).People);
        ImagePoses both = estimator.Predict(image, [whole, Boxes[0]], Token);
        Assert.Equal(2, both.People.Length);
        Assert.Contains(alone.People[0], both.People);
        Assert.True(both.People[0].Score >= both.People[1].Score);
        Assert.Empty(estimator.Predict(image, [], Token).People);
    }

    [Fact]
    public void The_same_person_twice_is_one_person()
    {
        using var estimator = new PoseEstimator(Model.Value);
        Assert.Single(estimator.Predict(Cat, [Boxes[0], Boxes[0] with { Score = 0.5 }], Token).People);
    }

    [Theory]
    [InlineData(10, 10, 0, 5, "is empty")]
    [InlineData(10, 10, 5, -1, "is empty")]
    [InlineData(double.NaN, 10, 5, 5, "has a number that is not finite")]
    [InlineData(1000, 10, 5, 5, "lies outside of the image of 451x300")]
    [InlineData(-20, -20, 10, 10, "lies outside of the image of 451x300")]
    public async Task A_box_that_cannot_be_used_is_a_result_with_an_error(double x, double y, double width, double height, string problem)
    {
        using var estimator = new PoseEstimator(
            Model.Value,
            find: (name, size) => name == "bad" ? [Boxes[0], new PersonBox(new Box(x, y, width, height))] : [Boxes[0]]
        );
        ImageResult<ImagePoses>[] results = await estimator
            .PredictManyAsync([ImageSource.FromImage(Cat, "bad"), ImageSource.FromImage(Cat, "good")], cancellationToken: Token)
            .ToArrayAsync(Token);
        Assert.Contains("bad: The box 2 (", results[0].Error!.Message, StringComparison.Ordinal);
        Assert.Contains(problem, results[0].Error!.Message, StringComparison.Ordinal);
        Assert.Single(results[1].Value!.People);
    }

    [Fact]
    public void A_card_whose_skeleton_does_not_fit_is_refused()
    {
        LoadedModel model = Model.Value;
        Assert.Contains(
            "No skeleton is called 'horse'; there is coco.",
            Assert.Throws<ModelCardException>(() => new PoseEstimator(model with { Card = model.Card with { Skeleton = "horse" } })).Message
        );
        ModelCard card = model.Card with { Options = model.Card.Options.WithClasses(5) };
        var other = LoadedModel.Create(card, WeightInitializer.Create(card.CreateDefinition().Build(card.InputShape()).Parameters, 0));
        Assert.Contains(
            "The skeleton 'coco' has 17 joints, the network 5.",
            Assert.Throws<ModelCardException>(() => new PoseEstimator(other)).Message
        );
        Assert.ThrowsAny<ArgumentException>(() => new PoseEstimator(model, new PoseInference { SimilarityThreshold = 2 }));
    }
}
