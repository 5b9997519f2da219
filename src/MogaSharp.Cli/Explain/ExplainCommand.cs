using System.CommandLine;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga explain</c>: what networks look at.</summary>
internal static class ExplainCommand
{
    public static Command Create() =>
        new("explain", "Look inside: what speaks for a class, and how far layers see")
        {
            ExplainCam.Create(),
            ExplainReceptiveField.Create(),
        };
}
