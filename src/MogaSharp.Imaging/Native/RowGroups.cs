namespace MogaSharp.Imaging.Native;

/// <summary>How many rows are read at once.</summary>
internal static class RowGroups
{
    // Each group is allocated twice by libvips and once here. Of this size they stay in the caches, and none is returned to the system each
    // time.
    private const int MaxBytes = 24_000;

    /// <summary>The rows of a group, at least 1.</summary>
    /// <param name="rowBytes">The bytes of a row's samples.</param>
    public static int Rows(int rowBytes) => Math.Max(1, MaxBytes / rowBytes);
}
