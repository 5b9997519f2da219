using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Tasks;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga explain interactions</c>: multi-order interaction strength over a data set, or of tensors.</summary>
internal static partial class ExplainInteractions
{
    private const int Images = 20;

    public static Command Create()
    {
        var defaults = new InteractionOptions();
        var arguments = new ExplainArguments(
            Images,
            defaults.Batch,
            "the tensors 'input' (N, 3, H, W), normalized, and 'labels' (N), and to repeat a draw 'pairs' and 'contexts'"
        );
        Option<int> pairs = CommonOptions.WholeNumber("--pairs", null, defaults.Pairs, "Pairs of patches of each image", 1_000_000),
            contexts = CommonOptions.WholeNumber("--contexts", null, defaults.Contexts, "Contexts of each pair and order", 1_000_000);
        var orders = new Option<string?>("--orders")
        {
            Description = "Orders, 0 to n - 2 of n patches, with commas between; default: 13 from 0 to n - 2",
            HelpName = "list",
        };
        var value = new Option<string>("--value")
        {
            Description = $"What is measured of the true class: {string.Join(", ", InteractionValues.Names)}",
            DefaultValueFactory = _ => InteractionValues.NameOf(defaults.Value),
            HelpName = "name",
        };
        value.AcceptOnlyFromAmong([.. InteractionValues.Names]);
        Option<TimeSpan?> budget = Budget();
        var resume = new Option<bool>("--resume") { Description = "Go on with the run in the output folder; begin one when there is none" };
        var pairsFile = new Option<string?>("--pairs-file")
        {
            Description = "An npy file (images, pairs, 2) with the pairs, by numbers of patches, in place of a draw",
            HelpName = "file",
        };
        var contextsFolder = new Option<string?>("--contexts-dir")
        {
            Description = "The contexts of these pairs: ratio5/NAME.npy (pairs, contexts, m) for 5 % of n - 2, and so on",
            HelpName = "folder",
        };
        var exact = new Option<bool>("--exact")
        {
            Description = $"Tensors: look at all sets of patches, of a --grid up to {MultiOrderInteraction.LargestExactGrid}",
        };
        var command = new Command("interactions", "Measure how much patches tell together, by how much else is seen");
        arguments.AddTo(command, pairs, contexts, orders, pairsFile, contextsFolder, value, budget, resume, exact);
        command.SetAction(
            (parsed, cancellationToken) =>
            {
                DatasetSpec? spec = arguments.Input(parsed);
                var options = new InteractionOptions
                {
                    Grid = parsed.GetValue(arguments.Grid),
                    Value = InteractionValues.Parse(parsed.GetValue(value)!),
                    Orders = Orders(parsed.GetValue(orders)),
                    Pairs = parsed.GetValue(pairs),
                    Contexts = parsed.GetValue(contexts),
                    Seed = parsed.GetValue(arguments.Seed),
                    Batch = parsed.GetValue(arguments.Batch),
                };
                InteractionFiles? files = Files(
                    parsed.GetValue(pairsFile),
                    parsed.GetValue(contextsFolder),
                    options.Grid,
                    spec is null,
                    ((Option[])[pairs, contexts, orders, arguments.Seed]).FirstOrDefault(option =>
                        parsed.GetResult(option)?.Implicit == false
                    )
                );
                if (spec is null)
                    return parsed.GetValue(resume) || parsed.GetValue(budget) is not null
                        ? throw new UsageException("--resume and --budget are for data sets, not for tensors.")
                        : InteractionTensors.RunAsync(parsed, arguments, options, parsed.GetValue(exact), cancellationToken);
                if (parsed.GetValue(exact))
                    throw new UsageException("--exact is for tensors, see --tensors.");
                return DataAsync(
                    parsed,
                    arguments,
                    spec,
                    options,
                    files,
                    parsed.GetValue(budget),
                    parsed.GetValue(resume),
                    cancellationToken
                );
            }
        );
        return command;
    }

