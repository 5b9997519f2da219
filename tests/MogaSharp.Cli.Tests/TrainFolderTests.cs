using MogaSharp.Models;
using MogaSharp.Training;

namespace MogaSharp.Cli.Tests;

/// <summary><c>moga train</c> on folders of images, as users have them.</summary>
public sealed class TrainFolderTests : IDisposable
{
    private static readonly byte[] Bitmap = [.. "BM"u8, .. new byte[8], 26, 0, 0, 0, 12, 0, 0, 0, 1, 0, 1, 0, 1, 0, 24, 0, 10, 20, 30, 0];

    private readonly TrainFixture _fixture = new();

    private string Data => _fixture.Folder.File("data");

    private ModelCard Model => ModelCard.Load(Path.Combine(_fixture.Run, "model", "card.json"));

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task The_names_of_the_data_become_the_models_and_a_foreign_head_is_left()
    {
        NameClasses("shirt", "shoe", "bag", "coat");
        Add("train", 2, "ant", "Bag", "cat", "dog");
        Add("val", 1, "ant", "Bag", "cat", "dog");
        Outcome outcome = (await TrainAsync("--epochs", "1", "--init", "pretrained")).Succeeded();
        Assert.Contains(
            "note: the model's 4 classes become the data's: ant, Bag, cat, dog instead of shirt, shoe, bag, coat; 1 of them has the "
                + "same name",
            outcome.Errors,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "note: The head is a fresh one, as the data's classes are not the model's (head.bias, head.weight).",
            outcome.Errors,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "note: For 1 epoch: warm-up 1 -> 0 epochs. --set warmup_epochs=N sets another number.",
            outcome.Errors,
            StringComparison.Ordinal
        );
        Assert.Contains("1 epoch and 1 of cool-down: 2 in all, batch 8, learning rate 0.004, ", outcome.Errors, StringComparison.Ordinal);
        Assert.Equal(["ant", "Bag", "cat", "dog"], Model.GetLabels());
    }

    [Fact]
    public async Task The_same_names_keep_the_models_order_and_head_and_a_bad_image_does_not_end_the_run()
    {
        NameClasses("shirt", "shoe", "bag", "coat");
        Add("Train", 2, "bag", "coat", "shirt", "Shoe", ".ipynb_checkpoints");
        Add("VALID", 1, "bag", "coat", "shirt");
        File.WriteAllText(Path.Combine(Data, "Train", "bag", "0.bmp"), "damaged");
        Outcome outcome = (await TrainAsync("--epochs", "1", "--init", "pretrained")).Succeeded();
        Assert.DoesNotContain("head", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains("note: 1 hidden or system folder left out (", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains(
            "note: 1 class folder is spelled unlike the class, by case, blanks or the form of Unicode ('Shoe' for 'shoe')",
            outcome.Errors,
            StringComparison.Ordinal
        );
        Assert.Contains("note: 1 of 4 classes have no image to evaluate on: shoe", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains(
            "1 of 8 training images cannot be read and is passed over: others take their place. ",
            outcome.Errors,
            StringComparison.Ordinal
        );
        Assert.Equal(["shirt", "shoe", "bag", "coat"], Model.GetLabels());

        // Other names are another run.
        foreach (string part in (string[])["Train", "VALID"])
            Directory.Move(Path.Combine(Data, part, "bag"), Path.Combine(Data, part, "zebra"));
        Outcome other = await _fixture.ResumeAsync("--epochs", "3");
        Assert.Equal(2, other.ExitCode);
        Assert.Contains(
            "has other classes than the data: it has shoe, bag, the data Shoe, zebra; a new run needs another folder.",
            other.ErrorLines[^1],
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Without_a_part_to_evaluate_on_or_a_full_batch_it_says_so()
    {
        Add("train", 3, "a", "b", "c", "d");
        Outcome outcome = (
            await Moga.RunAsync(
                "train",
                "--model",
                _fixture.Folder.File("card.json"),
                "--data",
                $"folder:{Data}",
                "--preset",
                "fashion-mnist",
                "--set",
                "image_size=16",
                "--epochs",
                "1",
                "--lr",
                "1e-3",
                "--output",
                _fixture.Run,
                "--device",
                "cpu",
                "--threads",
                "1"
            )
        ).Succeeded();
        Assert.Contains(
            "note: The batch is 12 instead of 512, as there are 12 training images. --batch takes another one.",
            outcome.Errors,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "note: there is nothing to evaluate on: the last epoch counts as the best",
            outcome.Errors,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "learning rate 0.001 x 12/512 = 2.344E-05 (--set learning_rate_batch=12 takes --lr as it is)",
            outcome.Errors,
            StringComparison.Ordinal
        );
        Assert.Equal(12, RecipeJson.Load(Path.Combine(_fixture.Run, "recipe.json")).BatchSize);
    }

    [Fact]
    public async Task Parts_of_other_classes_are_refused()
    {
        Add("train", 2, "a", "b", "c", "d");
        Add("val", 1, "x", "y", "z", "w");
        (await TrainAsync()).Failed(1, "No folder is named like a class; the folders are w, x, y, z, the classes a, b, c, d");
        Assert.False(Directory.Exists(_fixture.Run));
    }

    private Task<Outcome> TrainAsync(params string[] more) =>
        Moga.RunAsync([
            .. _fixture.Arguments(more).Select(word => word.StartsWith("idx:", StringComparison.Ordinal) ? $"folder:{Data}" : word),
        ]);

    private void NameClasses(params string[] names)
    {
        string path = _fixture.Folder.File("card.json");
        File.WriteAllText(path, (ModelCard.Load(path) with { Labels = [.. names] }).ToJson());
    }

    private void Add(string part, int images, params string[] classes)
    {
        foreach (string name in classes)
        {
            Directory.CreateDirectory(Path.Combine(Data, part, name));
            for (int i = 0; i < images; i++)
                File.WriteAllBytes(Path.Combine(Data, part, name, $"{i}.bmp"), Bitmap);
        }
    }
}
