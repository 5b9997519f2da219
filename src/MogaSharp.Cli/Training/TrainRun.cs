using System.Globalization;
using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Torch;
using MogaSharp.Training;
using MogaSharp.Weights;

namespace MogaSharp.Cli;

/// <summary>Prepares and carries out a run of <c>moga train</c>.</summary>
internal static class TrainRun
{
    private const string RecipeFile = "recipe.json";

    public static async Task<int> ExecuteAsync(TrainRequest request, CancellationToken cancellationToken)
    {
        Check(request);
        if (!TorchRuntime.IsAvailable)
            throw new FailureException($"training needs libtorch. {TorchRuntime.Unavailability}");
        if (request.Processes > 1)
            return await TrainLauncher.RunAsync(request.Processes, FolderName(request), cancellationToken).ConfigureAwait(false);
        ProcessGroupOptions? processes = ProcessGroupOptions.FromEnvironment();
        if (processes is null)
            return await ExecuteAsync(request, null, cancellationToken).ConfigureAwait(false);
        using var peers = TrainPeers.Connect(processes, request, cancellationToken);
        return await peers
            .GuardAsync(() => processes.Rank == 0 ? ExecuteAsync(request, peers, peers.Stopping) : FollowAsync(request, peers))
            .ConfigureAwait(false);
    }

    // What is wrong with the command line itself is said before anything is loaded, connected or read. Of several processes the first one
    // does it, which alone has the run's folder.
    private static void Check(TrainRequest request)
    {
        if (Environment.GetEnvironmentVariable("RANK") is not (null or "" or "0"))
            return;
        string folder = FolderName(request);
        if (request.Device is { } device)
            _ = Shared.Device(device);
        if (Directory.Exists(folder))
        {
            var checkpoints = new CheckpointFolder(folder);
            if (request.Resume && checkpoints.HasCheckpoints)
                return;
            RequireNew(checkpoints);
        }

        TrainPlan plan = New(request, _ => { });
        TaskModules.Of(plan.Card).CheckTrainingData(plan.Data, plan.Card);
        if (request.Init is { } weights && weights != "pretrained")
            _ = Paths.ExistingWeights(weights);
    }

    private static async Task<int> ExecuteAsync(TrainRequest request, TrainPeers? peers, CancellationToken cancellationToken)
    {
        string folder = FolderName(request);
        var checkpoints = new CheckpointFolder(folder);
        bool exists = Directory.Exists(folder);
        if (exists && !request.Resume)
            RequireNew(checkpoints);
        // What is wrong with the rest is found before anything is made.
        using RunLock? found = exists && request.Resume ? RunLock.Take(folder) : null;
        using LoadedTrainingCheckpoint? begun = found is null ? null : checkpoints.OpenNewest(Warn);
        if (request.Resume && begun is null)
            Console.Error.WriteLine($"there is no checkpoint in '{folder}' yet; the run begins");
        TrainPlan plan = begun is null ? New(request, Shared.Notices.Add) : Continued(request, begun.Content);
        TorchDevice device = peers?.Device ?? DeviceOf(request);
        plan = plan with { Recipe = TrainRecipes.ForDevice(plan.Recipe, device, ProcessorTypes.HasBfloat16, Console.Error.WriteLine) };
        using var data = TaskModules.Of(plan.Card).OpenTrainingData(plan.Data, plan.Card);
        if (begun is not null)
            data.RequireSame(plan.Card, folder);
        else
            plan = plan with { Recipe = TrainRecipes.ForData(plan.Recipe, request, data, peers?.Share.Count ?? 1) };
        Shared.Notices.AddRange(data.Notes);
        ModelCard card = TrainedCard(data, plan);
        using ITrainingData source = data.Read(plan.Recipe, card.Preprocess, Workers(request, device, peers), peers?.Share);
        WeightSet weights = await WeightsAsync(request, plan, card, begun is not null, cancellationToken).ConfigureAwait(false);
        if (data.NeedsFreshHead && begun is null && request.Init is not null)
            weights = WithFreshHead(weights, card, plan.Recipe);
        using RunLock? made = found is null ? Make(folder) : null;
        if (begun is null)
            RequireNew(checkpoints);
        await File.WriteAllTextAsync(Path.Combine(folder, RecipeFile), RecipeJson.ToJson(plan.Recipe) + "\n", cancellationToken)
            .ConfigureAwait(false);
        peers?.Group.BroadcastBytes(plan.ToBytes());
        var options = new TrainerOptions
        {
            Folder = folder,
            Data = plan.Data,
            Device = device,
            Group = peers?.Group,
            LogEvery = request.LogEvery,
            SaveEvery = request.SaveEvery,
            KeepEvery = request.KeepEvery,
            StopAfter = request.StopAfter,
            Logger = TraceLogger.Instance,
        };
        Announce(folder, card, plan.Recipe, request, data, device, peers?.Group.Size ?? 1);
        var task = TrainingTask.Create(plan.Recipe);
        // From here on a signal means: write a checkpoint, however long that takes.
        using IDisposable held = Stopping.Hold();
        TrainingResult result = await TrainProgress
            .ShowAsync(
                task,
                observer =>
                    OnOwnThread(() =>
                    {
                        TorchRuntime.Threads = Threads(request, peers);
                        using var trainer = new Trainer(card, weights, plan.Recipe, source, options, observer);
                        if (begun is not null)
                        {
                            trainer.Resume(begun.Content);
                            observer.OnMessage(
                                $"continued from {Path.GetFileName(begun.FileName)}: update {trainer.Progress.Update}, epoch "
                                    + $"{trainer.Progress.Epoch + 1} of {plan.Recipe.TotalEpochs()}"
                            );
                        }

                        return trainer.Run(cancellationToken);
                    })
            )
            .ConfigureAwait(false);
        return Finish(request, checkpoints, card, task, result, cancellationToken);
    }