    private static async Task<int> DataAsync(
        ParseResult parsed,
        ExplainArguments arguments,
        DatasetSpec spec,
        InteractionOptions options,
        InteractionFiles? files,
        TimeSpan? budget,
        bool resume,
        CancellationToken cancellationToken
    )
    {
        string? folder = parsed.GetValue(arguments.Output);
        if (File.Exists(folder))
            throw new UsageException($"'{folder}' is a file, not a folder.");
        if (resume && folder is null)
            throw new UsageException("--resume needs --output, the folder of the run.");
        // Tells what does not fit before anything is loaded.
        ImmutableArray<int> orders = files?.Orders ?? InteractionDraw.Create(options, 0).Orders;
        LoadedModel[] models = await arguments.LoadAsync(parsed, cancellationToken).ConfigureAwait(false);
        using IInferenceEngine engine = arguments.Engine.Create(parsed);
        MaskedSet[] sets = arguments.Open(parsed, spec, models, engine, files?.Images);
        string[] names = sets[0].Names;
        string draw = files?.Identify(names, cancellationToken) ?? InteractionSettings.OwnDraw;
        int pairs = files?.Pairs ?? options.Pairs,
            contexts = files?.Contexts ?? options.Contexts;
        string data = parsed.GetValue(arguments.Data)!;
        var settings = new InteractionSettings(
            data,
            parsed.GetValue(arguments.Split).ToString(),
            InteractionSettings.Identify(names),
            options.Grid,
            InteractionValues.NameOf(options.Value),
            [.. orders],
            pairs,
            contexts,
            options.Seed,
            [.. models.Select(model => InteractionSettings.Identify(model, parsed.GetValue(arguments.Labels) is not null))],
            draw
        );
        Func<int, InteractionDraw> draws = files is null
            ? image => InteractionDraw.Create(options, image)
            : image => files.Create(image, names[image]);
        var run = new InteractionRun(options, draws, sets, InteractionState.Open(folder, settings, resume), budget, folder);
        int images = await Output
            .WithProgressAsync("Measuring", report => Task.Run(() => run.Run(engine, report, cancellationToken), cancellationToken))
            .ConfigureAwait(false);
        Notices.OfThisRun.Flush();
        var result = new InteractionReport(
            data,
            images,
            names.Length,
            options.Grid,
            settings.Value,
            pairs,
            contexts,
            files is null ? options.Seed : null,
            files is null ? null : draw,
            run.Curves(images),
            Notices.OfThisRun.AllOrNull
        );
        if (folder is not null)
            result.Save(folder);
        if (parsed.GetValue(arguments.Json))
            Output.Json(result, CliJson.Printed.InteractionReport);
        else
            result.Print();
        return ExitCode.Success;
    }

    private static InteractionFiles? Files(string? pairs, string? contexts, int grid, bool isOfTensors, Option? other)
    {
        if (pairs is null && contexts is null)
            return null;
        if (isOfTensors)
            throw new UsageException(
                "--pairs-file and --contexts-dir are for data sets; tensors have 'pairs' and 'contexts' of their own."
            );
        if (pairs is null || contexts is null)
            throw new UsageException("--pairs-file and --contexts-dir go together.");
        return other is null
            ? new InteractionFiles(pairs, contexts, grid)
            : throw new UsageException($"{other.Name} is for draws; --pairs-file and --contexts-dir say what is measured.");
    }

    private static ImmutableArray<int> Orders(string? text) =>
        text is null
            ? []
            :
            [
                .. text.Split(',', StringSplitOptions.TrimEntries)
                    .Select(part =>
                        int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int order)
                            ? order
                            : throw new UsageException($"--orders takes whole numbers with commas between, not '{text}'.")
                    )
                    .Distinct()
                    .Order(),
            ];

    private static Option<TimeSpan?> Budget() =>
        new("--budget")
        {
            Description = "Begin no further image after this time, such as 90s, 30m or 1h30m, and report on those that are measured",
            HelpName = "time",
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                Match match = Times().Match(text);
                if (match.Success && text.Length > 0)
                    return new TimeSpan(Part(match, "h"), Part(match, "m"), Part(match, "s"));
                result.AddError($"--budget takes a time such as 90s, 30m or 1h30m, not '{text}'.");
                return null;
            },
        };

    private static int Part(Match match, string unit) =>
        match.Groups[unit].Success ? int.Parse(match.Groups[unit].ValueSpan, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex("^(?:(?<h>[0-9]{1,4})h)?(?:(?<m>[0-9]{1,6})m)?(?:(?<s>[0-9]{1,6})s)?$")]
    private static partial Regex Times();
}
