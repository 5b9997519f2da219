using System.Collections.Immutable;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Torch;
using MogaSharp.Weights;

namespace MogaSharp.Training;

/// <summary>
/// A run from its options to the finished model: opens the data, fits model and recipe to it, loads or draws the weights, trains with
/// checkpoints and logs in a folder that no other process may use meanwhile, and writes the best weights with their card. Of several
/// processes rank 0 alone reads and writes files.
/// </summary>
public static class TrainingRun
{
    /// <summary>The file of the run's recipe in its folder.</summary>
    public const string RecipeFile = "recipe.json";

    /// <summary>Checks what can be checked before anything is loaded, connected or read.</summary>
    /// <param name="options">What the run is asked for.</param>
    /// <exception cref="RunFolderException">The folder holds another run.</exception>
    /// <exception cref="TrainingSetupException">Something is missing, or does not fit.</exception>
    /// <exception cref="RecipeException">There is not a recipe, or it breaks a rule.</exception>
    /// <exception cref="DatasetSpecException">The text that names the data does not.</exception>
    public static void Check(TrainingRunOptions options)
    {
        var checkpoints = new CheckpointFolder(options.Folder);
        if (Directory.Exists(options.Folder))
        {
            if (options.Resume && checkpoints.HasCheckpoints)
                return;
            RequireNew(checkpoints);
        }

        TrainingPlan plan = TrainingPlan.New(options, null);
        TaskTraining.Of(plan.Recipe.Task).CheckData(plan.Data, plan.Model);
    }

    /// <summary>Trains to the end, or until asked to stop.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="host">Follows the run.</param>
    /// <param name="cancellationToken">Asks to stop: before <see cref="ITrainingHost.OnStart"/> at once, afterwards with a
    /// checkpoint.</param>
    /// <exception cref="MogaException">The run cannot begin, go on or be stored. Its kind says who can mend that.</exception>
    /// <exception cref="OperationCanceledException">It was asked to stop before it began.</exception>
    public static Task<TrainingOutcome> RunAsync(
        TrainingRunOptions options,
        ITrainingHost host,
        CancellationToken cancellationToken = default
    ) =>
        options.Group is null or { Rank: 0 }
            ? LeadAsync(options, host, cancellationToken)
            : FollowAsync(options, options.Group, cancellationToken);

    private static async Task<TrainingOutcome> LeadAsync(
        TrainingRunOptions options,
        ITrainingHost host,
        CancellationToken cancellationToken
    )
    {
        var checkpoints = new CheckpointFolder(options.Folder);
        bool exists = Directory.Exists(options.Folder);
        if (exists && !options.Resume)
            RequireNew(checkpoints);
        // What is wrong with the rest is found before anything is made.
        using RunLock? found = exists && options.Resume ? RunLock.Take(options.Folder) : null;
        using LoadedTrainingCheckpoint? begun = found is null ? null : checkpoints.OpenNewest(host.OnMessage);
        if (options.Resume && begun is null)
            host.OnMessage($"There is no checkpoint in '{options.Folder}' yet; the run begins.");
        TrainingPlan plan = begun is null ? TrainingPlan.New(options, host) : TrainingPlan.Continued(options, begun.Content, host);
        TorchDevice device = DeviceOf(options);
        plan = plan with { Recipe = RecipeChoice.ForDevice(plan.Recipe, device, ProcessorTypes.HasBfloat16, host.OnMessage) };
        using TrainingSet data = TaskTraining.Of(plan.Recipe.Task).OpenData(plan.Data, plan.Model);
        if (begun is not null)
            data.RequireSame(plan.Model, options.Folder);
        else
            plan = plan with { Recipe = RecipeChoice.ForData(plan.Recipe, options, data, host) };
        foreach (string note in data.Notes)
            host.OnNote(note);
        if (!device.IsCuda && TorchRuntime.UntunedBlas is { } blas)
            host.OnMessage(
                $"libtorch multiplies matrices with the reference BLAS ({blas}), which makes linear layers many times slower; "
                    + "'sudo apt-get install libopenblas0-openmp' helps."
            );
        ModelCard card = Trained(data, plan);
        using ITrainingData source = data.Read(plan.Recipe, card.Preprocess, Workers(options, device), Share(options), options.Logger);
        WeightSet weights = begun is null
            ? await WeightsAsync(options, plan, card, data, host, cancellationToken).ConfigureAwait(false)
            : InitialWeights.Fresh(Trainer.BuildGraph(card, plan.Recipe).Parameters, plan.Recipe.Seed).Weights;
        using RunLock? made = found is null ? Make(options.Folder) : null;
        if (begun is null)
            RequireNew(checkpoints);
        await File.WriteAllTextAsync(Path.Combine(options.Folder, RecipeFile), RecipeJson.ToJson(plan.Recipe) + "\n", cancellationToken)
            .ConfigureAwait(false);
        options.Group?.BroadcastBytes(plan.ToBytes());
        var task = TrainingTask.Create(plan.Recipe, card.Options);
        host.OnStart(new TrainingStart(task, card, plan.Recipe, data, device, options.Group?.Size ?? 1));
        TrainingResult result = await OnOwnThread(() =>
            {
                TorchRuntime.Threads = Threads(options);
                using var trainer = new Trainer(card, weights, plan.Recipe, source, TrainerOptionsOf(options, plan, device), host);
                if (begun is not null)
                {
                    trainer.Resume(begun.Content);
                    host.OnMessage(
                        $"Continued from {Path.GetFileName(begun.FileName)}: update {trainer.Progress.Update}, epoch "
                            + $"{trainer.Progress.Epoch + 1} of {trainer.TotalEpochs}."
                    );
                }

                return trainer.Run(cancellationToken);
            })
            .ConfigureAwait(false);
        return Finish(options, checkpoints, card, task, result, host);
    }

