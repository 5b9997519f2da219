using System.CommandLine;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Tasks;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga explain occlusion</c>: accuracy while patches are dropped, over a data set; or the logits, of tensors.</summary>
internal static class ExplainOcclusion
{
    private const int MaxRuns = 1000;
    private static readonly string[] Drops = ["random", "salient", "nonsalient"];
    private static readonly string[] Baselines = ["black", "mean"];

    public static Command Create()
    {
        var defaults = new OcclusionOptions();
        var arguments = new ExplainArguments(0, defaults.Batch, "the tensors 'input' (N, 3, H, W), pixels from 0 to 1, and 'dropped'");
        Option<int> runs = CommonOptions.WholeNumber("--runs", null, defaults.Runs, "Draws for each image", MaxRuns);
        Option<string> baseline = Choice("--baseline", "What dropped patches show: black, or the mean color", Baselines),
            drop = Choice("--drop", "Which patches go first; salient: by Grad-CAM of the class that the model finds", Drops);
        var shared = new Option<bool>("--shared-draw") { Description = "One draw for all images of a batch, not one for each image" };
        var command = new Command("occlusion", "Measure accuracy while more and more patches of the images are dropped");
        arguments.AddTo(command, runs, baseline, drop, shared);
        command.SetAction(
            (parsed, cancellationToken) =>
            {
                DatasetSpec? spec = arguments.Input(parsed);
                var options = new OcclusionOptions
                {
                    Grid = parsed.GetValue(arguments.Grid),
                    Runs = parsed.GetValue(runs),
                    Baseline = (OcclusionBaseline)Array.IndexOf(Baselines, parsed.GetValue(baseline)),
                    Drop = (OcclusionDrop)Array.IndexOf(Drops, parsed.GetValue(drop)),
                    IsDrawShared = parsed.GetValue(shared),
                    Seed = parsed.GetValue(arguments.Seed),
                    Batch = parsed.GetValue(arguments.Batch),
                };
                if (options.Drop != OcclusionDrop.Random)
                {
                    if (parsed.GetResult(runs)?.Implicit == false || options.IsDrawShared)
                        throw new UsageException("Only --drop random draws: --runs and --shared-draw are for it.");
                    options = options with { Runs = 1 };
                }

                if (spec is not null)
                    return DataAsync(parsed, arguments, spec, options, cancellationToken);
                return options.Drop == OcclusionDrop.Random
                    ? TensorsAsync(parsed, arguments, options, cancellationToken)
                    : throw new UsageException("With --tensors the file's 'dropped' says what is dropped.");
            }
        );
        return command;
    }

    private static async Task<int> DataAsync(
        ParseResult parsed,
        ExplainArguments arguments,
        DatasetSpec spec,
        OcclusionOptions options,
        CancellationToken cancellationToken
    )
    {
        string? folder = parsed.GetValue(arguments.Output);
        if (File.Exists(folder))
            throw new UsageException($"'{folder}' is a file, not a folder.");
        LoadedModel[] models = await arguments.LoadAsync(parsed, cancellationToken).ConfigureAwait(false);
        using IInferenceEngine engine = arguments.Engine.Create(parsed);
        MaskedSet[] sets = arguments.Open(parsed, spec, models, engine);
        OcclusionCounts[] counts = await Output
            .WithProgressAsync(
                "Dropping patches",
                report =>
                    Task.Run(
                        () =>
                            sets.Select(
                                    (set, at) =>
                                        Measure(
                                            set,
                                            options,
                                            engine,
                                            share => report((at + share) / sets.Length, set.Model.Card.Name),
                                            cancellationToken
                                        )
                                )
                                .ToArray(),
                        cancellationToken
                    )
            )
            .ConfigureAwait(false);
        Notices.OfThisRun.Flush();
        // All models see the same files.
        SkippedImage[] skipped = sets[0].ReportSkipped();
        int patches = options.Grid * options.Grid;
        var result = new OcclusionReport(
            parsed.GetValue(arguments.Data)!,
            counts[0].Images,
            options.Grid,
            Drops[(int)options.Drop],
            Baselines[(int)options.Baseline],
            options.IsDrawShared,
            options.Runs,
            options.Seed,
            [.. OcclusionOptions.Counts(patches).Select(count => (double)count / patches)],
            [.. sets.Zip(counts, (set, one) => ModelOcclusion.Of(set.Model.Card.Name, one))],
            skipped.Length == 0 ? null : skipped,
            Notices.OfThisRun.AllOrNull
        );
        if (folder is not null)
            result.Save(folder);
        if (parsed.GetValue(arguments.Json))
            Output.Json(result, CliJson.Printed.OcclusionReport);
        else
            result.Print();
        return skipped.Length == 0
            ? ExitCode.Success
            : Failure.Report(
                $"{skipped.Length} of {sets[0].Names.Length} images could not be read; the figures are those of the others.",
                ExitCode.Failure
            );
    }

