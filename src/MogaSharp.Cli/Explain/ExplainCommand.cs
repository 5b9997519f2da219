using System.CommandLine;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga explain</c>: what networks look at.</summary>
internal static class ExplainCommand
{
    public static Command Create() =>
        new("explain", "Look inside: what in an image speaks for a class")
        {
            ExplainCam.Create(),
            ExplainInteractions.Create(),
            ExplainOcclusion.Create(),
        };
}