    // What the other ranks do: the same run, for which rank 0 reads and writes the files.
    private static async Task<int> FollowAsync(TrainRequest request, TrainPeers peers)
    {
        TrainPlan plan = TrainPlan.Parse(peers.Group.BroadcastBytes([]));
        using var data = TaskModules.Of(plan.Card).OpenTrainingData(plan.Data, plan.Card);
        ModelCard card = TrainedCard(data, plan);
        using ITrainingData source = data.Read(plan.Recipe, card.Preprocess, Workers(request, peers.Device, peers), peers.Share);
        WeightSet weights = InitialWeights.Fresh(Trainer.BuildGraph(card, plan.Recipe).Parameters, plan.Recipe.Seed).Weights;
        var options = new TrainerOptions
        {
            Folder = "",
            Device = peers.Device,
            Group = peers.Group,
            StopAfter = request.StopAfter,
        };
        using IDisposable held = Stopping.Hold();
        TrainingResult result = await OnOwnThread(() =>
            {
                TorchRuntime.Threads = Threads(request, peers);
                using var trainer = new Trainer(card, weights, plan.Recipe, source, options, new SilentObserver());
                return trainer.Run(peers.Stopping);
            })
            .ConfigureAwait(false);
        return result.End == TrainingEnd.Stopped && peers.Stopping.IsCancellationRequested ? ExitCode.Cancelled : ExitCode.Success;
    }

    internal static TorchDevice DeviceOf(TrainRequest request) =>
        request.Device is { } named ? Shared.Device(named)
        : TorchRuntime.CudaDeviceCount > 0 ? TorchDevice.Cuda()
        : TorchDevice.Cpu;

    private static ModelCard TrainedCard(TrainData data, TrainPlan plan) =>
        data.Card with
        {
            Preprocess = data.Preprocessing(plan.Recipe, plan.Card.Preprocess),
            Weights = new WeightsCard(),
            Metrics = data.Card.Metrics.Clear(),
            Description = null,
        };

    private static int Threads(TrainRequest request, TrainPeers? peers) =>
        request.Threads > 0 ? request.Threads : Math.Max(1, Environment.ProcessorCount / (peers?.OnThisMachine ?? 1));

    private static string FolderName(TrainRequest request)
    {
        string? folder = request.Output ?? (request.Model is { } model ? Path.Combine("runs", ModelName(model)) : null);
        if (folder is null)
            throw new UsageException(
                request.Resume ? "--resume needs --output, or the --model that the run was begun with" : "--model is missing"
            );
        return File.Exists(folder) ? throw new UsageException($"'{folder}' is a file, not a folder") : folder;
    }

