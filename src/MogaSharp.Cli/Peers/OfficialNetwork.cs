using System.Text.Json.Nodes;
using MogaSharp.Models;

namespace MogaSharp.Cli;

/// <summary>
/// A network of the official code, as the scripts under <c>benchmarks</c> find it: <c>models/moganet.py</c> of
/// Westlake-AI/MogaNet for classifiers, its folder <c>video_prediction</c> for SimVP.
/// </summary>
/// <param name="Source">The file or folder.</param>
/// <param name="Model">The name of a size, or the options of a SimVP in JSON.</param>
/// <param name="Classes">The classes; 0 for video.</param>
internal sealed record OfficialNetwork(string Source, string Model, int Classes)
{
    /// <summary>The network that a card describes.</summary>
    /// <exception cref="UsageException">The official code has no such network, or not where it was said to be.</exception>
    public static OfficialNetwork Of(ModelCard card, string official) =>
        card.Options switch
        {
            SimVpOptions options => new(official, Video(card, options, official), 0),
            ClassifierOptions options => new(official, Classifier(card, official), options.NumClasses),
            _ => throw new UsageException($"there is no official code to compare {card.Name} with"),
        };

    /// <summary>A file under <c>benchmarks</c>.</summary>
    /// <exception cref="FailureException">The program does not run from the repository.</exception>
    public static string Script(string name)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, "benchmarks", name) is var script && File.Exists(script))
                return script;
        throw new FailureException($"benchmarks/{name} is not above the program; run moga from the repository");
    }

    /// <summary>Python with torch.</summary>
    /// <exception cref="FailureException">There is none.</exception>
    public static string Python()
    {
        string python = Environment.GetEnvironmentVariable("MOGA_PYTHON") ?? "/usr/bin/python3";
        return File.Exists(python)
            ? python
            : throw new FailureException($"there is no {python}; MOGA_PYTHON names another Python with torch");
    }

    private static string Classifier(ModelCard card, string official)
    {
        if (Directory.Exists(official))
            throw new UsageException($"'{official}' is a folder; for {card.Name} the peer is the file models/moganet.py");
        return MogaNetArch.Names.FirstOrDefault(name => MogaNetArch.Parse(name) == (card.Options as MogaNetOptions)?.Arch)
            ?? throw new UsageException($"the official code has no size like {card.Name}");
    }

    private static string Video(ModelCard card, SimVpOptions options, string official)
    {
        if (!Directory.Exists(Path.Combine(official, "simvp")))
            throw new UsageException($"'{official}' has no folder simvp; for {card.Name} the peer is the folder video_prediction");
        if (options.ModelType is TranslatorKind.Vit or TranslatorKind.Swin or TranslatorKind.Mlp or TranslatorKind.ConvNeXt)
            throw new UsageException($"the translator of {card.Name} is made of timm's blocks, which the peer does without");
        return JsonNode.Parse(card.ToJson())!["options"]!.ToJsonString();
    }
}