    // What the other ranks do: the same run, for which rank 0 reads and writes the files.
    private static async Task<TrainingOutcome> FollowAsync(
        TrainingRunOptions options,
        TorchProcessGroup group,
        CancellationToken cancellationToken
    )
    {
        var plan = TrainingPlan.Parse(group.BroadcastBytes([]));
        using TrainingSet data = TaskTraining.Of(plan.Recipe.Task).OpenData(plan.Data, plan.Model);
        ModelCard card = Trained(data, plan);
        using ITrainingData source = data.Read(
            plan.Recipe,
            card.Preprocess,
            Workers(options, group.Device),
            Share(options),
            options.Logger
        );
        WeightSet weights = InitialWeights.Fresh(Trainer.BuildGraph(card, plan.Recipe).Parameters, plan.Recipe.Seed).Weights;
        TrainingResult result = await OnOwnThread(() =>
            {
                TorchRuntime.Threads = Threads(options);
                TrainerOptions running = TrainerOptionsOf(options, plan, group.Device) with { Folder = "" };
                using var trainer = new Trainer(card, weights, plan.Recipe, source, running, new SilentObserver());
                return trainer.Run(cancellationToken);
            })
            .ConfigureAwait(false);
        return new TrainingOutcome(TrainingTask.Create(plan.Recipe, card.Options), result.End, result.Progress, []);
    }

    private static TrainingOutcome Finish(
        TrainingRunOptions options,
        CheckpointFolder checkpoints,
        ModelCard card,
        TrainingTask task,
        TrainingResult result,
        ITrainingHost host
    )
    {
        Save(
            Path.Combine(checkpoints.Folder, TrainingCurves.File),
            () =>
            {
                if (TrainingCurves.Save(checkpoints.Folder, card.Name, task, result.Epochs) is { } reason)
                    host.OnMessage($"The curves are not drawn. {reason}");
            }
        );
        var outcome = new TrainingOutcome(task, result.End, result.Progress, result.Epochs);
        if (result.End == TrainingEnd.Stopped)
            return outcome;
        string folder = Path.Combine(checkpoints.Folder, RunExport.ModelFolder);
        Save(folder, () => RunExport.SaveModel(checkpoints, result.Epochs, options.StoredAs, host.OnMessage));
        return outcome with { ModelFolder = folder };
    }

    private static void Save(string path, Action save)
    {
        try
        {
            save();
        }
        catch (UnauthorizedAccessException e)
        {
            throw new TrainingException($"'{path}' cannot be written: permission is denied.", e);
        }
        catch (IOException e)
        {
            throw new TrainingException($"'{path}' cannot be written: {SystemMessage.Reason(e)}.", e);
        }
    }

    private static TrainerOptions TrainerOptionsOf(TrainingRunOptions options, TrainingPlan plan, TorchDevice device) =>
        new()
        {
            Folder = options.Folder,
            Data = plan.Data,
            Device = device,
            Group = options.Group,
            LogEvery = options.LogEvery,
            SaveEvery = options.SaveEvery,
            KeepEvery = options.KeepEvery,
            StopAfter = options.StopAfter,
            Logger = options.Logger,
        };

