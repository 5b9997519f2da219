using System.Text.RegularExpressions;
using MogaSharp.Data;
using MogaSharp.Testing;

namespace MogaSharp.Training.Tests;

/// <summary>Images that cannot be read, in training and in evaluation.</summary>
public sealed class BadItemTests : IDisposable
{
    private static readonly TrainingRecipe Recipe = SmallRun.Recipe with { Epochs = 2, CooldownEpochs = 0, EmaDecay = null };

    private readonly TemporaryFolder _folder = new();
    private readonly SmallRun.Recorder _heard = new();

    public BadItemTests()
    {
        SmallRun.RequireTorch();
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_few_bad_images_are_passed_over_and_said_once_with_their_count()
    {
        TrainingResult result = Run("run", [3, 4, 20], [1]);
        Assert.Equal((TrainingEnd.Finished, 8L), (result.End, result.Progress.Update));
        // An epoch takes 32 of the 36 images, so that one of them is met in the second.
        Assert.Equal(4, _heard.Messages.Distinct().Count());
        Assert.Equal(4, _heard.Messages.Count);
        Assert.Matches(
            @"^1 of 36 training images cannot be read and is passed over: others take their place\. .*\d\d\.bmp: .+\.$",
            _heard.Messages[0]
        );
        Assert.Contains(
            "3 of 36 training images cannot be read and are passed over: others take their place. The first: ",
            _heard.Messages.Last(text => text.Contains("training", StringComparison.Ordinal)),
            StringComparison.Ordinal
        );
        Assert.Contains(
            _heard.Messages,
            text => text.StartsWith("1 of 10 evaluation images cannot be read and is left out of the figures. ", StringComparison.Ordinal)
        );
        // A bad one counts as often as it was met.
        Assert.All(result.Epochs, epoch => Assert.InRange(epoch.SkippedItems!.Value, 1, 6));
        Assert.Contains(
            "\"skipped_images\":",
            File.ReadAllText(Path.Combine(_folder.File("run"), RunLog.LinesFile)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_run_that_goes_on_meets_the_same_images()
    {
        using (ImageTrainingData data = Data([3, 4, 20], []))
        using (Trainer trainer = SmallRun.Start(_folder, "halves", data, Recipe, _heard, new TrainerOptions { Folder = "", StopAfter = 3 }))
            trainer.Run(TestContext.Current.CancellationToken);
        TrainingProgress straight = Run("straight", [3, 4, 20], []).Progress;
        using (ImageTrainingData data = Data([3, 4, 20], []))
        using (Trainer trainer = SmallRun.Start(_folder, "halves", data, Recipe, _heard))
        using (LoadedTrainingCheckpoint last = new CheckpointFolder(_folder.File("halves")).OpenNewest(_heard.OnMessage)!)
        {
            trainer.Resume(last.Content);
            TrainingResult resumed = trainer.Run(TestContext.Current.CancellationToken);
            Assert.Equal(straight, resumed.Progress);
            Assert.Equal(Skipped("straight"), Skipped("halves"));
        }

        string[] Skipped(string run) =>
            [
                .. File.ReadLines(Path.Combine(_folder.File(run), RunLog.LinesFile))
                    .Where(line => line.Contains("epoch\",", StringComparison.Ordinal))
                    .Select(line => line[line.IndexOf("\"skipped", StringComparison.Ordinal)..]),
            ];
    }

    [Fact]
    public void A_logger_is_told_of_the_run()
    {
        var logger = new RecordingLogger();
        using (ImageTrainingData data = Data([], []))
        using (Trainer trainer = SmallRun.Start(_folder, "run", data, Recipe, _heard, new TrainerOptions { Folder = "", Logger = logger }))
            trainer.Run(TestContext.Current.CancellationToken);
        Assert.Equal($"Information: Training in {_folder.File("run")} on cpu from update 0 of 8, process 0 of 1.", logger.Lines[0]);
        Assert.Equal(2, logger.Lines.Count(line => Regex.IsMatch(line, @"^Information: Epoch \d took \d+\.\d s: loss \d\.\d+, score \d")));
        Assert.Contains(logger.Lines, line => Regex.IsMatch(line, @"^Debug: The checkpoint of update 4 took 00:00:\d\d\.\d+\.$"));
        Assert.Equal("Information: The run ended with Finished after update 8.", logger.Lines[^1]);
        Assert.DoesNotContain(logger.Lines, line => line.StartsWith("Warning", StringComparison.Ordinal));
    }

    [Fact]
    public void More_bad_than_good_images_end_the_run_with_a_checkpoint()
    {
        var failure = Assert.Throws<TrainingException>(() => Run("run", Enumerable.Range(0, 33), []));
        Assert.Matches(
            @"^Of epoch 1, 8 images could be read, and 1\d\d could not\. What was done until update 1 is in the last checkpoint\.$",
            failure.Message
        );
        using LoadedTrainingCheckpoint last = new CheckpointFolder(_folder.File("run")).OpenNewest(_heard.OnMessage)!;
        Assert.Equal(1, last.Content.Progress.Update);
    }

    [Fact]
    public void Without_a_good_image_nothing_is_trained()
    {
        var failure = Assert.Throws<TrainingException>(() => Run("run", Enumerable.Range(0, 36), []));
        Assert.Contains("Neither it nor the 50 after it can be read. The last one: ", failure.Message, StringComparison.Ordinal);
        Assert.EndsWith(". Nothing was trained.", failure.Message, StringComparison.Ordinal);
        Assert.False(new CheckpointFolder(_folder.File("run")).HasCheckpoints);
    }

    [Fact]
    public void Without_a_good_image_to_evaluate_on_the_epoch_is_kept()
    {
        var failure = Assert.Throws<TrainingException>(() => Run("run", [], Enumerable.Range(0, 10)));
        Assert.Equal("There are no images to evaluate on. What was done until update 4 is in the last checkpoint.", failure.Message);
        Assert.Contains(_heard.Messages, text => text.StartsWith("10 of 10 evaluation images cannot be read", StringComparison.Ordinal));
        Assert.True(new CheckpointFolder(_folder.File("run")).HasCheckpoints);
    }

    private TrainingResult Run(string run, IEnumerable<int> badTraining, IEnumerable<int> badEvaluation)
    {
        using ImageTrainingData data = Data(badTraining, badEvaluation);
        using Trainer trainer = SmallRun.Start(_folder, run, data, Recipe, _heard);
        return trainer.Run(TestContext.Current.CancellationToken);
    }

    private ImageTrainingData Data(IEnumerable<int> badTraining, IEnumerable<int> badEvaluation) =>
        new(Images("train", 36, badTraining), Images("val", 10, badEvaluation), Recipe, SmallRun.Card.Preprocess, 2);

    // Bitmaps of one pixel, in turn of each class; the bad ones are text.
    private ImageFolder Images(string part, int count, IEnumerable<int> bad)
    {
        byte[] bitmap = [.. "BM"u8, .. new byte[8], 26, 0, 0, 0, 12, 0, 0, 0, 1, 0, 1, 0, 1, 0, 24, 0, 10, 20, 30, 0];
        HashSet<int> damaged = [.. bad];
        for (int i = 0; i < count; i++)
        {
            string path = Path.Combine(_folder.File(part), $"class{i * SmallRun.Classes / count}", $"{i:D2}.bmp");
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, damaged.Contains(i) ? "not a bitmap"u8.ToArray() : bitmap);
        }

        return new ImageFolder(_folder.File(part));
    }
}
