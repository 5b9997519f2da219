using System.CommandLine;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Tasks;

namespace MogaSharp.Cli;

/// <summary>The options of commands that look at classifiers through masks of patches: which models, which images, which grid.</summary>
internal sealed class ExplainArguments
{
    /// <param name="images">Images where nobody says; 0 for all.</param>
    /// <param name="batch">Masked images that go through the network at a time.</param>
    /// <param name="tensors">What a file of tensors holds.</param>
    public ExplainArguments(int images, int batch, string tensors)
    {
        Images = CommonOptions.WholeNumber(
            "--images",
            null,
            images,
            "Images, at equal distances in the set" + (images == 0 ? "; default: all" : ""),
            int.MaxValue
        );
        Batch = CommonOptions.WholeNumber("--batch", "-b", batch, "Masked images that go through the network at a time", 4096);
        Tensors = new("--tensors") { Description = $"A file with {tensors}, in place of --data", HelpName = "file" };
    }

    public Option<string[]> Models { get; } =
        new("--model", "-m")
        {
            Description = "Models of the catalogue, or model cards (card.json); several are compared",
            DefaultValueFactory = _ => [ModelFinder.DefaultModel],
            HelpName = "name|card",
            AllowMultipleArgumentsPerToken = true,
        };

    public Option<string?> Weights { get; } = CommonOptions.Weights();

    public Option<bool> Ema { get; } = CommonOptions.Ema();

    public Option<string?> Data { get; } =
        new("--data", "-d")
        {
            Description = "folder:PATH (one folder per class), idx:PATH (MNIST-style idx or idx.gz files), tar:PATTERN (WebDataset shards)",
            HelpName = "kind:path",
        };

    public Option<DatasetSplit> Split { get; } = CommonOptions.Split();

    public Option<string?> Labels { get; } = CommonOptions.Labels();

    public Option<int> Images { get; }

    public Option<int> Grid { get; } =
        CommonOptions.WholeNumber("--grid", null, new InteractionOptions().Grid, "Patches in a row and in a column", 64, min: 2);

    public Option<int> Seed { get; } = CommonOptions.WholeNumber("--seed", null, 1, "Decides what is drawn", int.MaxValue, min: 0);

    public Option<int> Batch { get; }

    public Option<string?> Tensors { get; }

    public EngineOptions Engine { get; } = new();

    public Option<bool> Json { get; } = CommonOptions.Json();

    public Option<string?> Output { get; } = OutputFolder.Option("results (.json, .csv, .svg); with --tensors a safetensors file");

    /// <summary>Adds all to a command, with its own options between the grid and the seed.</summary>
    public void AddTo(Command command, params ReadOnlySpan<Option> own)
    {
        foreach (
            Option option in (Option[])
                [
                    Models,
                    Weights,
                    Ema,
                    Data,
                    Split,
                    Labels,
                    Images,
                    Grid,
                    .. own,
                    Seed,
                    Batch,
                    Tensors,
                    Output,
                    Engine.Engine,
                    Engine.Provider,
                    Engine.Device,
                    Engine.Threads,
                    Json,
                ]
        )
            command.Options.Add(option);
    }

    /// <summary>Checks that there is one kind of input, and what goes with it.</summary>
    /// <returns>The data set, or null for tensors.</returns>
    /// <exception cref="UsageException">There are both or none, or too many models.</exception>
    public DatasetSpec? Input(ParseResult parsed)
    {
        if (parsed.GetValue(Data) is null == parsed.GetValue(Tensors) is null)
            throw new UsageException("Name a data set with --data, or a file of tensors with --tensors.");
        int models = parsed.GetValue(Models)!.Length;
        if (models > 1 && parsed.GetValue(Weights) is not null)
            throw new UsageException($"--weights is for one model, not for {models}; give cards with weights of their own.");
        if (parsed.GetValue(Labels) is not null && parsed.GetValue(Tensors) is not null)
            throw new UsageException("--labels is for data sets; tensors have numbers of classes.");
        if (parsed.GetValue(Tensors) is null)
        {
            DatasetSpec spec = DatasetSpec.Parse(parsed.GetValue(Data)!);
            spec.RequireFolder();
            return spec;
        }

        return models == 1 ? null : throw new UsageException($"--tensors is for one model, not for {models}.");
    }

    /// <summary>Loads the models, which are checked first.</summary>
    public async Task<LoadedModel[]> LoadAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        ModelCard[] cards = [.. parsed.GetValue(Models)!.Select(ModelFinder.Card)];
        foreach (ModelCard card in cards)
            ModelFinder.Classifier(card);
        ModelFinder.SayDefault(parsed, Models, parsed.GetValue(Weights), TaskModules.Of(ModelTask.Classification));
        string? labels = parsed.GetValue(Labels);
        var loaded = new List<LoadedModel>();
        foreach (ModelCard card in cards)
        {
            LoadedModel model = await ModelFinder
                .LoadAsync(card, parsed.GetValue(Weights), parsed.GetValue(Ema), cancellationToken)
                .ConfigureAwait(false);
            loaded.Add(labels is null ? model : LabelFile.Apply(model, labels));
        }

        return [.. loaded];
    }

    /// <summary>Opens what each model sees of the data set.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="spec">The data set.</param>
    /// <param name="models">The models.</param>
    /// <param name="engine">What computes.</param>
    /// <param name="images">Images where the command line does not say; null for the option's default.</param>
    /// <exception cref="UsageException">The grid does not divide what a model sees, or there are no images.</exception>
    public MaskedSet[] Open(ParseResult parsed, DatasetSpec spec, LoadedModel[] models, IInferenceEngine engine, int? images = null)
    {
        int wanted = parsed.GetResult(Images)?.Implicit == false ? parsed.GetValue(Images) : images ?? parsed.GetValue(Images);
        MaskedSet[] sets =
        [
            .. models.Select(model => new MaskedSet(model, spec, parsed.GetValue(Split), wanted, parsed.GetValue(Grid), engine)),
        ];
        if (sets.Any(set => !set.Names.SequenceEqual(sets[0].Names)))
            throw new UsageException("The models order the images of the data set differently; their classes are not the same.");
        return sets;
    }

    /// <summary>Where the results of tensors go.</summary>
    /// <exception cref="UsageException">That was not said.</exception>
    public string TensorOutput(ParseResult parsed) =>
        Paths.Writable(
            parsed.GetValue(Output) ?? throw new UsageException("--tensors needs --output, a safetensors file to write."),
            parsed.GetValue(Tensors),
            parsed.GetValue(Weights)
        );
}
