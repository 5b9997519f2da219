using MogaSharp.Testing;

namespace MogaSharp.Fuzz.Tests;

/// <summary>The inputs of each target, cut off and with bytes changed, the same in every run: each is read or refused, soon.</summary>
public sealed class DamagedInputTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static readonly int Changes = Environment.GetEnvironmentVariable("MOGA_LONG_TESTS") == "1" ? 1000 : 50;

    public static TheoryData<string> Targets => [.. FuzzTarget.All.Select(target => target.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public async Task Damaged_inputs_are_read_or_refused(string name)
    {
        FuzzTarget target = FuzzTarget.Find(name);
        string[] paths = [.. Directory.GetFiles(Path.Combine(Repository.Root, "fuzz", "corpus", name)).Order(StringComparer.Ordinal)];
        int refused = await Task.Run(() => paths.Sum(path => Refusals(target, path)), TestContext.Current.CancellationToken)
            .WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.NotEqual(0, refused);
    }

    private static int Refusals(FuzzTarget target, string path)
    {
        byte[] whole = File.ReadAllBytes(path);
        var random = new Random(whole.Length);
        int refused = 0;
        for (int i = 0; i < Changes; i++)
        {
            byte[] damaged = i % 3 == 0 ? whole[..random.Next(whole.Length)] : Changed(whole, random);
            try
            {
                refused += target.Run(damaged) is null ? 0 : 1;
            }
            catch (Exception problem)
            {
                throw new InvalidOperationException($"{path}, change {i}: {Convert.ToBase64String(damaged)}", problem);
            }
        }

        return refused;
    }

    // Bytes that are others, moved or given twice.
    private static byte[] Changed(byte[] whole, Random random)
    {
        byte[] changed = [.. whole];
        for (int change = random.Next(1, 5); change > 0; change--)
        {
            int at = random.Next(changed.Length),
                length = random.Next(Math.Min(8, changed.Length - at) + 1);
            switch (random.Next(3))
            {
                case 0:
                    changed[at] = (byte)random.Next(256);
                    break;
                case 1:
                    changed[at] ^= (byte)(1 << random.Next(8));
                    break;
                default:
                    changed = [.. changed[..(at + length)], .. changed[at..]];
                    break;
            }
        }

        return changed;
    }
}
