using MogaSharp.Testing;

namespace MogaSharp.Fuzz.Tests;

/// <summary>
/// Every input that the fuzzer keeps, and every one that once made a reader crash, goes through the code that is fuzzed (.ci/fuzz).
/// </summary>
public sealed class CorpusTests
{
    // Milliseconds are usual; what takes so long hangs.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public static TheoryData<string> Targets => [.. FuzzTarget.All.Select(target => target.Name)];

    public static TheoryData<string, string> Crashes =>
        [.. FuzzTarget.All.SelectMany(target => Files("crashes", target.Name).Select(path => (target.Name, Path.GetFileName(path))))];

    [Theory]
    [MemberData(nameof(Targets))]
    public async Task Kept_inputs_are_read_or_refused(string name)
    {
        FuzzTarget target = FuzzTarget.Find(name);
        string[] paths = Files("corpus", name);
        var refusals = new List<string?>();
        foreach (string path in paths)
            refusals.Add(await RunAsync(target, path));
        // Inputs that are all refused, or all read, would show little.
        Assert.Contains(refusals, refusal => refusal is null);
        Assert.Contains(refusals, refusal => refusal is { Length: > 0 });
    }

    [Theory]
    [MemberData(nameof(Crashes))]
    public async Task Former_crashes_are_refused(string name, string file) =>
        Assert.NotNull(await RunAsync(FuzzTarget.Find(name), Path.Combine(Repository.Root, "fuzz", "crashes", name, file)));

    [Theory]
    [InlineData("corpus")]
    [InlineData("crashes")]
    [InlineData("dictionaries")]
    public void Files_belong_to_targets(string folder)
    {
        string[] entries = Directory.GetFileSystemEntries(Path.Combine(Repository.Root, "fuzz", folder));
        string[] names = [.. entries.Select(Path.GetFileNameWithoutExtension).OfType<string>()];
        Assert.NotEmpty(names);
        Assert.All(names, name => FuzzTarget.Find(name));
    }

    [Fact]
    public void Files_stay_small()
    {
        string[] files = [.. FuzzTarget.All.SelectMany(target => Files("corpus", target.Name).Concat(Files("crashes", target.Name)))];
        Assert.InRange(files.Sum(path => new FileInfo(path).Length), 1, 400_000);
    }

    private static async Task<string?> RunAsync(FuzzTarget target, string path)
    {
        byte[] content = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        try
        {
            return await Task.Run(() => target.Run(content)).WaitAsync(Patience, TestContext.Current.CancellationToken);
        }
        catch (Exception problem)
        {
            throw new InvalidOperationException($"{path} was neither read nor refused.", problem);
        }
    }

    private static string[] Files(string folder, string target)
    {
        string path = Path.Combine(Repository.Root, "fuzz", folder, target);
        return Directory.Exists(path) ? [.. Directory.GetFiles(path).Order(StringComparer.Ordinal)] : [];
    }
}