    private static RunLock Make(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FailureException($"the folder '{folder}' cannot be made: {SystemMessage.Reason(e)}");
        }

        return RunLock.Take(folder);
    }

    private static void RequireNew(CheckpointFolder checkpoints)
    {
        if (checkpoints.HasCheckpoints)
            throw new UsageException($"'{checkpoints.Folder}' holds another run; --resume continues it, another --output begins a new one");
    }

    private static string ModelName(string model) => Shared.Card(model).Name;

    private static TrainPlan New(TrainRequest request, Action<string> say)
    {
        ModelCard card = CardChanges.Apply(
            Shared.Card(request.Model ?? throw new UsageException("--model is missing")),
            request.ModelChanges
        );
        string data = request.Data ?? throw new UsageException($"--data is missing; write {TaskModules.Of(card).TrainingData}");
        RequireTask(request, card);
        TrainingRecipe recipe = TrainRecipes.New(request, card, say);
        if (recipe.Task != card.Options.Task)
            throw new UsageException($"the recipe {recipe.Name} is for {recipe.Task}, {card.Name} is a model for {card.Options.Task}");
        return new TrainPlan(card, data, recipe);
    }

    private static void RequireTask(TrainRequest request, ModelCard card)
    {
        if (request.Task is { } task && task != card.Options.Task)
            throw new UsageException($"{card.Name} is a model for {card.Options.Task}, not for {task}");
    }

    private static TrainPlan Continued(TrainRequest request, TrainingCheckpoint run)
    {
        if (request.Model is { } model && ModelName(model) != run.Card.Name)
            throw new UsageException(
                $"the run in '{request.Output ?? "the folder"}' trains {run.Card.Name}, not {ModelName(model)}; give another --output "
                    + "for a new run"
            );
        RequireTask(request, run.Card);
        if (request.ModelChanges.Count > 0)
            throw new UsageException("--model-set is for a new run; --resume goes on with the run's own model");
        if (request.Init is not null)
            throw new UsageException("--init is for a new run; --resume goes on with the run's own weights");
        TrainingRecipe named =
            request.Recipe is { } file ? RecipeJson.Load(Paths.Existing(file))
            : request.Preset is { } preset ? RecipePresets.Find(preset, run.Card)
            : run.Recipe;
        if (named.Name != run.Recipe.Name)
            throw new UsageException($"the run was begun with the recipe {run.Recipe.Name}, not {named.Name}");
        return new TrainPlan(run.Card, request.Data ?? run.Data, TrainRecipes.Continued(request, run.Recipe));
    }

    private static async Task<WeightSet> WeightsAsync(
        TrainRequest request,
        TrainPlan plan,
        ModelCard card,
        bool resumed,
        CancellationToken cancellationToken
    )
    {
        IReadOnlyList<ParameterSpec> specs = Trainer.BuildGraph(card, plan.Recipe).Parameters;
        if (request.Init is null || resumed)
            return InitialWeights.Fresh(specs, plan.Recipe.Seed).Weights;
        string head = card.Options is ClassifierOptions classifier ? classifier.HeadName : "head";
        InitialWeights initial;
        if (request.Init == "pretrained")
        {
            LoadedModel loaded = await Shared.LoadAsync(plan.Card, null, request.Ema, cancellationToken).ConfigureAwait(false);
            initial = InitialWeights.From(StateDict.From(loaded.Weights), specs, plan.Recipe.Seed, head);
        }
        else
        {
            initial = InitialWeights.Load(
                Paths.ExistingWeights(request.Init),
                request.Ema,
                specs,
                plan.Recipe.Seed,
                head,
                Shared.WeightsKey
            );
        }

        Shared.Notices.AddRange(initial.Notes);
        if (initial.ReplacedHead is { } replaced)
            Console.Error.WriteLine(Output.Printable(replaced));
        return initial.Weights;
    }

    // Where the head belongs to other classes, of which there are as many.
    private static WeightSet WithFreshHead(WeightSet weights, ModelCard card, TrainingRecipe recipe)
    {
        string prefix = Shared.Classifier(card).HeadName + ".";
        IEnumerable<ParameterSpec> head = Trainer
            .BuildGraph(card, recipe)
            .Parameters.Where(spec => spec.Name.StartsWith(prefix, StringComparison.Ordinal));
        WeightSet fresh = InitialWeights.Fresh([.. head], recipe.Seed).Weights;
        Shared.Notices.Add(
            "the head is a fresh one, as the data's classes are not the model's "
                + $"({string.Join(", ", fresh.Names.Order(StringComparer.Ordinal))})"
        );
        return weights.With(fresh.Names.Select(name => KeyValuePair.Create(name, fresh[name])));
    }

    private static int Workers(TrainRequest request, TorchDevice device, TrainPeers? peers) =>
        request.Workers > 0
            ? request.Workers
            : Math.Max(1, Environment.ProcessorCount / (device.IsCuda ? 1 : 4) / (peers?.OnThisMachine ?? 1));

    private static void Announce(
        string folder,
        ModelCard card,
        TrainingRecipe recipe,
        TrainRequest request,
        TrainData data,
        TorchDevice device,
        int processes
    )
    {
        Console.Error.WriteLine(
            Output.Printable(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{card.Name}, {data.Describe}, on {data.TrainCount} {TrainingTask.Create(recipe).Items} "
                        + $"({Math.Min(data.EvalCount ?? 0, recipe.EvalClips ?? int.MaxValue):#;;'none'} to evaluate on), "
                        + $"{device}{(processes > 1 ? $", {processes} processes" : "")}"
                )
            )
        );
        Console.Error.WriteLine(Output.Printable($"{TrainRecipes.Describe(recipe, request)}; files in {folder}"));
    }

    // Tensors' scopes and libtorch's helper threads belong to a thread, so the whole run is on one.
    private static Task<T> OnOwnThread<T>(Func<T> run) =>
        Task.Factory.StartNew(run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static int Finish(
        TrainRequest request,
        CheckpointFolder checkpoints,
        ModelCard card,
        TrainingTask task,
        TrainingResult result,
        CancellationToken cancellationToken
    )
    {
        Paths.Write(
            Path.Combine(checkpoints.Folder, "curves.svg"),
            _ =>
            {
                if (TrainingCurves.Save(checkpoints.Folder, card.Name, task, result.Epochs) is { } reason)
                    Warn($"the curves are not drawn: {reason}");
            }
        );
        if (result.End == TrainingEnd.Stopped)
        {
            Console.Error.WriteLine(
                $"stopped after update {result.Progress.Update}; to continue: moga train --resume --output "
                    + $"{Quoted(checkpoints.Folder)}{TrainLauncher.Again}"
            );
            return cancellationToken.IsCancellationRequested ? ExitCode.Cancelled : ExitCode.Success;
        }

        string model = Path.Combine(checkpoints.Folder, RunExport.ModelFolder);
        Paths.Write(model, _ => RunExport.SaveModel(checkpoints, result.Epochs, request.Type, Warn));
        EpochRecord? best = result.Epochs.Where(epoch => epoch.Epoch == result.Progress.BestEpoch).FirstOrDefault();
        string score = best?.Figures is { } figures
            ? string.Create(CultureInfo.InvariantCulture, $"{TrainProgress.Describe(task, figures)}  epoch {best.Epoch + 1}  ")
            : "";
        Output.Line($"{score}{model}");
        return ExitCode.Success;
    }

    private static string Quoted(string path) =>
        path.All(c => char.IsLetterOrDigit(c) || "/._-".Contains(c, StringComparison.Ordinal))
            ? path
            : $"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static void Warn(string message) => Console.Error.WriteLine(Output.Printable(message));

    private sealed record TrainPlan(ModelCard Card, string Data, TrainingRecipe Recipe)
    {
        public byte[] ToBytes() =>
            JsonSerializer.SerializeToUtf8Bytes([Card.ToJson(), Data, RecipeJson.ToJson(Recipe)], TextsJson.Default.StringArray);

        public static TrainPlan Parse(byte[] bytes)
        {
            string[] texts = JsonSerializer.Deserialize(bytes, TextsJson.Default.StringArray)!;
            return new TrainPlan(ModelCard.Parse(texts[0], "rank 0's card"), texts[1], RecipeJson.Parse(texts[2], "rank 0's recipe"));
        }
    }

    private sealed class SilentObserver : ITrainingObserver
    {
        public void OnProgress(in TrainingStatus status) { }

        public void OnEpoch(EpochRecord record) { }

        public void OnMessage(string message) { }
    }
}
