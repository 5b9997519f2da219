using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.RegularExpressions;

namespace MogaSharp.Cli;

/// <summary>Finds what is wrong with a command line, and says what was probably meant.</summary>
internal static partial class CommandLineCheck
{
    /// <summary>A command line as the parser takes it: <c>moga</c> alone and <c>moga help COMMAND</c> ask for help.</summary>
    public static string[] Normalize(string[] arguments) =>
        arguments switch
        {
            [] or ["help"] => ["--help"],
            ["help", .. string[] rest] when !rest[0].StartsWith('-') => [.. rest.TakeWhile(word => !word.StartsWith('-')), "--help"],
            _ => arguments,
        };

    /// <summary>The first mistake; null when there is none.</summary>
    public static string? FindProblem(ParseResult parsed, string[] arguments)
    {
        Command command = parsed.CommandResult.Command;
        if (
            parsed
                .CommandResult.Children.OfType<OptionResult>()
                .Any(option => !option.Implicit && option.Option is HelpOption or VersionOption)
            && !(command is RootCommand && parsed.UnmatchedTokens.Any(token => !token.StartsWith('-')))
        )
            return null;
        string? problem = command.Subcommands.Count > 0 ? OfGroup(parsed) : OfCommand(parsed, arguments);
        return problem is null ? null : $"{problem} '{NameOf(command)} --help' shows the usage.";
    }

    /// <summary>What is written to call a command: <c>moga data check</c>.</summary>
    public static string NameOf(Command command) =>
        command is RootCommand ? "moga" : $"{NameOf(command.Parents.OfType<Command>().Single())} {command.Name}";

    private static string? OfGroup(ParseResult parsed)
    {
        if (parsed.Errors.Count == 0 && parsed.UnmatchedTokens.Count == 0)
            return null;
        Command group = parsed.CommandResult.Command;
        string all = string.Join(", ", group.Subcommands.Select(known => known.Name));
        if (parsed.UnmatchedTokens is not [string wrong, ..])
            return $"No command is given; there are {all}.";
        if (wrong.StartsWith('-'))
            return $"There is no option '{wrong}'{Meant(OptionHabits.Suggest(group, wrong))} The commands are {all}.";

        if (CommandHabits.Suggest(group, wrong) is { } meant)
            return $"There is no command '{wrong}'; did you mean {NameOf(group)} {meant}? The commands are {all}.";
        string hint = group is RootCommand && Exists(wrong) ? $"; to classify images: moga classify {wrong}" : "";
        return $"There is no command '{wrong}'{hint}; the commands are {all}.";
    }

    private static string? OfCommand(ParseResult parsed, string[] arguments)
    {
        Command command = parsed.CommandResult.Command;
        // A missing argument is often only the consequence of an unknown option, so that is told first.
        if (UnknownOption(parsed, arguments) is { } unknown && Array.IndexOf(arguments, unknown) < Array.IndexOf(arguments, command.Name))
            return $"There is no option '{unknown}' before a command; options come after it: {NameOf(command)} {unknown}.";
        if (UnknownOption(parsed, arguments) is { } other)
            return $"There is no option '{other}'{Meant(OptionHabits.Suggest(command, other))}";
        foreach (string token in parsed.UnmatchedTokens.Where(token => Assignment().IsMatch(token)))
        {
            string name = token.Split('=')[0];
            if (OptionHabits.Suggest(command, name, byTableOnly: true) is not { } option)
                continue;
            return $"'{token}' is not an option; did you mean {Value(option, token)}?";
        }

        if (parsed.Errors.Count == 0)
            return null;
        return string.Join(' ', parsed.Errors[0].Message.Split((char[])['\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries));
    }

    private static string? UnknownOption(ParseResult parsed, string[] arguments)
    {
        Command command = parsed.CommandResult.Command;
        int end = Array.IndexOf(arguments, "--");
        string[] before = end < 0 ? arguments : arguments[..end];
        IEnumerable<ArgumentResult> places = parsed.CommandResult.Children.OfType<ArgumentResult>();
        HashSet<string> loose = [.. parsed.UnmatchedTokens, .. places.SelectMany(place => place.Tokens).Select(token => token.Value)];
        foreach (string token in before.Where(token => token.Length > 1 && token[0] == '-' && !Exists(token)))
        {
            if (loose.Contains(token) && !double.TryParse(token, CultureInfo.InvariantCulture, out _))
                return token;
            // "-model x" would be read as "-m odel", so a long name behind one dash is refused before that.
            if (LongBehindOneDash().IsMatch(token) && OptionHabits.Suggest(command, token, byTableOnly: true) is not null)
                return token;
        }

        return null;
    }

    private static string Meant(string? suggestion) => suggestion is null ? "." : $"; did you mean {suggestion}?";

    private static string Value(string option, string token)
    {
        string value = token[(token.IndexOf('=', StringComparison.Ordinal) + 1)..];
        return option.EndsWith("=...", StringComparison.Ordinal) ? option[..^3] + value : $"{option} {value}";
    }

    private static bool Exists(string path) => File.Exists(path) || Directory.Exists(path);

    [GeneratedRegex(@"^-[A-Za-z][A-Za-z_-]+([=:].*)?$")]
    private static partial Regex LongBehindOneDash();

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_-]*=.")]
    private static partial Regex Assignment();
}
