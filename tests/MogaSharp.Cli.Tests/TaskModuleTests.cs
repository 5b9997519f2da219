using MogaSharp.Models;

namespace MogaSharp.Cli.Tests;

/// <summary>Every task has its entry in the layers above the models.</summary>
public sealed class TaskModuleTests
{
    [Fact]
    public void Every_task_has_a_module()
    {
        Assert.Equal(ModelTask.All, TaskModules.All.Select(module => module.Task));
        Assert.Equal(
            "This command knows nothing of poetry.",
            Assert.Throws<UsageException>(() => TaskModules.Of(new ModelTask("poetry", "verses"))).Message
        );
    }

    [Fact]
    public void Every_module_s_default_model_is_of_its_task_and_all_data_but_scenes_belong_to_one_task()
    {
        Assert.All(TaskModules.All, module => Assert.Same(module.Task, ModelFinder.Card(module.DefaultModel).Options.Task));
        foreach (
            string text in new[]
            {
                "folder:x",
                "idx:x",
                "tar:x",
                "moving-mnist:x",
                "moving-fashion",
                "frames:x",
                "ade20k:x",
                "pairs:x,y",
                "coco-pose:x",
                "nothing",
            }
        )
            Assert.Single(TaskModules.OfData(text));
        Assert.Equal(
            [ModelTask.Segmentation, ModelTask.Pose, ModelTask.Detection],
            TaskModules.OfData("scenes").Select(module => module.Task)
        );
    }
}
