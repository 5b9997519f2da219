using System.Collections.Immutable;
using System.CommandLine;
using MogaSharp.Data;
using MogaSharp.Models;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga eval</c>: accuracy on a labeled data set, or how well clips are predicted.</summary>
internal static class EvalCommand
{
    public static Command Create()
    {
        var data = new Option<string>("--data", "-d")
        {
            Description =
                "folder:PATH (one folder per class), idx:PATH (MNIST-style idx or idx.gz files), tar:PATTERN (WebDataset shards); "
                + "clips: moving-mnist[:PATH], moving-fashion[:PATH], frames:PATH; "
                + "label maps: ade20k:PATH, pairs:IMAGES,LABELS, scenes; people: coco-pose:PATH, scenes; "
                + "things: coco:PATH, voc:PATH, yolo:PATH, csv:FILE,IMAGES, scenes",
            Required = true,
            HelpName = "kind:path",
        };
        Option<string> model = CommonOptions.Model();
        model.Description += $"; default for clips: {ModelFinder.DefaultVideoModel}";
        Option<string?> task = TaskModules.Option("what the data is for");
        var card = new Option<string?>("--card") { Description = "A model card to use instead of --model", HelpName = "file" };
        Option<string?> weights = CommonOptions.Weights();
        Option<bool> ema = CommonOptions.Ema();
        Option<string?> labels = CommonOptions.Labels();
        Option<DatasetSplit> split = CommonOptions.Split();
        Option<int> batch = CommonOptions.WholeNumber(
            "--batch",
            "-b",
            0,
            "Images or clips per run; default: 32 images, 16 clips; images of dense tasks come one by one",
            4096
        );
        var engine = new EngineOptions();
        var officialPsnr = new Option<bool>("--official-psnr") { Description = "Clips: also print what the official code calls PSNR" };
        var predictions = new Option<string?>("--predictions")
        {
            Description =
                "Score what any program found, without a network: a folder of label maps (NAME.png), or COCO's results of boxes, "
                + "masks or key points",
            HelpName = "path",
        };
        var detection = new DetectionEvalOptions();
        Option<bool> json = CommonOptions.Json();
        var command = new Command("eval", "Measure accuracy on a labelled data set, or how well clips are predicted")
        {
            data,
            model,
            card,
            task,
            weights,
            ema,
            labels,
            split,
            batch,
            engine.Engine,
            engine.Provider,
            engine.Device,
            officialPsnr,
            predictions,
            engine.Threads,
            json,
        };
        detection.AddTo(command);
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                string text = parsed.GetValue(data)!;
                bool isDefault = parsed.GetResult(model)?.Implicit != false;
                ModelCard? given =
                    parsed.GetValue(card) is { } file ? ModelCard.Load(Paths.Existing(file))
                    : isDefault ? null
                    : ModelFinder.Card(parsed.GetValue(model)!);
                TaskModule module = ModuleOf(text, parsed.GetValue(task), given);
                ModelCard chosen = given ?? ModelFinder.Card(module.DefaultModel);
                if (parsed.GetValue(card) is null && parsed.GetValue(predictions) is null)
                    ModelFinder.SayDefault(parsed, model, parsed.GetValue(weights), module);
                var request = new EvalRequest
                {
                    Data = text,
                    Task = module.Task,
                    Card = chosen,
                    Weights = parsed.GetValue(weights),
                    Ema = parsed.GetValue(ema),
                    Labels = parsed.GetValue(labels),
                    Split = parsed.GetValue(split),
                    Batch = parsed.GetValue(batch) is > 0 and var size ? size : module.EvalBatch,
                    CreateEngine = () => engine.Create(parsed),
                    OfficialPsnr = parsed.GetValue(officialPsnr),
                    Detection = detection.Read(parsed, module.Task),
                    Json = parsed.GetValue(json),
                };
                return parsed.GetValue(predictions) is { } found
                    ? await module.ScoreAsync(request, found, cancellationToken).ConfigureAwait(false)
                    : await module.EvaluateAsync(request, cancellationToken).ConfigureAwait(false);
            }
        );
        return command;
    }

    // The task that was named decides, then the model's; else the first one that the data is for.
    private static TaskModule ModuleOf(string data, string? task, ModelCard? card)
    {
        ImmutableArray<TaskModule> modules = TaskModules.OfData(data);
        if (task is not null && ModelTask.Find(task) is { } asked)
        {
            TaskModule named = TaskModules.Of(asked);
            return modules.Contains(named)
                ? named
                : throw new UsageException($"'{data}' is not data for {named.Task}; {named.AdviceFor(modules[0])}.");
        }

        return modules.FirstOrDefault(module => module.Task == card?.Options.Task) ?? modules[0];
    }
}