    private static TorchDevice DeviceOf(TrainingRunOptions options) =>
        options.Group?.Device ?? options.Device ?? (TorchRuntime.CudaDeviceCount > 0 ? TorchDevice.Cuda() : TorchDevice.Cpu);

    private static ProcessShare Share(TrainingRunOptions options) =>
        options.Group is { } group ? new ProcessShare(group.Rank, group.Size) : ProcessShare.Single;

    private static ModelCard Trained(TrainingSet data, TrainingPlan plan) =>
        data.Model with
        {
            Preprocess = data.Preprocessing(plan.Recipe, plan.Model.Preprocess),
            Weights = new WeightsCard(),
            Metrics = data.Model.Metrics.Clear(),
            Description = null,
        };

    private static int Threads(TrainingRunOptions options) =>
        options.Threads > 0 ? options.Threads : Math.Max(1, Environment.ProcessorCount / options.ProcessesHere);

    private static int Workers(TrainingRunOptions options, TorchDevice device) =>
        options.Workers > 0 ? options.Workers : Math.Max(1, Environment.ProcessorCount / (device.IsCuda ? 1 : 4) / options.ProcessesHere);

    private static RunLock Make(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TrainingException($"The folder '{folder}' cannot be made: {SystemMessage.Reason(e)}.", e);
        }

        return RunLock.Take(folder);
    }

    private static void RequireNew(CheckpointFolder checkpoints)
    {
        if (checkpoints.HasCheckpoints)
            throw new RunFolderException(
                $"'{checkpoints.Folder}' holds another run; it can be resumed, and a new one needs another folder."
            )
            {
                HoldsRun = true,
            };
    }

    private static async Task<WeightSet> WeightsAsync(
        TrainingRunOptions options,
        TrainingPlan plan,
        ModelCard card,
        TrainingSet data,
        ITrainingHost host,
        CancellationToken cancellationToken
    )
    {
        IReadOnlyList<ParameterSpec> specs = Trainer.BuildGraph(card, plan.Recipe).Parameters;
        ImmutableArray<string> heads = card.Options.HeadNames;
        InitialWeights initial;
        if (options.LoadPretrained is { } load)
        {
            LoadedModel loaded = await load(plan.Model, cancellationToken).ConfigureAwait(false);
            initial = InitialWeights.From(StateDict.From(loaded.Weights), specs, plan.Recipe.Seed, heads);
        }
        else if (options.InitialWeights is { } path)
        {
            initial = InitialWeights.Load(path, options.Ema, specs, plan.Recipe.Seed, heads, options.WeightsKey);
        }
        else
        {
            return InitialWeights.Fresh(specs, plan.Recipe.Seed).Weights;
        }

        foreach (string note in initial.Notes)
            host.OnNote(note);
        if (initial.ReplacedHead is { } replaced)
            host.OnMessage(replaced);
        return data.NeedsFreshHead ? WithFreshHead(initial.Weights, specs, heads, plan.Recipe.Seed, host) : initial.Weights;
    }

    // Where the head belongs to other classes, of which there are as many.
    private static WeightSet WithFreshHead(
        WeightSet weights,
        IReadOnlyList<ParameterSpec> specs,
        ImmutableArray<string> heads,
        int seed,
        ITrainingHost host
    )
    {
        IEnumerable<ParameterSpec> replaced = specs.Where(spec => InitialWeights.IsIn(spec.Name, heads.Select(head => head + ".")));
        WeightSet fresh = InitialWeights.Fresh([.. replaced], seed).Weights;
        host.OnNote(
            "The head is a fresh one, as the data's classes are not the model's "
                + $"({string.Join(", ", fresh.Names.Order(StringComparer.Ordinal))})."
        );
        return weights.With(fresh.Names.Select(name => KeyValuePair.Create(name, fresh[name])));
    }

    // Tensors' scopes and libtorch's helper threads belong to a thread, so the whole run is on one.
    private static Task<T> OnOwnThread<T>(Func<T> run) =>
        Task.Factory.StartNew(run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private sealed class SilentObserver : ITrainingObserver
    {
        public void OnProgress(in TrainingStatus status) { }

        public void OnEpoch(EpochRecord record) { }

        public void OnMessage(string message) { }
    }
}
