using System.Globalization;
using MogaSharp.Weights;

namespace MogaSharp.Training;

/// <summary>
/// The checkpoints of a run's folder: <c>last</c>, <c>previous</c> (the one before it), <c>best</c> and <c>epoch-N</c>, all
/// <c>.safetensors</c>. At every moment at least one complete file exists once the first was written, whenever the process is killed.
/// </summary>
public sealed class CheckpointFolder
{
    private const string Extension = ".safetensors";
    private const string Next = "next" + Extension;

    private readonly Action<TrainingCheckpoint, string> _write;

    /// <summary>Takes a folder, which exists.</summary>
    /// <param name="folder">The folder.</param>
    public CheckpointFolder(string folder)
        : this(folder, (checkpoint, path) => checkpoint.Save(path)) { }

    internal CheckpointFolder(string folder, Action<TrainingCheckpoint, string> write)
    {
        Folder = folder;
        _write = write;
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>The newest checkpoint.</summary>
    public string LastPath => At("last" + Extension);

    /// <summary>The one before it.</summary>
    public string PreviousPath => At("previous" + Extension);

    /// <summary>The checkpoint of the best evaluation.</summary>
    public string BestPath => At("best" + Extension);

    /// <summary>Whether a run has left checkpoints here.</summary>
    public bool HasCheckpoints => Directory.Exists(Folder) && Candidates().Any(File.Exists);

    /// <summary>Writes the newest checkpoint; the one that was becomes the previous one.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <exception cref="CheckpointWriteException">It cannot be written; all earlier ones are as they were, and the message names the
    /// newest.</exception>
    public void SaveLast(TrainingCheckpoint checkpoint)
    {
        Guard(
            checkpoint,
            () =>
            {
                _write(checkpoint, At(Next));
                if (File.Exists(LastPath))
                    File.Move(LastPath, PreviousPath, overwrite: true);
                File.Move(At(Next), LastPath, overwrite: true);
                DirectorySync.Flush(Folder);
            }
        );
    }

    /// <summary>Writes the best checkpoint.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <inheritdoc cref="SaveLast" path="/exception"/>
    public void SaveBest(TrainingCheckpoint checkpoint) => Save(checkpoint, BestPath);

    /// <summary>Writes a checkpoint to keep, named by its epoch.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <inheritdoc cref="SaveLast" path="/exception"/>
    public void SaveEpoch(TrainingCheckpoint checkpoint) =>
        Save(checkpoint, At(string.Create(CultureInfo.InvariantCulture, $"epoch-{checkpoint.Progress.Epoch:D4}{Extension}")));

    /// <summary>Opens the newest complete checkpoint, its checksum compared, and removes what killed processes left half written.</summary>
    /// <param name="warn">Receives each file that is damaged and passed over.</param>
    /// <returns>The checkpoint, to be disposed; null when there is none.</returns>
    /// <exception cref="CheckpointFormatException">There are checkpoints, but every one is damaged.</exception>
    public LoadedTrainingCheckpoint? OpenNewest(Action<string> warn)
    {
        foreach (string leftover in Directory.EnumerateFiles(Folder, $".*{Extension}.*.tmp"))
            File.Delete(leftover);
        CheckpointFormatException? damage = null;
        var open = new List<LoadedTrainingCheckpoint>();
        foreach (string path in Candidates().Where(File.Exists))
            if (Try(() => LoadedTrainingCheckpoint.Open(path)) is { } loaded)
                open.Add(loaded);
        LoadedTrainingCheckpoint? newest = null;
        // Of equally new ones the first candidate comes first: OrderByDescending is stable.
        foreach (LoadedTrainingCheckpoint loaded in open.OrderByDescending(loaded => loaded.Content.Progress.Update))
        {
            newest ??= Try(() =>
            {
                loaded.Verify();
                return loaded;
            });
            if (newest != loaded)
                loaded.Dispose();
        }

        if (newest is null && damage is not null)
            throw new CheckpointFormatException(Folder, $"No checkpoint can be used. {damage.Message}", damage);
        return newest;

        LoadedTrainingCheckpoint? Try(Func<LoadedTrainingCheckpoint> open)
        {
            try
            {
                return open();
            }
            catch (CheckpointFormatException e)
            {
                damage ??= e;
                warn($"A damaged checkpoint is passed over: {e.Message}");
                return null;
            }
        }
    }

    private void Save(TrainingCheckpoint checkpoint, string path) =>
        Guard(
            checkpoint,
            () =>
            {
                _write(checkpoint, path);
                DirectorySync.Flush(Folder);
            }
        );

    private void Guard(TrainingCheckpoint checkpoint, Action write)
    {
        try
        {
            write();
        }
        // The last is what .NET makes of a file that is too large for its file system or the process's limit.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
        {
            throw new CheckpointWriteException(
                Folder,
                checkpoint.Progress.Update,
                File.Exists(LastPath) ? LastPath
                    : File.Exists(PreviousPath) ? PreviousPath
                    : null,
                e
            );
        }
    }

    private IEnumerable<string> Candidates() =>
        [
            LastPath,
            At(Next),
            PreviousPath,
            BestPath,
            .. Directory.EnumerateFiles(Folder, $"epoch-*{Extension}").OrderDescending(StringComparer.Ordinal),
        ];

    private string At(string name) => Path.Combine(Folder, name);
}

/// <summary>A checkpoint that could not be written; those before it are untouched.</summary>
public sealed class CheckpointWriteException : MogaException
{
    /// <summary>Keeps the message.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="update">The updates that the checkpoint would have held.</param>
    /// <param name="lastGood">The newest complete checkpoint, or null.</param>
    /// <param name="inner">The cause.</param>
    public CheckpointWriteException(string folder, long update, string? lastGood, Exception inner)
        : base(
            $"The checkpoint of update {update} cannot be written to '{folder}': "
                + $"{SystemMessage.Reason(inner)}. "
                + (lastGood is null ? "There is none before it." : $"The last good one is '{lastGood}'."),
            inner
        ) => LastGood = lastGood;

    /// <summary>The newest complete checkpoint, or null.</summary>
    public string? LastGood { get; }

    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.Failed;
}
