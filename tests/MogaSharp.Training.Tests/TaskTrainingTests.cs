using MogaSharp.Models;

namespace MogaSharp.Training.Tests;

/// <summary>The registry of trainings.</summary>
public sealed class TaskTrainingTests
{
    public static TheoryData<string> Tasks => [.. TaskTraining.All.Select(training => training.Task.Name)];

    [Theory]
    [MemberData(nameof(Tasks))]
    public void Every_task_is_trained_and_its_recipes_keep_its_name(string name)
    {
        TaskTraining training = TaskTraining.Of(ModelTask.Find(name)!);
        TrainingRecipe recipe = training.Default().Validated();
        Assert.Equal(name, recipe.Task.Name);
        Assert.Contains($"\"task\": \"{name}\"", RecipeJson.ToJson(recipe), StringComparison.Ordinal);
        Assert.Same(recipe.Task, RecipeJson.Parse(RecipeJson.ToJson(recipe), "test").Task);
        var task = TrainingTask.Create(recipe, ModelOf(name));
        Assert.Same(recipe.Task, task.Task);
        Assert.NotEmpty(task.Metrics);
        Assert.Contains(task.Best, task.Metrics);
        TaskEvaluation evaluation = task.CreateEvaluation();
        Assert.Equal(0, evaluation.Count);
        evaluation.Merge(evaluation.Save());
        Assert.Equal(0, evaluation.Count);
        Assert.ThrowsAny<ArgumentException>(() => evaluation.Merge(new byte[7]));
        // A loss of another task is refused.
        LossKind other = Enum.GetValues<LossKind>().First(loss => !training.Losses.Contains(loss));
        Assert.EndsWith(
            $" for {name}.",
            Assert.Throws<RecipeException>(() => (recipe with { Loss = other }).Validated()).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void All_tasks_are_trained() =>
        Assert.Equal(
            [ModelTask.Classification, ModelTask.Video, ModelTask.Segmentation, ModelTask.Pose, ModelTask.Detection],
            TaskTraining.All.Select(training => training.Task)
        );

    private static ModelOptions ModelOf(string task) => ModelCatalogue.Official.Cards.First(card => card.Options.Task.Name == task).Options;

    [Fact]
    public void An_unknown_task_is_one_error()
    {
        var read = Assert.Throws<RecipeException>(() => RecipeJson.Parse("""{ "task": "poetry" }""", "x.json"));
        Assert.Contains("'task': The task is one of classification, video", read.Message, StringComparison.Ordinal);
        var task = new ModelTask("poetry", "verses");
        Assert.Equal("There is no training for poetry.", Assert.Throws<RecipeException>(() => TaskTraining.Of(task)).Message);
        Assert.Equal(
            "'poetry' is not a value of the recipe's field task; it takes classification, video, segmentation, pose, detection.",
            Assert.Throws<RecipeException>(() => RecipeJson.With(new TrainingRecipe(), "task", "poetry")).Message
        );
        Assert.Throws<ArgumentException>(() => TaskTraining.Register(TaskTraining.Of(ModelTask.Video)));
    }
}
