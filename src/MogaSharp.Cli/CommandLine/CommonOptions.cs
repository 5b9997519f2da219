using System.CommandLine;
using System.Globalization;
using MogaSharp.Data;

namespace MogaSharp.Cli;

/// <summary>Options that several commands have in common.</summary>
internal static class CommonOptions
{
    /// <summary>Where the weights lie in a file; every command that reads a weight file has it.</summary>
    public static Option<string?> Key { get; } =
        new("--key")
        {
            Description = "Where the weights lie in the file, such as model/state_dict or teacher; without it the place is found",
            HelpName = "path",
        };

    /// <summary>What the command line gives for <see cref="Key"/>, if the command has it.</summary>
    public static string? WeightsKey { get; set; }

    /// <summary>Adds <see cref="Key"/> to the commands that read a weight file.</summary>
    public static void AddKey(Command root)
    {
        foreach (Command command in root.Subcommands.Where(command => command.Options.Any(option => option.Name is "--ema")))
            command.Options.Add(Key);
    }

    public static Option<string> Model(string defaultModel = ModelFinder.DefaultModel) =>
        new("--model", "-m")
        {
            Description = "A model of the catalogue, or a model card (card.json)",
            DefaultValueFactory = _ => defaultModel,
            HelpName = "name|card",
        };

    public static Option<string?> Weights() =>
        new("--weights", "-w") { Description = "A weight file to use instead of the model's own", HelpName = "file" };

    public static Option<bool> Ema() =>
        new("--ema") { Description = "Take the moving average (state_dict_ema, model_ema and the like) of a checkpoint that holds both" };

    public static Option<string?> Labels() =>
        new("--labels") { Description = "Class names: a name per line, or JSON (id2label, class_to_idx)", HelpName = "file" };

    public static Option<int> Threads() =>
        WholeNumber("--threads", "-t", 0, "Threads, this one included; default: one per processor", 1024);

    public static Option<DatasetSplit> Split() =>
        new("--split")
        {
            Description = "The part of the set: test or train",
            DefaultValueFactory = _ => DatasetSplit.Test,
            HelpName = "part",
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                if (text is not ("test" or "train"))
                    result.AddError($"--split takes test or train, not '{text}'.");
                return text == "train" ? DatasetSplit.Train : DatasetSplit.Test;
            },
        };

    public static Option<bool> Json() => new("--json") { Description = "Print JSON" };

    public static Option<(int Height, int Width)?> Size(
        string name = "--size",
        string description = "Input size, HxW or one number for a square"
    ) =>
        new(name)
        {
            Description = description,
            HelpName = "HxW",
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                string[] sides = text.ToLowerInvariant().Split('x');
                if (
                    sides.Length <= 2
                    && sides.All(side =>
                        int.TryParse(side, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n is > 0 and <= 16384
                    )
                )
                    return (int.Parse(sides[0], CultureInfo.InvariantCulture), int.Parse(sides[^1], CultureInfo.InvariantCulture));
                result.AddError($"'{text}' is not a size; give HxW in pixels, such as 224x224, each side from 1 to 16384.");
                return null;
            },
        };

    /// <summary>An option that takes a whole number; only the default may be outside of the range.</summary>
    public static Option<int> WholeNumber(string name, string? alias, int defaultValue, string description, int max, int min = 1) =>
        new(name, alias is null ? [] : [alias])
        {
            Description = description,
            HelpName = "n",
            DefaultValueFactory = _ => defaultValue,
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n >= min && n <= max)
                    return n;
                result.AddError($"{name} takes a whole number from {min} to {max}, not '{text}'.");
                return 0;
            },
        };

    /// <summary>Refuses what looks like a mistyped option where names or paths are taken.</summary>
    public static Argument<string[]> WithoutOptions(Argument<string[]> argument)
    {
        argument.Validators.Add(result =>
        {
            foreach (
                string token in result
                    .Tokens.Select(token => token.Value)
                    .Where(token => token.StartsWith('-') && token != ImagePaths.Stdin && !File.Exists(token))
            )
                result.AddError($"There is no option '{token}'.");
        });
        return argument;
    }
}
