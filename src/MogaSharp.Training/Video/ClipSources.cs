using MogaSharp.Data;

namespace MogaSharp.Training;

/// <summary>Reads the texts that name clips, and knows where data sets lie that are named without a folder.</summary>
public static class ClipSources
{
    /// <summary>Reads a specification.</summary>
    /// <param name="text">KIND:PATH, with options or without.</param>
    /// <param name="inputFrames">The frames that are seen, unless the text says another number.</param>
    /// <param name="outputFrames">The frames that follow, likewise.</param>
    /// <exception cref="DatasetSpecException">It is none, or names no folder and the set is not on this machine.</exception>
    public static ClipSpec Parse(string text, int inputFrames = 10, int outputFrames = 10) =>
        ClipSpec.Parse(text, Folder, inputFrames, outputFrames);

    private static string? Folder(string kind) =>
        kind switch
        {
            "moving-mnist" => KnownFolders.OfMnist(kind),
            "moving-fashion" => KnownFolders.Fashion
                ?? throw new DatasetSpecException($"Fashion-MNIST is not on this machine; {KnownFolders.HowToGetFashion}."),
            _ => null,
        };
}
