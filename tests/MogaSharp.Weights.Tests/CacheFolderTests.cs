using MogaSharp.Testing;

namespace MogaSharp.Weights.Tests;

public sealed class CacheFolderTests
{
    [Fact]
    public void The_cache_folder_follows_the_environment()
    {
        using var folder = new TemporaryFolder();
        string? before = Environment.GetEnvironmentVariable("MOGA_CACHE");
        try
        {
            Environment.SetEnvironmentVariable("MOGA_CACHE", folder.FullName);
            Assert.Equal(folder.FullName, ModelDownloader.DefaultCacheFolder);
            Environment.SetEnvironmentVariable("MOGA_CACHE", null);
            Assert.EndsWith("mogasharp", ModelDownloader.DefaultCacheFolder, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable("MOGA_CACHE", before);
        }
    }

    [Theory]
    [InlineData("/c", "/x", "/h", "/c")]
    [InlineData("", "/x", "/h", "/x/mogasharp")]
    [InlineData(null, "x", "/h", "/h/.cache/mogasharp")]
    [InlineData(null, "", "/not/there", "/not/there/.cache/mogasharp")]
    [InlineData(null, null, "", "/account/.cache/mogasharp")]
    [InlineData(null, null, null, "/account/.cache/mogasharp")]
    [InlineData(null, null, "relative", "/account/.cache/mogasharp")]
    public void The_cache_is_never_in_the_current_folder(string? chosen, string? shared, string? home, string expected)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has other places");
        string? Variable(string name) =>
            name switch
            {
                "MOGA_CACHE" => chosen,
                "XDG_CACHE_HOME" => shared,
                "HOME" => home,
                _ => null,
            };
        Assert.Equal(expected, CacheFolder.Find(Variable, () => "/account"));
        if (!expected.StartsWith("/account", StringComparison.Ordinal))
            return;
        Assert.Contains(
            "Set MOGA_CACHE to a folder",
            Assert.Throws<IOException>(() => CacheFolder.Find(Variable, () => null)).Message,
            StringComparison.Ordinal
        );
    }
}
