using System.Collections.Immutable;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Weights;

namespace MogaSharp.Training.Tests;

/// <summary>Files of a run: complete or absent, damaged ones passed over, a full disk survived.</summary>
public sealed class CheckpointTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _warnings = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_checkpoint_reads_back_exactly()
    {
        TrainingCheckpoint written = Make(17);
        written.Save(_folder.File("x.safetensors"));
        using LoadedTrainingCheckpoint read = LoadedTrainingCheckpoint.Open(_folder.File("x.safetensors"));
        read.Verify();
        Assert.Equal(written.Progress, read.Content.Progress);
        Assert.Equal(written.Card.ToJson(), read.Content.Card.ToJson());
        Assert.Equal(RecipeJson.ToJson(written.Recipe), RecipeJson.ToJson(read.Content.Recipe));
        Assert.Equal("idx:/data", read.Content.Data);
        Assert.Equal(written.Tensors.Select(t => t.ToString()), read.Content.Tensors.Select(t => t.ToString()));
        Assert.All(written.Tensors.Zip(read.Content.Tensors), pair => Assert.Equal(pair.First.ToBytes(), pair.Second.ToBytes()));
    }

    [Fact]
    public void Weight_loaders_read_a_checkpoint_and_its_average()
    {
        Make(17).Save(_folder.File("x.safetensors"));
        using Checkpoint file = Checkpoint.Open(_folder.File("x.safetensors"));
        Assert.Equal(17, StateDict.From(file).Tensors.Single().ToTensor().Data[0]);
        Assert.Equal(-17, StateDict.From(file, new StateDictOptions { Ema = true }).Tensors.Single().ToTensor().Data[0]);
    }

    [Fact]
    public void Last_becomes_previous_and_the_newest_is_opened()
    {
        var folder = new CheckpointFolder(_folder.FullName);
        Assert.False(folder.HasCheckpoints);
        Assert.Null(folder.OpenNewest(_warnings.Add));
        foreach (int update in new[] { 10, 20, 30 })
            folder.SaveLast(Make(update));
        folder.SaveBest(Make(20));
        folder.SaveEpoch(Make(25));
        Assert.True(folder.HasCheckpoints);
        Assert.Equal(30, Newest(folder));
        Assert.Equal(
            ["best.safetensors", "epoch-0002.safetensors", "last.safetensors", "previous.safetensors"],
            _folder.FileNames.Order(StringComparer.Ordinal)
        );
        File.Delete(folder.LastPath);
        Assert.Equal(25, Newest(folder));
        Assert.Empty(_warnings);
    }

    // Whatever instant the process is killed at, the names are in one of these states.
    [Fact]
    public void A_kill_between_the_renames_loses_nothing()
    {
        var folder = new CheckpointFolder(_folder.FullName);
        folder.SaveLast(Make(10));
        Make(20).Save(_folder.File("next.safetensors"));
        Assert.Equal(20, Newest(folder));
        File.Move(folder.LastPath, folder.PreviousPath);
        Assert.Equal(20, Newest(folder));
        File.Delete(_folder.File("next.safetensors"));
        Assert.Equal(10, Newest(folder));
    }

    [Fact]
    public void Half_written_files_of_a_killed_process_are_removed()
    {
        var folder = new CheckpointFolder(_folder.FullName);
        folder.SaveLast(Make(10));
        _folder.File(".next.safetensors.0123.tmp", [1, 2, 3]);
        Assert.Equal(10, Newest(folder));
        Assert.Equal(["last.safetensors"], _folder.FileNames);
    }

    [Theory]
    [InlineData("truncated")]
    [InlineData("empty")]
    [InlineData("flipped bit of a tensor")]
    [InlineData("flipped bit of the description")]
    [InlineData("another file")]
    public void A_damaged_checkpoint_is_passed_over_with_a_message(string damage)
    {
        var folder = new CheckpointFolder(_folder.FullName);
        folder.SaveLast(Make(10));
        folder.SaveLast(Make(20));
        byte[] bytes = File.ReadAllBytes(folder.LastPath);
        switch (damage)
        {
            case "truncated":
                bytes = bytes[..^5];
                break;
            case "empty":
                bytes = [];
                break;
            case "flipped bit of a tensor":
                bytes[^3] ^= 4;
                break;
            case "another file":
                bytes = "not a checkpoint"u8.ToArray();
                break;
            default:
                int at = bytes.AsSpan().IndexOf("idx:/data"u8);
                bytes[at] ^= 1;
                break;
        }

        File.WriteAllBytes(folder.LastPath, bytes);
        Assert.Equal(10, Newest(folder));
        Assert.Contains("A damaged checkpoint is passed over: ", Assert.Single(_warnings), StringComparison.Ordinal);
        Assert.Contains("last.safetensors", _warnings[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Every_cut_of_a_file_is_noticed()
    {
        string path = _folder.File("x.safetensors");
        Make(1).Save(path);
        byte[] bytes = File.ReadAllBytes(path);
        for (int length = 0; length < bytes.Length; length += 13)
        {
            File.WriteAllBytes(path, bytes[..length]);
            Assert.Throws<CheckpointFormatException>(() => LoadedTrainingCheckpoint.Open(path));
        }
    }

    [Fact]
    public void When_all_are_damaged_it_says_so_and_nothing_is_deleted()
    {
        var folder = new CheckpointFolder(_folder.FullName);
        folder.SaveLast(Make(10));
        File.WriteAllBytes(folder.LastPath, [1, 2, 3]);
        string message = Assert.Throws<CheckpointFormatException>(() => folder.OpenNewest(_warnings.Add)).Message;
        Assert.Contains("No checkpoint can be used.", message, StringComparison.Ordinal);
        Assert.Equal(["last.safetensors"], _folder.FileNames);
    }

    [Fact]
    public void A_model_file_is_no_checkpoint_of_a_run()
    {
        CheckpointWriter.SaveSafetensors(_folder.File("last.safetensors"), [TensorEntry.FromTensor("w", new Tensor(new Shape(1)))]);
        Assert.Contains(
            "It is not a checkpoint of a training run of this version.",
            Assert.Throws<CheckpointFormatException>(() => LoadedTrainingCheckpoint.Open(_folder.File("last.safetensors"))).Message,
            StringComparison.Ordinal
        );
    }

    // The writer fails as on a full disk, at the first byte or half way, and the file system's own error comes through.
    [Theory]
    [InlineData(0)]
    [InlineData(1000)]
    public void A_full_disk_keeps_the_last_good_file_and_says_so(int room)
    {
        bool full = false;
        var folder = new CheckpointFolder(
            _folder.FullName,
            (checkpoint, path) =>
            {
                if (!full)
                {
                    checkpoint.Save(path);
                    return;
                }

                using (FileStream half = File.Create(_folder.File(".next.safetensors.half.tmp")))
                    half.Write(new byte[room]);
                throw new IOException("No space left on device : '/x/.next.safetensors.tmp'");
            }
        );
        folder.SaveLast(Make(10));
        byte[] good = File.ReadAllBytes(folder.LastPath);
        full = true;
        foreach (
            Action save in new Action[]
            {
                () => folder.SaveLast(Make(20)),
                () => folder.SaveBest(Make(20)),
                () => folder.SaveEpoch(Make(20)),
            }
        )
        {
            CheckpointWriteException error = Assert.Throws<CheckpointWriteException>(save);
            Assert.Equal(
                $"The checkpoint of update 20 cannot be written to '{_folder.FullName}': No space left on device. The last good one "
                    + $"is '{folder.LastPath}'.",
                error.Message
            );
        }

        Assert.Equal(good, File.ReadAllBytes(folder.LastPath));
        full = false;
        Assert.Equal(10, Newest(folder));
        folder.SaveLast(Make(30));
        Assert.Equal(30, Newest(folder));
        Assert.Equal(["last.safetensors", "previous.safetensors"], _folder.FileNames.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_folder_that_is_gone_has_no_good_file()
    {
        var folder = new CheckpointFolder(_folder.File("gone"));
        Assert.Contains(
            "There is none before it.",
            Assert.Throws<CheckpointWriteException>(() => folder.SaveLast(Make(1))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_folder_is_for_one_process_at_a_time()
    {
        using (RunLock.Take(_folder.FullName))
            Assert.Equal(
                $"Another process is training in '{_folder.FullName}'.",
                Assert.Throws<RunFolderException>(() => RunLock.Take(_folder.FullName)).Message
            );
        RunLock.Take(_folder.FullName).Dispose();
        Assert.Contains(
            "cannot be written to",
            Assert.Throws<RunFolderException>(() => RunLock.Take(_folder.File("gone"))).Message,
            StringComparison.Ordinal
        );
    }

    internal static readonly ModelCard Card = new()
    {
        Name = "small",
        Options = new MogaNetOptions { Arch = new MogaNetArch([8, 16, 24, 32], [1, 1, 2, 1], [8, 8, 4, 4]), NumClasses = 10 },
        Preprocess = new PreprocessCard
        {
            Width = 32,
            Height = 32,
            Mean = [0.5f],
            Std = [0.25f],
        },
    };

    internal static TrainingCheckpoint Make(int update) =>
        new(
            new TrainingProgress
            {
                Update = update,
                Epoch = update / 10,
                LossSum = 0.1 + update,
                LossCount = 3,
                LossScale = 65536,
                BestScore = 1.0 / 3,
                BestEpoch = 0,
                DatasetSize = 60000,
            },
            RecipePresets.Find("fashion-mnist"),
            Card,
            "idx:/data",
            [
                TensorEntry.FromTensor("model/w", new Tensor(new Shape(3), [update, 1, 2])),
                TensorEntry.FromTensor("model_ema/w", new Tensor(new Shape(3), [-update, 1, 2])),
                TensorEntry.FromInt64("optimizer/steps", new Shape(1), [update]),
                TensorEntry.FromBytes("random/cpu", DType.UInt8, new Shape(5), [1, 2, 3, 4, 5]),
            ]
        );

    private long Newest(CheckpointFolder folder)
    {
        using LoadedTrainingCheckpoint newest = folder.OpenNewest(_warnings.Add)!;
        return newest.Content.Progress.Update;
    }
}
