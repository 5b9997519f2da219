namespace MogaSharp.Imaging.Native;

/// <summary>How many rows are read at once. Few bound the native memory; that their samples stay off the heap of large objects spares collections.</summary>
internal static class RowGroups
{
    // The loaders work in strips or tiles of about this many rows.
    private const int MostRows = 64;
    private const int MostBytes = 80_000;

    /// <summary>The rows of a group, at least 1.</summary>
    /// <param name="rowBytes">The bytes of a row's samples.</param>
    public static int Rows(int rowBytes) => Math.Clamp(MostBytes / rowBytes, 1, MostRows);
}
