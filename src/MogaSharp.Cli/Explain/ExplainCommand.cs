using System.CommandLine;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga explain</c>: what networks look at.</summary>
internal static class ExplainCommand
{
    public static Command Create() =>
        new("explain", "Look inside: what speaks for a class, how far layers see, how patches work together")
        {
            ExplainCam.Create(),
            ExplainInteractions.Create(),
            ExplainOcclusion.Create(),
            ExplainReceptiveField.Create(),
        };
}
