namespace MogaSharp.Torch.Native;

/// <summary>The libraries that the process has loaded, by Linux's list of them.</summary>
internal static class LoadedLibraries
{
    // Debian's alternatives each have a folder: blas/ for the reference, openblas-openmp/, blis-openmp/, atlas/ and so on for others.
    private const string Reference = "/blas/libblas.so";

    /// <summary>The reference BLAS, if it is loaded.</summary>
    /// <param name="maps">The lines of <c>/proc/PID/maps</c>.</param>
    public static string? UntunedBlas(IEnumerable<string> maps) =>
        maps.Select(line => line.IndexOf('/') is >= 0 and var start ? line[start..] : "")
            .FirstOrDefault(path => path.Contains(Reference, StringComparison.Ordinal));
}
