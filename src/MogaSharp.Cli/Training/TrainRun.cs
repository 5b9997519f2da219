using MogaSharp.Models;
using MogaSharp.Torch;
using MogaSharp.Training;

namespace MogaSharp.Cli;

/// <summary>What <c>moga train</c> does: makes the options of a run, starts or joins its processes, and shows how far it is.</summary>
internal static class TrainRun
{
    public static async Task<int> ExecuteAsync(TrainRequest request, CancellationToken cancellationToken)
    {
        string folder = FolderName(request);
        TrainingRunOptions options = Options(request, folder);
        Check(request, options);
        if (!TorchRuntime.IsAvailable)
            throw new FailureException($"Training needs libtorch. {TorchRuntime.Unavailability}");
        if (request.Processes > 1)
            return await TrainLauncher.RunAsync(request.Processes, folder, cancellationToken).ConfigureAwait(false);
        ProcessGroupOptions? processes = ProcessGroupOptions.FromEnvironment();
        if (processes is null)
            return await ExecuteAsync(options, cancellationToken).ConfigureAwait(false);
        using var peers = TrainPeers.Connect(processes, request, cancellationToken);
        options = options with { Group = peers.Group, ProcessesHere = peers.OnThisMachine };
        return await peers.GuardAsync(() => ExecuteAsync(options, peers.Stopping)).ConfigureAwait(false);
    }

    internal static TorchDevice DeviceOf(TrainRequest request) =>
        request.Device is { } named ? Devices.Find(named)
        : TorchRuntime.CudaDeviceCount > 0 ? TorchDevice.Cuda()
        : TorchDevice.Cpu;

    private static async Task<int> ExecuteAsync(TrainingRunOptions options, CancellationToken cancellationToken)
    {
        using var host = new TrainHost(options);
        TrainingOutcome outcome = await TrainingRun.RunAsync(options, host, cancellationToken).ConfigureAwait(false);
        return host.Finish(outcome, cancellationToken);
    }

    // What is wrong with the command line itself is said before anything is loaded, connected or read. Of several processes the first one
    // does it, which alone has the run's folder.
    private static void Check(TrainRequest request, TrainingRunOptions options)
    {
        if (Environment.GetEnvironmentVariable("RANK") is not (null or "" or "0"))
            return;
        if (request.Device is { } device)
            _ = Devices.Find(device);
        if (request.Resume && new CheckpointFolder(options.Folder).HasCheckpoints)
        {
            if (request.ModelChanges.Count > 0)
                throw new UsageException("--model-set is for a new run; --resume goes on with the run's own model.");
            if (request.Init is not null)
                throw new UsageException("--init is for a new run; --resume goes on with the run's own weights.");
        }
        else
        {
            ModelCard model = options.Model ?? throw new UsageException("--model is missing.");
            if (TaskTraining.All.All(training => training.Task != model.Options.Task))
                throw new UsageException($"There is no training for {model.Options.Task} yet.");
            if (request.Data is null)
                throw new UsageException($"--data is missing; write {TaskModules.Of(model).TrainingData}.");
            if (options.Recipe is null && RecipePresets.Of(model) is null && RecipePresets.TryFind(model.Name) is null)
                throw new UsageException(
                    $"There is no preset for '{model.Name}'; give --preset or --recipe (presets: {string.Join(", ", RecipePresets.Names)})."
                );
        }

        try
        {
            TrainingRun.Check(options);
        }
        catch (RunFolderException e) when (e.HoldsRun)
        {
            throw new UsageException($"'{options.Folder}' holds another run; --resume continues it, another --output begins a new one.");
        }

        if (options.InitialWeights is { } weights)
            _ = Paths.ExistingWeights(weights);
    }

    private static TrainingRunOptions Options(TrainRequest request, string folder)
    {
        ModelCard? model = request.Model is { } name ? CardChanges.Apply(ModelFinder.Card(name), request.ModelChanges) : null;
        return new TrainingRunOptions
        {
            Folder = folder,
            Model = model,
            Task = request.Task,
            Data = request.Data,
            Resume = request.Resume,
            Recipe =
                request.Recipe is { } file ? RecipeJson.Load(Paths.Existing(file))
                : request.Preset is { } preset ? RecipePresets.Find(preset, model)
                : null,
            Changes = [.. request.Changes],
            FitRecipe = request.Recipe is null,
            InitialWeights = request.Init is "pretrained" or null ? null : WeightsOf(request.Init),
            LoadPretrained = request.Init == "pretrained" ? (card, token) => ModelFinder.LoadAsync(card, null, request.Ema, token) : null,
            Ema = request.Ema,
            WeightsKey = CommonOptions.WeightsKey,
            Device = request.Device is { } device ? Devices.Parse(device) : null,
            Workers = request.Workers,
            Threads = request.Threads,
            LogEvery = request.LogEvery,
            SaveEvery = request.SaveEvery,
            KeepEvery = request.KeepEvery,
            StopAfter = request.StopAfter,
            StoredAs = request.Type,
            Logger = TraceLogger.Instance,
        };
    }

    // A folder stands for the weights in it; what is missing is said later, after what comes first on the command line.
    private static string WeightsOf(string path) => Directory.Exists(path) || File.Exists(path) ? Paths.ExistingWeights(path) : path;

    private static string FolderName(TrainRequest request)
    {
        string? folder = request.Output ?? (request.Model is { } model ? Path.Combine("runs", ModelFinder.Card(model).Name) : null);
        if (folder is null)
            throw new UsageException(
                request.Resume ? "--resume needs --output, or the --model that the run was begun with." : "--model is missing."
            );
        return File.Exists(folder) ? throw new UsageException($"'{folder}' is a file, not a folder.") : folder;
    }
}
