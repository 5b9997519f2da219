using System.CommandLine;
using System.Globalization;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Training;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga train</c>: trains or fine-tunes a model; stops, resumes.</summary>
internal static class TrainCommand
{
    private const string DefaultFolder = "runs";

    public static Command Create()
    {
        var model = new Option<string?>("--model", "-m")
        {
            Description = "A model of the catalogue, or a model card (card.json)",
            HelpName = "name|card",
        };
        Option<string?> task = TaskModules.Option("what the model is for");
        var modelSet = new Option<string[]>("--model-set")
        {
            Description = "Change an option of the model, such as --model-set hid_t=64",
            HelpName = "option=value",
            DefaultValueFactory = _ => [],
        };
        var data = new Option<string?>("--data", "-d")
        {
            Description =
                "folder:PATH (with train and val), idx:PATH or tar:PATTERN, options behind '?': 'tar:train-*.tar?val=val.tar'; "
                + "video: moving-mnist:PATH, moving-fashion:PATH or frames:PATH",
            HelpName = "kind:path",
        };
        var output = new Option<string?>("--output", "-o")
        {
            Description = $"The run's folder; default: {DefaultFolder}/MODEL",
            HelpName = "folder",
        };
        var resume = new Option<bool>("--resume") { Description = "Continue the run in the output folder; begin one when there is none" };
        var init = new Option<string?>("--init")
        {
            Description = "Weights to begin with: a file, or 'pretrained' for the model's own; a head of other classes is replaced",
            HelpName = "file",
        };
        Option<bool> ema = CommonOptions.Ema();
        var preset = new Option<string?>("--preset")
        {
            Description = $"A named recipe: {string.Join(", ", RecipePresets.Names)}; default: that of the model",
            HelpName = "name",
        };
        var recipe = new Option<string?>("--recipe")
        {
            Description = "A recipe file instead of a preset; the run's folder has one as an example",
            HelpName = "file",
        };
        var set = new Option<string[]>("--set")
        {
            Description = "Change a field of the recipe, such as --set mixup=0 --set clip_gradient=5",
            HelpName = "field=value",
            DefaultValueFactory = _ => [],
        };
        var device = new Option<string?>("--device")
        {
            Description = "cpu, cuda or cuda:N; default: cuda where there is one",
            HelpName = "device",
        };
        Option<int> processes = CommonOptions.WholeNumber(
            "--nproc",
            null,
            1,
            "Processes to start on this machine, which share every batch; several machines: docs/distributed.md",
            256
        );
        Option<int> joinTimeout = CommonOptions.WholeNumber(
            "--join-timeout",
            null,
            300,
            "Several processes: seconds to wait for all to come",
            86_400
        );
        Option<int> peerTimeout = CommonOptions.WholeNumber(
            "--peer-timeout",
            null,
            20,
            "Several processes: seconds without a sign of life after which one counts as dead",
            3600
        );
        Option<int> workers = CommonOptions.WholeNumber(
            "--workers",
            "-j",
            0,
            "Threads that decode and augment; default: all processors with CUDA, a quarter of them without",
            1024
        );
        Option<int> threads = CommonOptions.Threads();
        Option<int> logEvery = CommonOptions.WholeNumber("--log-every", null, 50, "Updates between two lines of the logs", 1_000_000);
        Option<int> saveEvery = CommonOptions.WholeNumber(
            "--save-every",
            null,
            0,
            "Updates between two checkpoints within an epoch; every ten minutes there is one anyway",
            100_000_000
        );
        Option<int> keepEvery = CommonOptions.WholeNumber("--keep-every", null, 0, "Epochs between two checkpoints that are kept", 100_000);
        Option<int> stopAfter = CommonOptions.WholeNumber(
            "--stop-after",
            null,
            0,
            "Stop with a checkpoint after so many updates in all",
            int.MaxValue
        );
        var dtype = new Option<DType>("--dtype")
        {
            Description = "How the finished model's weights are stored: float32 or float16",
            HelpName = "type",
            DefaultValueFactory = _ => DType.Float32,
        };
        dtype.AcceptOnlyFromAmong("float32", "float16");
        Option<string?>[] fields =
        [
            Field("--epochs", "epochs", "Epochs, without the cool-down"),
            Field("--batch", "batch_size", "Images or clips of one update"),
            Field("--lr", "learning_rate", "Learning rate for learning_rate_batch images (1024 in most recipes)"),
            Field("--amp", "amp", "none, bf16 or fp16 (CUDA)"),
            Field("--seed", "seed", "Seed of everything random"),
        ];
        var command = new Command("train", "Train or fine-tune a model")
        {
            model,
            modelSet,
            task,
            data,
            output,
            resume,
            init,
            ema,
            preset,
            recipe,
            set,
            device,
            processes,
            joinTimeout,
            peerTimeout,
            workers,
            threads,
            logEvery,
            saveEvery,
            keepEvery,
            stopAfter,
            dtype,
        };
        foreach (Option<string?> field in fields)
            command.Add(field);
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                if (parsed.GetValue(preset) is not null && parsed.GetValue(recipe) is not null)
                    throw new UsageException("--preset and --recipe are both given; take one.");
                var changes = new List<KeyValuePair<string, string>>();
                foreach (string text in parsed.GetValue(set)!)
                    changes.Add(Assignment("--set", text));
                foreach (Option<string?> field in fields)
                    if (parsed.GetValue(field) is { } value)
                        changes.Add(new(FieldNames[field.Name], value));
                var request = new TrainRequest
                {
                    Model = parsed.GetValue(model),
                    ModelChanges = [.. parsed.GetValue(modelSet)!.Select(text => Assignment("--model-set", text))],
                    Task = parsed.GetValue(task) is { } name ? ModelTask.Find(name) : null,
                    Data = parsed.GetValue(data),
                    Output = parsed.GetValue(output),
                    Resume = parsed.GetValue(resume),
                    Init = parsed.GetValue(init),
                    Ema = parsed.GetValue(ema),
                    Preset = parsed.GetValue(preset),
                    Recipe = parsed.GetValue(recipe),
                    Changes = changes,
                    Device = parsed.GetValue(device),
                    Processes = parsed.GetValue(processes),
                    JoinTimeout = TimeSpan.FromSeconds(parsed.GetValue(joinTimeout)),
                    PeerTimeout = TimeSpan.FromSeconds(parsed.GetValue(peerTimeout)),
                    Workers = parsed.GetValue(workers),
                    Threads = parsed.GetValue(threads),
                    LogEvery = parsed.GetValue(logEvery),
                    SaveEvery = parsed.GetValue(saveEvery),
                    KeepEvery = parsed.GetValue(keepEvery),
                    StopAfter = parsed.GetValue(stopAfter) is > 0 and var updates ? updates : null,
                    Type = parsed.GetValue(dtype),
                };
                return await TrainRun.ExecuteAsync(request, cancellationToken).ConfigureAwait(false);
            }
        );
        return command;
    }

    private static Dictionary<string, string> FieldNames { get; } = new(StringComparer.Ordinal);

    private static Option<string?> Field(string name, string field, string description)
    {
        FieldNames[name] = field;
        return new Option<string?>(name) { Description = description, HelpName = field == "amp" ? "type" : "n" };
    }

    private static KeyValuePair<string, string> Assignment(string option, string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0
            ? new(text[..equals], text[(equals + 1)..])
            : throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{option} takes field=value, not '{text}'."));
    }
}
