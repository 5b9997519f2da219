using System.Collections.Immutable;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Vision;

namespace MogaSharp.Training.Tests;

/// <summary>Recipes and evaluations of segmentation and pose.</summary>
public sealed class DenseTaskTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void A_task_s_own_fields_stand_under_its_name()
    {
        TrainingRecipe recipe = RecipePresets.Find("fpn-80k-ade20k");
        Assert.Null(recipe.Segmentation);
        Assert.DoesNotContain("\"segmentation\":", RecipeJson.ToJson(recipe), StringComparison.Ordinal);
        recipe = RecipeJson.With(recipe, "segmentation.crop_size", "64,96");
        recipe = RecipeJson.With(recipe, "segmentation.photometric", "false").Validated();
        Assert.Equal([64, 96], recipe.Segmentation!.CropSize);
        Assert.Equal((0.75, false), (recipe.Segmentation.MaxClassShare, recipe.Segmentation.Photometric));
        Assert.Equal(RecipeJson.ToJson(recipe), RecipeJson.ToJson(RecipeJson.Parse(RecipeJson.ToJson(recipe), "test")));
        Assert.Equal(30, RecipeJson.With(RecipePresets.Find("coco-pose-210e"), "pose.rotation", "30").Validated().Pose!.Rotation);
        Assert.Contains(
            "A recipe has no field 'segmentation.crop'; did you mean segmentation.crop_size?",
            Assert.Throws<RecipeException>(() => RecipeJson.With(recipe, "segmentation.crop", "1")).Message
        );
        Assert.Throws<RecipeException>(() => RecipeJson.With(recipe, "segmentation", "1"));
        Assert.Equal(
            "The recipe breaks a rule: segmentation.max_class_share lies above 0 and at most at 1.",
            Assert.Throws<RecipeException>(() => RecipeJson.With(recipe, "segmentation.max_class_share", "2").Validated()).Message
        );
    }

    [Theory]
    [InlineData("fpn_moganet_s", 0.1, 2e-4, 32)]
    [InlineData("upernet_moganet_xl", 0.4, 1e-4, 16)]
    [InlineData("moganet_b_coco_384x288", 0.4, 1e-3, 256)]
    public void Each_official_model_has_its_official_recipe(string model, double dropPath, double rate, int batch)
    {
        TrainingRecipe recipe = RecipePresets.Of(ModelCatalogue.Official.Find(model))!.Validated();
        Assert.Equal((dropPath, rate, batch), (recipe.DropPath, recipe.ScaledLearningRate(), recipe.BatchSize));
    }

    [Fact]
    public void Segmentations_are_counted_in_the_size_of_the_image_and_merge()
    {
        var random = new Random(1);
        var whole = new SegmentationEvaluation();
        SegmentationEvaluation[] parts = [new(), new()];
        for (int i = 0; i < 6; i++)
        {
            // Images of several sizes, and inputs of others.
            var size = new ImageSize(20 + i, 31 - i);
            var labels = new LabelMap(
                size,
                [
                    .. Enumerable
                        .Range(0, size.Width * size.Height)
                        .Select(_ => random.Next(9) == 0 ? LabelMap.Ignored : (byte)random.Next(3)),
                ]
            );
            var batch = new SegmentationBatch(new float[3 * 32 * 32], new Shape(1, 3, 32, 32), [labels]);
            var network = new Fixed(
                ISegmentationDefinition.Logits,
                new Tensor(new Shape(1, 3, 8, 8), [.. Enumerable.Range(0, 192).Select(_ => random.NextSingle())])
            );
            whole.Add(network, batch, Token);
            parts[i % 2].Add(network, batch, Token);
        }

        var merged = new SegmentationEvaluation();
        foreach (SegmentationEvaluation part in parts)
            merged.Merge(part.Save());
        Assert.Equal(6, merged.Count);
        foreach ((string name, double value) in whole.Figures())
            Assert.Equal(value, merged.Figures()[name], 1e-12);
        Assert.InRange(whole.Figures()["miou"], 0.05, 0.6);
        Assert.InRange(whole.Figures()["loss"], Math.Log(3) - 0.5, Math.Log(3) + 0.5);
    }

    [Theory]
    [InlineData("sky #0000ff", "road #804080", 2)]
    [InlineData("sky", "road #804080", 0)]
    public void A_model_takes_the_data_s_classes_and_either_all_colors_or_none(string first, string second, int colors)
    {
        using var folder = new TemporaryFolder();
        foreach (string part in new[] { "images", "labels" })
            Directory.CreateDirectory(folder.File(part));
        new RgbImage(4, 4, new byte[48]).SavePng(folder.File("images/a.png"));
        IndexPng.Save(folder.File("labels/a.png"), new byte[16], 4, 4, new byte[768]);
        File.WriteAllLines(folder.File("classes.txt"), [first, second]);
        ModelCard card = ModelCatalogue.Official.Find("fpn_moganet_xt");
        using var set = SegmentationTrainingSet.Open(
            $"pairs:{folder.File("images")},{folder.File("labels")}?classes={folder.File("classes.txt")}",
            card
        );
        Assert.Equal(["sky", "road"], set.Model.GetLabels());
        Assert.Equal(2, set.Model.Options.ClassCount);
        Assert.Equal(colors, set.Model.LabelColors.Length);
        // A card that cannot be read again would be of no use.
        Assert.Equal(set.Model.ToJson(), ModelCard.Parse(set.Model.ToJson(), "again").ToJson());
        Assert.Contains("nothing to evaluate on", Assert.Single(set.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void Poses_are_evaluated_in_the_official_boxes()
    {
        using var folder = new TemporaryFolder();
        new RgbImage(64, 48, new byte[64 * 48 * 3]).SavePng(folder.File("p.png"));
        string joints = string.Join(", ", Enumerable.Range(0, 17).Select(j => $"{10 + j}, {20 + j}, 2"));
        string Person(int id, string box) =>
            $$"""
                { "id": {{id}}, "image_id": 7, "category_id": 1, "bbox": [{{box}}], "area": 90, "iscrowd": 0, "num_keypoints": 17,
                  "keypoints": [{{joints}}] }
                """;
        File.WriteAllText(
            folder.File("people.json"),
            $$"""
            { "images": [{ "id": 7, "file_name": "p.png", "width": 64, "height": 48 }],
              "annotations": [{{Person(1, "-5, 10, 30, 60")}}, {{Person(2, "70, 10, 5, 5")}}, {{Person(3, "4, 4, 0, 9")}}] }
            """
        );
        string one = $"{folder.File("people.json")},{folder.FullName}";
        ModelCard card = ModelCatalogue.Official.Find("moganet_xt_coco_256x192");
        using var set = PoseTrainingSet.Open($"coco-pose:{one}?val={one}", card);
        PoseBatch batch = Assert.Single(set.ReadEvaluation(card.Preprocess, new(), Token)).As<PoseBatch>();
        SeenPerson seen = Assert.Single(batch.People);
        Assert.Equal(new Box(0, 10, 30, 37), seen.Box);
        Assert.Equal(3, batch.Truths[7].Length);
    }

    [Fact]
    public void A_network_that_knows_everything_has_full_marks()
    {
        var truth = new LabelMap(new ImageSize(16, 16), [.. Enumerable.Range(0, 256).Select(i => (byte)(i % 16 < 8 ? 0 : 1))]);
        float[] logits = [.. Enumerable.Range(0, 512).Select(i => i / 256 == truth.Labels[i % 256] ? 50f : -50f)];
        var evaluation = new SegmentationEvaluation();
        evaluation.Add(
            new Fixed(ISegmentationDefinition.Logits, new Tensor(new Shape(1, 2, 16, 16), logits)),
            new SegmentationBatch(new float[3 * 256], new Shape(1, 3, 16, 16), [truth]),
            Token
        );
        Assert.Equal((1, 1, 1), (evaluation.Figures()["miou"], evaluation.Figures()["macc"], evaluation.Figures()["aacc"]));
        Assert.Equal(0, evaluation.Figures()["loss"], 1e-12);
    }

    [Fact]
    public void Poses_are_counted_and_merge_whichever_process_saw_which_image()
    {
        PoseEvaluation[] parts = [new(), new()];
        var whole = new PoseEvaluation();
        for (long image = 0; image < 6; image++)
        {
            (PoseBatch batch, Tensor maps) = Person(image, offset: image % 3 == 0 ? 0 : (int)image);
            whole.Add(new Fixed(IPoseDefinition.HeatMaps, maps), batch, Token);
            parts[image % 2].Add(new Fixed(IPoseDefinition.HeatMaps, maps), batch, Token);
        }

        var merged = new PoseEvaluation();
        foreach (PoseEvaluation part in parts)
            merged.Merge(part.Save());
        Assert.Equal(6, merged.Count);
        Assert.Equal(whole.Figures(), merged.Figures());
        Assert.InRange(whole.Figures()["ap"], 0.1, 0.9);
        Assert.True(whole.Figures()["loss"] > 0);
    }

    [Fact]
    public void Joints_where_they_are_annotated_have_full_marks()
    {
        (PoseBatch batch, Tensor maps) = Person(7, offset: 0);
        var evaluation = new PoseEvaluation();
        evaluation.Add(new Fixed(IPoseDefinition.HeatMaps, maps), batch, Token);
        Assert.Equal(1, evaluation.Figures()["ap"], 1e-12);
        Assert.Equal(1, evaluation.Figures()["ar"], 1e-12);
    }

    // A person whose joints stand in a row of columns, and maps that have them there or some columns off. The mirrored pass gets the same
    // maps, so left and right joints are at one place.
    private static (PoseBatch Batch, Tensor Maps) Person(long image, int offset)
    {
        SkeletonDefinition skeleton = SkeletonDefinition.Coco;
        var input = new ImageSize(48, 64);
        var box = new Box(0, 0, 48, 64);
        PoseRegion region = PoseRegion.FromBox(box, input);
        AffineMap map = region.ToInput(input);
        AffineMap back = map.Inverse();
        var maps = new Tensor(new Shape(1, 17, 16, 12));
        var joints = new KeyPoint[17];
        var truth = new KeyPoint[17];
        for (int j = 0; j < 17; j++)
        {
            // Column 6 is where the flip test's shift leaves a mirrored peak at column 6: 12 - 1 - 5 + 1.
            (int x, int y) = (6, ((j + 1) / 2) + 3);
            maps.Data[(j * 192) + ((y + (offset % 5)) * 12) + x] = 1;
            (double imageX, double imageY) = region.FromHeatMap(x, y, new ImageSize(12, 16));
            truth[j] = new KeyPoint(imageX, imageY, KeyPointVisibility.Visible);
            (double inX, double inY) = map.Apply(imageX, imageY);
            joints[j] = new KeyPoint(inX, inY, KeyPointVisibility.Visible);
        }

        Assert.NotEqual(back, map);
        return (
            new PoseBatch(new float[3 * 48 * 64], new Shape(1, 3, 64, 48))
            {
                Joints =
                [
                    [.. joints],
                ],
                People = [new SeenPerson(image, box, 1, region)],
                Truths = new Dictionary<long, ImmutableArray<AnnotatedPerson>>
                {
                    [image] = [new AnnotatedPerson(box, 48 * 64 * 0.6, [.. truth])],
                },
                Skeleton = skeleton,
            },
            maps
        );
    }

    private sealed class Fixed(string name, Tensor output) : INetworkRunner
    {
        public IInferenceSession Open(ComputationGraph part) => throw new NotSupportedException();

        public IReadOnlyDictionary<string, Tensor> Run(ReadOnlyMemory<float> values, Shape shape, CancellationToken cancellationToken) =>
            new Dictionary<string, Tensor> { [name] = new(output.Shape, [.. output.Data]) };

        public void Dispose() { }
    }
}
