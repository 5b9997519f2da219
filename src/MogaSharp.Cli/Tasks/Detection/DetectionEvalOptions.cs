using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using MogaSharp.Models;

namespace MogaSharp.Cli;

/// <summary>The options of <c>moga eval</c> that are for detection alone.</summary>
internal sealed class DetectionEvalOptions
{
    private const double DefaultScore = 0.3;

    private readonly Option<string?> _output = new("--output", "-o")
    {
        Description = "Detection: a folder for curves (SVG) and tables of classes, confusions and errors (CSV)",
        HelpName = "folder",
    };

    private readonly Option<string?> _curves = new("--curves")
    {
        Description = "Detection: a file for the curves of precision and recall (SVG)",
        HelpName = "file",
    };

    private readonly Option<double> _score = new("--score")
    {
        Description = "Detection: from which score on detections count in the table of confusions",
        HelpName = "number",
        DefaultValueFactory = _ => DefaultScore,
    };

    private readonly Option<ImmutableArray<int>> _most = new("--most")
    {
        Description =
            "Detection: how many detections of a class in an image count, ascending; default: 1,10,100; MMDetection takes 100,300,1000",
        HelpName = "numbers",
        CustomParser = result => Numbers(result.Tokens[0].Value, result.AddError),
    };

    /// <summary>Adds them to the command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in All)
            command.Add(option);
    }

    /// <summary>What the command line says.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="task">The task that is evaluated.</param>
    /// <exception cref="UsageException">One is given to another task, or is wrong.</exception>
    public DetectionEvalSettings Read(ParseResult parsed, ModelTask task)
    {
        if (!TaskModules.Of(task).HasDetectionOptions && All.FirstOrDefault(one => parsed.GetResult(one)?.Implicit == false) is { } other)
            throw new UsageException($"{other.Name} is for detection, and this is {task}.");
        double score = parsed.GetValue(_score);
        if (!(score is >= 0 and <= 1))
            throw new UsageException("--score takes a number from 0 to 1.");
        if (parsed.GetValue(_output) is { } folder && File.Exists(folder))
            throw new UsageException($"'{folder}' is a file, not a folder.");
        return new DetectionEvalSettings(
            parsed.GetValue(_output),
            parsed.GetValue(_curves) is { } curves ? Paths.Writable(curves) : null,
            score,
            parsed.GetValue(_most) is { IsDefault: false } most ? most : [1, 10, 100]
        );
    }

    private Option[] All => [_output, _curves, _score, _most];

    private static ImmutableArray<int> Numbers(string text, Action<string> addError)
    {
        ImmutableArray<int> numbers =
        [
            .. text.Split(',')
                .Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0),
        ];
        if (numbers[0] < 1 || !numbers.Order().Distinct().SequenceEqual(numbers))
            addError($"--most takes numbers that ascend from 1 or more, with commas between, not '{text}'.");
        return numbers;
    }
}

/// <summary>What an evaluation of detections tells beside its figures.</summary>
/// <param name="Output">A folder for curves and tables; null for none.</param>
/// <param name="Curves">A file for the curves; null for none.</param>
/// <param name="Score">The least score of detections in the table of confusions.</param>
/// <param name="Most">The most detections of a class in an image, ascending.</param>
internal sealed record DetectionEvalSettings(string? Output, string? Curves, double Score, ImmutableArray<int> Most);
