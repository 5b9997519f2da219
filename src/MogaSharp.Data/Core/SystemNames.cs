namespace MogaSharp.Data;

/// <summary>Names that systems and programs put beside a user's own folders and files: never classes, images or videos.</summary>
internal static class SystemNames
{
    private static readonly HashSet<string> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        "__MACOSX",
        "@eaDir",
        "#recycle",
        "lost+found",
        "$RECYCLE.BIN",
        "System Volume Information",
        "Thumbs.db",
        "ehthumbs.db",
        "desktop.ini",
    };

    /// <summary>Whether a name is hidden (<c>.ipynb_checkpoints</c>, <c>._1.jpg</c>) or a system's.</summary>
    public static bool IsSystem(string name) => name.StartsWith('.') || Known.Contains(name);

    /// <summary>Whether that is so of any part of a path in an archive, in which <c>.</c> stands for the folder itself.</summary>
    public static bool IsSystemPath(string path) => path.Split('/').Any(part => part is not ("." or "..") && IsSystem(part));

    /// <summary>Whether a name may have bytes that are not UTF-8: the runtime shows them by this character, and cannot open such a
    /// file.</summary>
    public static bool MayBeUndecodable(string name) => name.Contains('\uFFFD', StringComparison.Ordinal);
}
