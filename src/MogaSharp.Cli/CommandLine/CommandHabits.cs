using System.CommandLine;
using MogaSharp.Models;

namespace MogaSharp.Cli;

/// <summary>Which command people mean by a name that there is not.</summary>
internal static class CommandHabits
{
    private static readonly (string Ours, string Theirs)[] Table =
    [
        ("classify", "infer inference recognize recognise classification predict-classes label cls run demo"),
        ("eval", "val valid validate validation test evaluate evaluation score"),
        ("train", "fit finetune fine-tune learn"),
        ("bench", "benchmark speed perf"),
        ("profile", "trace time"),
        ("models", "list ls zoo model"),
        ("pull", "download fetch get install"),
        ("info", "summary show describe params flops"),
        ("inspect", "dump cat keys"),
        ("convert", "to-safetensors"),
        ("export", "onnx to-onnx"),
        ("plan", "graph"),
        ("predict", "forecast video simvp"),
        ("detect", "detection find yolo"),
        ("data", "dataset datasets"),
        ("forward", "features embed"),
    ];

    /// <summary>The command to take instead; null when nothing comes near.</summary>
    /// <param name="group">What has the commands.</param>
    /// <param name="name">The name that there is not.</param>
    public static string? Suggest(Command group, string name)
    {
        string plain = name.ToLowerInvariant().Replace('_', '-');
        string[] known = [.. group.Subcommands.Select(command => command.Name)];
        if (known.Contains(plain))
            return plain;
        foreach ((string ours, string theirs) in Table)
            if (known.Contains(ours) && theirs.Split(' ').Contains(plain, StringComparer.Ordinal))
                return ours;
        string nearest = known.MinBy(command => NameDistance.Between(command, plain))!;
        return NameDistance.Between(nearest, plain) <= (plain.Length < 5 ? 1 : 2) ? nearest : null;
    }
}
