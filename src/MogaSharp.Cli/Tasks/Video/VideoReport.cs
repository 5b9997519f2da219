using System.Globalization;
using MogaSharp.Vision;

namespace MogaSharp.Cli;

/// <summary>Prints how good predicted frames are. Two numbers of the official code are not what they are called; each name says which one
/// it is.</summary>
internal static class VideoReport
{
    /// <summary>The numbers by their names in JSON. One that is not finite is null.</summary>
    /// <param name="metrics">The counts.</param>
    /// <param name="withOfficialPsnr">Also what the official code calls PSNR.</param>
    public static IReadOnlyDictionary<string, double?> Numbers(VideoMetrics metrics, bool withOfficialPsnr)
    {
        var numbers = new Dictionary<string, double?>
        {
            ["mse"] = metrics.Mse,
            ["mae"] = metrics.Mae,
            ["rmse"] = metrics.Rmse,
            ["ssim_official"] = metrics.OfficialSsim,
            ["ssim"] = metrics.Ssim,
            ["psnr"] = metrics.Psnr,
        };
        if (withOfficialPsnr)
            numbers["psnr_official"] = metrics.OfficialPsnr;
        return numbers.ToDictionary(pair => pair.Key, pair => pair.Value is { } value && double.IsFinite(value) ? value : (double?)null);
    }

    /// <summary>Prints the numbers in a table, beside published ones where there are any.</summary>
    /// <param name="metrics">The counts.</param>
    /// <param name="withOfficialPsnr">Also what the official code calls PSNR.</param>
    /// <param name="published">Published numbers by their names in JSON.</param>
    public static void Print(VideoMetrics metrics, bool withOfficialPsnr, IReadOnlyDictionary<string, double>? published = null)
    {
        var rows = new List<string[]> { new[] { "metric ", "value", "published" } };
        void Row(string key, string name, double value, string format) =>
            rows.Add([name, Text(value, format), published?.TryGetValue(key, out double known) == true ? Text(known, format) : ""]);

        Row("mse", "MSE (summed over a frame)", metrics.Mse, "F2");
        Row("mae", "MAE (summed over a frame)", metrics.Mae, "F2");
        Row("rmse", "RMSE", metrics.Rmse, "F3");
        Row("ssim_official", "SSIM as in the papers (data range 2)", metrics.OfficialSsim, "F4");
        Row("ssim", "SSIM (data range 1)", metrics.Ssim, "F4");
        Row("psnr", "PSNR in dB", metrics.Psnr, "F2");
        if (withOfficialPsnr)
            Row("psnr_official", "PSNR of the official code (8 bits that wrap around)", metrics.OfficialPsnr, "F2");
        Output.Table(published is { Count: > 0 } ? rows : [.. rows.Select(row => row[..2])]);
    }

    private static string Text(double value, string format) =>
        double.IsNaN(value) ? "-"
        : double.IsInfinity(value) ? "infinite"
        : value.ToString(format, CultureInfo.InvariantCulture);
}
