using System.CommandLine;
using System.Globalization;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Torch;
using MogaSharp.Weights;

namespace MogaSharp.Cli;

/// <summary>Options and steps that several commands have in common.</summary>
internal static class Shared
{
    /// <summary>The model that ships with the program.</summary>
    public const string DefaultModel = "moganet_xtiny_fashion";

    /// <summary>What this run of the program left out, guessed or converted.</summary>
    public static Notices Notices { get; } = new();

    /// <summary>Used for all requests.</summary>
    public static HttpClient Http { get; } =
        new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(20) }) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>The model for video that ships with the program.</summary>
    public const string DefaultVideoModel = "simvp_moga_small";

    /// <summary>The official models and those beside the program.</summary>
    public static ModelCatalogue Catalogue { get; } = ModelCatalogue.Official.WithShipped(Path.Combine(AppContext.BaseDirectory, "models"));

    public static Option<string> Model(string defaultModel = DefaultModel) =>
        new("--model", "-m")
        {
            Description = "A model of the catalogue, or a model card (card.json)",
            DefaultValueFactory = _ => defaultModel,
            HelpName = "name|card",
        };

    /// <summary>Where nobody named a model: says what the demonstration that ships with the program knows, since it has an answer to
    /// everything.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="model">The option that names a model.</param>
    /// <param name="weights">A weight file that replaces the demonstration's own; null for none.</param>
    /// <param name="module">The task, whose demonstration it is.</param>
    public static void SayDefault(ParseResult parsed, Option<string> model, string? weights, TaskModule module)
    {
        if (weights is not null || parsed.GetResult(model)?.Implicit == false)
            return;
        Notices.Hint($"without --model this is {module.DefaultModel}, {module.AboutDefaultModel}");
    }

    public static Option<string?> Weights() =>
        new("--weights", "-w") { Description = "A weight file to use instead of the model's own", HelpName = "file" };

    public static Option<bool> Ema() =>
        new("--ema") { Description = "Take the moving average (state_dict_ema, model_ema and the like) of a checkpoint that holds both" };

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

    public static Option<string?> Labels() =>
        new("--labels") { Description = "Class names: a name per line, or JSON (id2label, class_to_idx)", HelpName = "file" };

    public static Option<int> Threads() => Whole("--threads", "-t", 0, "Threads, this one included; default: one per processor", 1024);

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
                result.AddError($"'{text}' is not a size; give HxW in pixels, such as 224x224, each side from 1 to 16384");
                return null;
            },
        };

    /// <summary>A whole number from 1 or another least; the default may be less.</summary>
    public static Option<int> Whole(string name, string? alias, int defaultValue, string description, int most, int least = 1)
    {
        var option = new Option<int>(name, alias is null ? [] : [alias])
        {
            Description = description,
            HelpName = "n",
            DefaultValueFactory = _ => defaultValue,
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n >= least && n <= most)
                    return n;
                result.AddError($"{name} takes a whole number from {least} to {most}, not '{text}'");
                return 0;
            },
        };
        return option;
    }

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
                result.AddError($"there is no option '{token}'");
        });
        return argument;
    }

    /// <summary>The card that a command line names.</summary>
    public static ModelCard Card(string nameOrPath) => ModelSource.FindCard(nameOrPath, Catalogue);

    /// <summary>The input of a network, checked to fit into memory as one array.</summary>
    /// <exception cref="UsageException">It has too many elements.</exception>
    public static Shape Input(int batch, ModelCard card, (int Height, int Width)? size = null)
    {
        (int height, int width) = size ?? (card.Preprocess.Height, card.Preprocess.Width);
        Shape input = card.CreateDefinition().InputShape(batch, height, width);
        if (input.ElementCount <= Array.MaxLength)
            return input;
        throw new UsageException(
            $"an input of {input} has {input.ElementCount:N0} numbers, more than the {Array.MaxLength:N0} that fit into one; take a "
                + "smaller batch or size"
        );
    }

    /// <summary>The options of a model that has to be a classifier.</summary>
    /// <exception cref="UsageException">It is for another task.</exception>
    public static ClassifierOptions Classifier(ModelCard card) =>
        card.Options as ClassifierOptions
        ?? throw new UsageException(
            $"{card.Name} is a model for {card.Options.Task.ToString().ToLowerInvariant()}; this takes a classifier"
        );

    /// <summary>The device that a command line names.</summary>
    /// <exception cref="UsageException">It is none, or not there.</exception>
    public static TorchDevice Device(string text)
    {
        TorchDevice device = ParseDevice(text);
        return device.IsCuda && TorchRuntime.CudaDeviceCount == 0
            ? throw new UsageException($"there is no device {device}: this libtorch sees no CUDA device")
            : device;
    }

    /// <summary>The device that a command line names, whether it is there or not.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static TorchDevice ParseDevice(string text)
    {
        try
        {
            return TorchDevice.Parse(text);
        }
        catch (FormatException e)
        {
            throw new UsageException(e.Message.TrimEnd('.'));
        }
    }

    /// <summary>Loads a model; downloads its weights with a progress bar when they are not there. Says what was left out or
    /// guessed.</summary>
    public static async Task<LoadedModel> LoadAsync(ModelCard card, string? weights, bool ema, CancellationToken cancellationToken)
    {
        string? path = weights is null ? null : Paths.ExistingWeights(weights);
        var options = new ModelSourceOptions
        {
            Catalogue = Catalogue,
            WeightsPath = path,
            Ema = ema ? true : null,
            Key = WeightsKey,
            Downloader = Downloader(),
        };
        LoadedModel loaded =
            path is not null || card.Weights.Url is null
                ? await ModelSource.LoadAsync(card, options, cancellationToken).ConfigureAwait(false)
                : await Output
                    .WithProgressAsync(
                        $"Downloading {card.Name}",
                        report => ModelSource.LoadAsync(card, options with { Progress = Output.Download(report) }, cancellationToken)
                    )
                    .ConfigureAwait(false);
        Notices.AddRange(loaded.Notes);
        return loaded;
    }

    /// <summary>Downloads into the user's cache.</summary>
    /// <param name="verify">True to check the hash of what is there already.</param>
    public static ModelDownloader Downloader(bool verify = false) =>
        new(Http, new DownloadOptions { Logger = TraceLogger.Instance, Verify = verify });
}
