using System.Security.Cryptography;
using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Weights.Tests;

/// <summary>
/// Damaged copies of files, thousands by default and many more with MOGA_LONG_TESTS=1. Whatever the bytes are, reading
/// everything either works or ends in a <see cref="CheckpointFormatException"/>, soon and without much memory.
/// </summary>
public sealed class FuzzTests : IDisposable
{
    private const long AllowedBytes = 256 << 20;
    private const int MaxSeedSize = 140_000;

    private static readonly TimeSpan AllowedTime = TimeSpan.FromSeconds(5);
    private static readonly int Rounds = Environment.GetEnvironmentVariable("MOGA_LONG_TESTS") == "1" ? 100_000 : 3_000;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Damaged_files_are_read_or_refused()
    {
        byte[][] seeds =
        [
            .. Fixtures
                .Manifest.Keys.Concat(Fixtures.Good.Select(name => Fixtures.Manifest[name].Expected!))
                .Distinct()
                .Select(name => File.ReadAllBytes(Fixtures.PathOf(name)))
                .Where(bytes => bytes.Length is > 0 and <= MaxSeedSize),
        ];
        Run(2 * Rounds, random => Mutation.Apply(random, Pick(random, seeds), Pick(random, seeds)));
    }

    [Fact]
    public void Damaged_pickles_in_sound_zip_files_are_read_or_refused()
    {
        KeyValuePair<string, byte[]>[][] seeds = [.. Fixtures.Manifest.Keys.Select(RecordsOf).Where(records => records.Any(IsPickle))];
        Assert.InRange(seeds.Length, 50, 200);
        Run(
            Rounds,
            random =>
            {
                byte[] other = Pick(random, seeds).First(IsPickle).Value;
                return Zip(
                    Pick(random, seeds)
                        .Select(record => IsPickle(record) ? new(record.Key, Mutation.Apply(random, record.Value, other)) : record)
                );
            }
        );
    }

    // Records of a zip file have check sums, so what is not refused was damaged where nothing is read.
    [Fact]
    public void A_zip_file_with_one_damaged_byte_is_refused_or_gives_what_the_sound_one_gives()
    {
        string[] names = [.. Fixtures.Good.Where(name => RecordsOf(name).Length > 0)];
        Assert.InRange(names.Length, 10, 200);
        string path = _folder.File("fuzzed");
        int read = 0;
        for (int seed = 0; seed < Rounds; seed++)
        {
            var random = new Random(seed);
            string name = Pick(random, names);
            byte[] bytes = File.ReadAllBytes(Fixtures.PathOf(name));
            int at = random.Next(bytes.Length);
            bytes[at] ^= (byte)random.Next(1, 256);
            File.WriteAllBytes(path, bytes);
            string[] found;
            try
            {
                found = Contents(path);
            }
            catch (CheckpointFormatException)
            {
                continue;
            }

            Assert.True(Contents(Fixtures.PathOf(name)).SequenceEqual(found), $"Seed {seed}: {name} at {at}");
            read++;
        }

        Assert.InRange(read, Rounds / 100, Rounds * 9 / 10);
    }

    [Fact]
    public void Damaged_headers_of_safetensors_files_are_read_or_refused()
    {
        byte[] file = File.ReadAllBytes(Fixtures.PathOf("f_tricky.pth.expected.safetensors"));
        int length = (int)BitConverter.ToInt64(file);
        byte[] header = file[8..(8 + length)];
        Run(
            Rounds,
            random =>
            {
                byte[] damaged = Mutation.Apply(random, header, header);
                return [.. BitConverter.GetBytes((long)damaged.Length), .. damaged, .. file[(8 + length)..]];
            }
        );
    }

    [Fact]
    public void Pickles_of_any_instructions_are_read_or_refused() =>
        Run(
            Rounds,
            random =>
            {
                var pickle = new RandomPickle(random);
                return PickleBuilder.FileWith(pickle.WriteTo);
            }
        );

    private void Run(int rounds, Func<Random, byte[]> make)
    {
        string path = _folder.File("fuzzed");
        int read = 0;
        for (int seed = 0; seed < rounds; seed++)
        {
            byte[] bytes = make(new Random(seed));
            File.WriteAllBytes(path, bytes);
            long before = GC.GetAllocatedBytesForCurrentThread();
            TimeSpan used = Environment.CpuUsage.TotalTime;
            try
            {
                ReadEverything(path);
                read++;
            }
            catch (CheckpointFormatException)
            {
                // As it should be.
            }
            catch (Exception problem)
            {
                Assert.Fail($"Seed {seed} ({bytes.Length} bytes) escaped: {problem}");
            }

            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated <= AllowedBytes, $"Seed {seed} ({bytes.Length} bytes) allocated {allocated} bytes.");
            // The processor's time, not the clock's: a busy machine is no reason to fail.
            used = Environment.CpuUsage.TotalTime - used;
            Assert.True(used <= AllowedTime, $"Seed {seed} ({bytes.Length} bytes) took {used}.");
        }

        // Some damage hits what does not matter. If none did, or all, the mutations would miss the point.
        Assert.InRange(read, rounds / 1000, rounds * 9 / 10);
    }

    private static void ReadEverything(string path)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        foreach (TensorEntry tensor in checkpoint.Tensors)
        {
            if (tensor.DType.IsFloatingPoint())
                tensor.ToTensor();
            else
                tensor.ToInt64();
        }

        checkpoint.Root.ToJson();
        StateDict.From(checkpoint);
    }

    // Names, types, shapes and a hash of each tensor, and what lies beside them.
    private static string[] Contents(string path)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        return
        [
            .. checkpoint.Tensors.Select(tensor =>
                $"{tensor.Name} {tensor.DType} {tensor.Shape} {Convert.ToHexString(SHA256.HashData(tensor.ToBytes()))}"
            ),
            checkpoint.Root.ToJson(),
        ];
    }

    private static T Pick<T>(Random random, T[] seeds) => seeds[random.Next(seeds.Length)];

    private static bool IsPickle(KeyValuePair<string, byte[]> record) => record.Key.EndsWith("/data.pkl", StringComparison.Ordinal);

    /// <summary>The records of a small zip file; none when it is something else, or broken itself.</summary>
    private static KeyValuePair<string, byte[]>[] RecordsOf(string name)
    {
        using var file = new FileBytes(Fixtures.PathOf(name));
        if (file.Length > MaxSeedSize)
            return [];
        try
        {
            return [.. ZipDirectory.Read(file, CheckpointLimits.Default).Select(pair => KeyValuePair.Create(pair.Key, Bytes(pair.Value)))];
        }
        catch (CheckpointFormatException)
        {
            return [];
        }

        static byte[] Bytes(ByteRange record)
        {
            byte[] bytes = new byte[record.Length];
            record.Read(0, bytes);
            return bytes;
        }
    }

    private static byte[] Zip(IEnumerable<KeyValuePair<string, byte[]>> records)
    {
        using var stream = new MemoryStream();
        var zip = new ZipWriter(stream);
        foreach ((string name, byte[] content) in records)
            zip.Add(name, content);
        zip.Finish();
        return stream.ToArray();
    }
}
