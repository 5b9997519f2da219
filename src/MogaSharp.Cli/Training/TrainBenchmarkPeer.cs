using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Torch;
using MogaSharp.Training;

namespace MogaSharp.Cli;

/// <summary>
/// The official code in Python's PyTorch, training the same network in a process of its own (<c>benchmarks/pytorch_train.py</c>): <c>models/moganet.py</c> of
/// Westlake-AI/MogaNet for classifiers, its folder <c>video_prediction</c> for SimVP.
/// </summary>
internal sealed class TrainBenchmarkPeer : IDisposable
{
    private readonly Process _process;

    /// <summary>Starts it.</summary>
    /// <exception cref="UsageException">The official code has no such network, or not where it was said to be.</exception>
    /// <exception cref="FailureException">There is no Python, or it ended.</exception>
    public TrainBenchmarkPeer(ModelCard card, Shape input, Precision amp, TorchDevice device, int threads, string official)
    {
        (string model, int classes) = card.Options switch
        {
            SimVpOptions options => (Video(card, options, official), 0),
            ClassifierOptions options => (Classifier(card, official), options.NumClasses),
            _ => throw new UsageException($"there is no official code to compare {card.Name} with"),
        };
        string script = FindScript();
        string python = Environment.GetEnvironmentVariable("MOGA_PYTHON") ?? "/usr/bin/python3";
        if (!File.Exists(python)) throw new FailureException($"there is no {python}; MOGA_PYTHON names another Python with torch");
        string[] arguments = [script, official, model, input.ToString(), $"{classes}", $"{threads}", device.ToString(), amp == Precision.Bf16 ? "bf16" : "none"];
        _process = Process.Start(new ProcessStartInfo(python, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Name = Answer();
    }

    /// <summary>PyTorch and its version.</summary>
    public string Name { get; }

    /// <summary>Does one update; how many milliseconds it took.</summary>
    /// <exception cref="FailureException">The peer ended.</exception>
    public double Step()
    {
        _process.StandardInput.WriteLine("step");
        _process.StandardInput.Flush();
        return double.Parse(Answer(), CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static string Classifier(ModelCard card, string official)
    {
        if (Directory.Exists(official)) throw new UsageException($"'{official}' is a folder; for {card.Name} the peer is the file models/moganet.py");
        return MogaNetArch.Names.FirstOrDefault(name => MogaNetArch.Parse(name) == (card.Options as MogaNetOptions)?.Arch)
            ?? throw new UsageException($"the official code has no size like {card.Name}");
    }

    private static string Video(ModelCard card, SimVpOptions options, string official)
    {
        if (!Directory.Exists(Path.Combine(official, "simvp"))) throw new UsageException($"'{official}' has no folder simvp; for {card.Name} the peer is the folder video_prediction");
        if (options.ModelType is TranslatorKind.Vit or TranslatorKind.Swin or TranslatorKind.Mlp or TranslatorKind.ConvNeXt)
            throw new UsageException($"the translator of {card.Name} is made of timm's blocks, which the peer does without");
        return JsonNode.Parse(card.ToJson())!["options"]!.ToJsonString();
    }

    private static string FindScript()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, "benchmarks", "pytorch_train.py") is var script && File.Exists(script)) return script;
        throw new FailureException("benchmarks/pytorch_train.py is not above the program; run moga from the repository");
    }

    private string Answer() => _process.StandardOutput.ReadLine() ?? throw new FailureException("the peer in Python ended; its message is above");
}