    private static OcclusionCounts Measure(
        MaskedSet set,
        OcclusionOptions options,
        IInferenceEngine engine,
        Action<double> report,
        CancellationToken cancellationToken
    )
    {
        using var occlusion = new PatchOcclusion(
            set.Model.Definition.Build(set.Shape),
            set.Model.Weights,
            options,
            engine,
            set.Mean,
            set.StandardDeviation
        );
        int images = set.Names.Length;
        OcclusionCounts? counts = null;
        for (int first = 0; first < images; first += options.Batch)
        {
            int count = Math.Min(options.Batch, images - first),
                start = first;
            LabeledBatch batch = set.Read(first, count, cancellationToken).OnlyRead();
            if (batch.Labels.Length == 0)
                continue;
            var progress = new DirectProgress<double>(share => report((start + (share * count)) / images));
            OcclusionCounts these = occlusion.Measure(batch.Input, batch.Labels, first, progress, cancellationToken);
            counts = counts?.Plus(these) ?? these;
        }

        return counts ?? throw NoneRead(set);
    }

    private static FailureException NoneRead(MaskedSet set)
    {
        set.ReportSkipped();
        return new FailureException($"None of the {set.Names.Length} images can be read.");
    }

    private static async Task<int> TensorsAsync(
        ParseResult parsed,
        ExplainArguments arguments,
        OcclusionOptions options,
        CancellationToken cancellationToken
    )
    {
        string target = arguments.TensorOutput(parsed);
        using var given = new TensorFile(parsed.GetValue(arguments.Tensors)!);
        Tensor pixels = given.Images();
        if (given.Find("dropped") is not { Shape.Rank: > 0 } entry)
            throw new UsageException("--tensors needs the tensor 'dropped', with a 1 for each patch that is dropped.");
        int[] dropped = TensorFile.WholeNumbers(entry, "zeros and ones");
        options = options with { Grid = TensorFile.SideOf(entry) };
        LoadedModel model = (await arguments.LoadAsync(parsed, cancellationToken).ConfigureAwait(false))[0];
        using IInferenceEngine engine = arguments.Engine.Create(parsed);
        Imaging.PreprocessOptions preprocess = model.Card.Preprocess.ToOptions();
        float[] mean = [.. preprocess.Mean],
            deviation = [.. preprocess.StandardDeviation];
        Tensor input = Normalized(pixels, mean, deviation);
        using var occlusion = new PatchOcclusion(model.Definition.Build(input.Shape), model.Weights, options, engine, mean, deviation);
        Tensor clean = occlusion.Logits(input, [], cancellationToken);
        Tensor[] logits =
        [
            .. dropped
                .Chunk(options.Grid * options.Grid)
                .Select(row => occlusion.Logits(input, [.. row.Index().Where(p => p.Item != 0).Select(p => p.Index)], cancellationToken)),
        ];
        long[] outer = [.. entry.Shape.Extents[..^1]];
        int[] best = Best(clean);
        TensorFile.Write(
            target,
            new Dictionary<string, Tensor>
            {
                ["logits"] = new(new Shape([.. outer, .. clean.Shape.Extents]), [.. logits.SelectMany(tensor => tensor.Data)]),
                ["agreement_with_clean"] = new(
                    new Shape([.. outer]),
                    [.. logits.Select(tensor => (float)Best(tensor).Zip(best, (a, b) => a == b ? 1.0 : 0).Average())]
                ),
            }
        );
        return ExitCode.Success;
    }

    private static int[] Best(Tensor logits) =>
        [.. logits.Data.Chunk(logits.Shape[1]).Select(row => System.Numerics.Tensors.TensorPrimitives.IndexOfMax<float>(row))];

    private static Tensor Normalized(Tensor pixels, float[] mean, float[] deviation)
    {
        int plane = pixels.Shape[2] * pixels.Shape[3];
        var result = new Tensor(pixels.Shape);
        for (int i = 0; i < result.Data.Length; i++)
        {
            int channel = i / plane % pixels.Shape[1];
            result.Data[i] = (pixels.Data[i] - mean[channel % mean.Length]) / deviation[channel % deviation.Length];
        }

        return result;
    }

    private static Option<string> Choice(string name, string description, string[] choices)
    {
        var option = new Option<string>(name)
        {
            Description = $"{description}: {string.Join(", ", choices)}",
            DefaultValueFactory = _ => choices[0],
            HelpName = "name",
        };
        option.AcceptOnlyFromAmong(choices);
        return option;
    }
}
