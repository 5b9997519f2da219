using System.CommandLine;
using MogaSharp.Imaging;

namespace MogaSharp.Cli;

/// <summary>
/// <c>--max-pixels</c> of all commands that read images. It sets the environment variable that the decoder and the processes that a command
/// starts look at, so it is applied before anything is decoded.
/// </summary>
internal static class PixelLimit
{
    private static readonly string[] Commands = ["classify", "detect", "eval", "pose", "predict", "segment", "train", "check"];

    private static readonly Option<string?> Option = new("--max-pixels")
    {
        Description = $"The most pixels of an image, such as 300M; default: {ImageLimits.PixelsVariable}, or what Pillow takes (179M)",
        HelpName = "n",
    };

    /// <summary>Adds the option to the commands that read images.</summary>
    public static void AddTo(RootCommand root)
    {
        foreach (Command command in root.Subcommands.SelectMany(Family).Where(command => Commands.Contains(command.Name)))
            command.Add(Option);
    }

    private static IEnumerable<Command> Family(Command command) => [command, .. command.Subcommands];

    /// <summary>Applies what a command line or the environment says.</summary>
    /// <exception cref="UsageException">That is not a number of pixels.</exception>
    public static void Apply(ParseResult parsed)
    {
        string? given = parsed.CommandResult.Command.Options.Contains(Option) ? parsed.GetValue(Option) : null;
        string? text = given ?? Environment.GetEnvironmentVariable(ImageLimits.PixelsVariable);
        if (string.IsNullOrEmpty(text))
            return;
        if (!ImageLimits.TryParsePixels(text, out long pixels))
            throw new UsageException(
                $"{(given is null ? ImageLimits.PixelsVariable : Option.Name)} takes a number of pixels from 1 to "
                    + $"{Array.MaxLength / 3}, such as 300000000 or 300M, not '{text}'."
            );
        Environment.SetEnvironmentVariable(ImageLimits.PixelsVariable, $"{pixels}");
    }
}
