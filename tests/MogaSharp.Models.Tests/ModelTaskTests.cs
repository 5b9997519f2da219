namespace MogaSharp.Models.Tests;

/// <summary>The registry of tasks.</summary>
public sealed class ModelTaskTests
{
    [Fact]
    public void Every_task_has_models_and_every_model_s_task_is_registered()
    {
        Assert.Equal(["classification", "video", "segmentation", "pose", "detection"], ModelTask.All.Take(5).Select(task => task.Name));
        Assert.All(ModelTask.All.Take(5), task => Assert.Contains(ModelCatalogue.Official.Cards, card => card.Options.Task == task));
        Assert.All(ModelCatalogue.Official.Cards, card => Assert.Contains(card.Options.Task, ModelTask.All));
        Assert.Equal(ModelTask.All.Length, ModelTask.All.Select(task => task.Name).Distinct().Count());
    }

    [Fact]
    public void Tasks_are_found_by_name_and_registered_once()
    {
        Assert.Same(ModelTask.Video, ModelTask.Find("Video"));
        Assert.Null(ModelTask.Find("poetry"));
        var task = new ModelTask("haiku", "lines");
        ModelTask.Register(task);
        Assert.Same(task, ModelTask.Find("haiku"));
        Assert.Equal(
            "There is a task 'haiku' already. (Parameter 'task')",
            Assert.Throws<ArgumentException>(() => ModelTask.Register(new ModelTask("haiku", "x"))).Message
        );
    }

    // The rules of each task hold for its cards alone.
    [Theory]
    [InlineData("moganet_tiny", "\"clip\": { \"out_frames\": 10 },", "it has a clip and is not a video model")]
    [InlineData("fpn_moganet_t", "\"clip\": { \"out_frames\": 10 },", "it has a clip and is not a video model")]
    [InlineData("moganet_t_pose", "\"clip\": { \"out_frames\": 10 },", "it has a clip and is not a video model")]
    [InlineData("retinanet_moganet_t", "\"clip\": { \"out_frames\": 10 },", "it has a clip and is not a video model")]
    [InlineData("simvp_moga_mmnist", "\"labels\": [\"a\"],", "it has labels and is not a classifier")]
    public void Cards_are_held_to_the_rules_of_their_task(string model, string more, string problem)
    {
        string json = ModelCatalogue
            .Official.Find(model)
            .ToJson()
            .Replace("\"preprocess\":", more + "\"preprocess\":", StringComparison.Ordinal);
        Assert.Equal(
            $"x: The card cannot be used: {problem}.",
            Assert
                .Throws<ModelCardException>(() => ModelCard.Parse(json.Replace("\"labels\": [],", "", StringComparison.Ordinal), "x"))
                .Message
        );
    }
}
