using Microsoft.Extensions.Logging.Abstractions;
using MogaSharp.Data;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Vision;

namespace MogaSharp.Training.Tests;

/// <summary>Large-scale jitter and copy-paste as recipes ask for them.</summary>
public sealed class DetectionAugmentationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Batches_have_one_size_and_are_the_same_when_a_run_is_resumed()
    {
        TrainingRecipe recipe = RecipePresets.Find("mask-rcnn-1x") with { BatchSize = 4 };
        foreach ((string field, string value) in new[] { ("scale", "96,64"), ("jitter", "0.1,2"), ("copy_paste", "1") })
            recipe = RecipeJson.With(recipe, $"detection.{field}", value);
        recipe = recipe.Validated();
        string[] whole = Read(recipe, 0);
        Assert.Equal(3, whole.Length);
        Assert.All(whole, batch => Assert.StartsWith("4x3x96x96: ", batch, StringComparison.Ordinal));
        Assert.Equal(whole[1..], Read(recipe, 1));
        Assert.NotEqual(whole, Read(recipe with { Seed = recipe.Seed + 1 }, 0));
        Assert.NotEqual(whole, Read(RecipeJson.With(recipe, "detection.copy_paste", "0"), 0));
    }

    [Theory]
    [InlineData("jitter", "0,1", "detection.jitter are two factors in order, above 0 and at most 10.")]
    [InlineData("jitter", "2,1", "detection.jitter are two factors in order, above 0 and at most 10.")]
    [InlineData("jitter", "1", "detection.jitter are two factors in order, above 0 and at most 10.")]
    [InlineData("copy_paste", "1.5", "detection.copy_paste lies from 0 to 1.")]
    public void Settings_out_of_range_break_a_rule(string field, string value, string rule) =>
        Assert.Equal(
            $"The recipe breaks a rule: {rule}",
            Assert
                .Throws<RecipeException>(() => RecipeJson.With(RecipePresets.Find("mask-rcnn-1x"), $"detection.{field}", value).Validated())
                .Message
        );

    [Fact]
    public void Settings_that_do_not_go_together_are_refused()
    {
        Assert.Equal(
            "The recipe breaks a rule: detection.jitter is not taken together with short_sides or crop.",
            Assert
                .Throws<RecipeException>(() => RecipeJson.With(RecipePresets.Find("mask-rcnn-3x"), "detection.jitter", "0.1,2").Validated())
                .Message
        );
        TrainingRecipe recipe = RecipeJson.With(RecipePresets.Find("mask-rcnn-1x"), "detection.copy_paste", "0.5") with { BatchSize = 1 };
        Assert.Contains(
            "take a batch_size of 2 or more for each process",
            Assert.Throws<RecipeException>(() => Read(recipe.Validated(), 0)).Message,
            StringComparison.Ordinal
        );
    }

    private string[] Read(TrainingRecipe recipe, int firstBatch)
    {
        ModelCard card = ModelCatalogue.Official.Find("mask_rcnn_moganet_xt");
        using var set = DetectionTrainingSet.Open(Write(), card);
        using ITrainingData data = set.Read(recipe, card.Preprocess, 2, ProcessShare.Single, NullLogger.Instance);
        return
        [
            .. data.Train(0, firstBatch, TestContext.Current.CancellationToken)
                .Cast<DetectionBatch>()
                .Select(batch => $"{batch.Shape}: {string.Join("; ", batch.Objects.SelectMany(all => all).Select(TextOf))}"),
        ];
    }

    private static string TextOf(AnnotatedObject one) => $"{one.Label} {one.Box} {one.Mask}";

    private string Write()
    {
        string images = "",
            objects = "";
        for (int i = 0; i < 12; i++)
        {
            new RgbImage(40, 30, [.. Enumerable.Repeat((byte)(20 * i), 40 * 30 * 3)]).SavePng(_folder.File($"{i}.png"));
            images += $$"""{"id": {{i}}, "width": 40, "height": 30, "file_name": "{{i}}.png"}, """;
            objects += $$"""
                {"id": {{i}}, "image_id": {{i}}, "category_id": {{1 + (i % 2)}}, "bbox": [{{i}}, 4, 20, 16],
                 "segmentation": [[{{i}}, 4, {{i + 20}}, 4, {{i + 20}}, 20, {{i}}, 20]]},
                """;
        }

        File.WriteAllText(
            _folder.File("truth.json"),
            $$"""
            {"images": [{{images.TrimEnd(',', ' ')}}], "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
             "annotations": [{{objects.TrimEnd().TrimEnd(',')}}]}
            """
        );
        return $"coco:{_folder.File("truth.json")},{_folder.FullName}";
    }
}
