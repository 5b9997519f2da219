using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using MogaSharp.Testing;

namespace MogaSharp.Data.Tests;

public sealed class NpyTests : IDisposable
{
    private const string Good = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }";
    private static readonly byte[] Six = [1, 2, 3, 4, 5, 6];
    private static readonly int Rounds = Environment.GetEnvironmentVariable("MOGA_LONG_TESTS") == "1" ? 200_000 : 5_000;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_written_is_read_back()
    {
        string path = _folder.File("a.npy");
        NpyFile.Save(path, [2, 3], Six);
        using (NpyFile file = NpyFile.Open(path))
        {
            Assert.Equal((NpyType.UInt8, 6L), (file.Type, file.Count));
            Assert.Equal([2, 3], file.Shape);
            byte[] some = new byte[3];
            file.Read(2, some);
            Assert.Equal([3, 4, 5], some);
            float[] floats = new float[6];
            file.Read(0, floats);
            Assert.Equal([1f, 2f, 3f, 4f, 5f, 6f], floats);
        }
        float[] numbers = [.. Enumerable.Range(0, 20_000).Select(i => i / 3f)];
        NpyFile.Save(path, [20_000], numbers);
        Assert.Equal(numbers, Floats(path));
        NpyFile.Save(path, [4, 5000, 1], numbers.Select(number => (double)number).ToArray());
        Assert.Equal(numbers, Floats(path));
        NpyFile.Save(path, [], [0.5f]);
        Assert.Equal([0.5f], Floats(path));
        NpyFile.Save(path, [3, 0], Array.Empty<byte>());
        Assert.Empty(Floats(path));
        Assert.Equal(["a.npy"], _folder.FileNames);
        Assert.Throws<ArgumentException>(() => NpyFile.Save(path, [2, 2], Six));
    }

    [Fact]
    public async Task NumPy_reads_what_is_written_and_the_other_way()
    {
        NpyFile.Save(_folder.File("a.npy"), [2, 3], Six);
        NpyFile.Save(_folder.File("b.npy"), [3], [0.1f, -2f, float.PositiveInfinity]);
        NpyFile.Save(_folder.File("c.npy"), [1, 2], [0.1, 1e300]);
        const string Script = """
            import sys, numpy as np
            f = sys.argv[1] + '/'
            a, b, c = (np.load(f + n + '.npy') for n in 'abc')
            assert a.dtype == np.uint8 and a.tolist() == [[1, 2, 3], [4, 5, 6]]
            assert b.dtype == np.float32 and b.tolist() == np.array([0.1, -2, np.inf], np.float32).tolist()
            assert c.dtype == np.float64 and c.tolist() == [[0.1, 1e300]]
            np.save(f + 'd.npy', np.arange(24, dtype=np.float32).reshape(2, 3, 4))
            np.save(f + 'e.npy', np.asfortranarray(np.arange(6.0).reshape(2, 3)))
            np.save(f + 'f.npy', np.array([1, 2], np.int64))
            np.save(f + 'g.npy', np.array([1, 2], '>f4'))
            np.save(f + 'j.npy', np.zeros(2, np.complex64))
            np.save(f + 'fortran.npy', np.asfortranarray(np.arange(40 * 50 * 60, dtype='>i4').reshape(40, 50, 60)))
            for t in ('b1', 'i1', '<i2', '>u2', '<i4', '>u4', '>i8', '<u8', '>f8', '<f2', '>f2'):
                np.save(f + 'type_%s_%s.npy' % (t[-2:], 'big' if t[0] == '>' else 'little'), np.array([1, 0, 1], t))
            np.save(f + 'h.npy', np.array([{}]), allow_pickle=True)
            np.save(f + 'i.npy', np.zeros(2, [('x', 'u1'), ('y', 'f4')]))
            for v in (2, 3):
                with open(f + 'v%d.npy' % v, 'wb') as o: np.lib.format.write_array(o, np.arange(5, dtype=np.uint8), version=(v, 0))
            """;
        (int exitCode, _, string errors) = await Python.Run(TestContext.Current.CancellationToken, "-c", Script, _folder.FullName);
        Assert.SkipWhen(
            exitCode != 0 && (exitCode == -1 || errors.Contains("No module named", StringComparison.Ordinal)),
            "NumPy is not installed"
        );
        Assert.True(exitCode == 0, errors);
        using (NpyFile file = NpyFile.Open(_folder.File("d.npy")))
            Assert.Equal([2, 3, 4], file.Shape);
        Assert.Equal(Enumerable.Range(0, 24).Select(i => (float)i), Floats(_folder.File("d.npy")));
        Assert.Equal([0f, 1f, 2f, 3f, 4f], Floats(_folder.File("v2.npy")));
        Assert.Equal([0f, 1f, 2f, 3f, 4f], Floats(_folder.File("v3.npy")));
        Assert.Equal([0f, 1f, 2f, 3f, 4f, 5f], Floats(_folder.File("e.npy")));
        Assert.Equal([1f, 2f], Floats(_folder.File("f.npy")));
        Assert.Equal([1f, 2f], Floats(_folder.File("g.npy")));
        Refused("j.npy", "Elements of type '<c8' are not read; booleans, whole numbers and floats of 2, 4 or 8 bytes are");
        foreach (string type in (string[])["b1", "i1", "<i2", ">u2", "<i4", ">u4", ">i8", "<u8", ">f8", "<f2", ">f2"])
            Assert.Equal([1f, 0f, 1f], Floats(_folder.File($"type_{type[^2..]}_{(type[0] == '>' ? "big" : "little")}.npy")));
        // Three extents in Fortran order, more than a piece of elements, and from the middle.
        using (NpyFile file = NpyFile.Open(_folder.File("fortran.npy")))
        {
            float[] some = new float[1000];
            file.Read(70_001, some);
            Assert.Equal(Enumerable.Range(70_001, 1000).Select(i => (float)i), some);
        }
        Refused("h.npy", "Elements of type '|O' are not read");
        Refused("i.npy", "Arrays of records are not read");
    }

    [Fact]
    public void Broken_files_are_refused_with_the_reason()
    {
        RefusedBytes([], "This is not an npy file");
        RefusedBytes("\u0093NUMPX\u0001\0"u8.ToArray(), "This is not an npy file");
        RefusedBytes([.. File(Good, Six)[..30]], "The file ends in its header.");
        RefusedBytes(File(Good, Six)[..9], "The file ends in its header.");
        byte[] version = File(Good, Six);
        version[6] = 4;
        RefusedBytes(version, "The npy format 4.0 is not known");
        RefusedBytes(File(Good, Six[..5]), "The header promises 2 x 3 elements of 1 bytes, 6 bytes in all; there are 5.");
        RefusedBytes(File(Good, [.. Six, 7]), "6 bytes in all; there are 7.");
        RefusedBytes(File(Good.PadRight(12_000), Six), "The header has 12000 bytes; the limit is 10000.");
        RefusedBytes(
            File(Good.Replace("(2, 3)", "(2147483647, 2147483647, 2147483647, 2147483647)", StringComparison.Ordinal), Six),
            "The header promises"
        );
        string[] corrupt =
        [
            Good.Replace("(2, 3)", "(2, 3", StringComparison.Ordinal),
            Good.Replace("(2, 3)", "(-2, 3)", StringComparison.Ordinal),
            Good.Replace("2, 3", "2 3", StringComparison.Ordinal),
            Good.Replace("(2, 3)", "(99999999999, 3)", StringComparison.Ordinal),
            Good.Replace("False", "0", StringComparison.Ordinal),
            Good.Replace("'shape'", "'sharp'", StringComparison.Ordinal),
            Good.Replace("'shape': (2, 3), ", "", StringComparison.Ordinal),
            Good.Replace("'shape'", "'descr'", StringComparison.Ordinal),
            Good[1..],
            Good[..^1],
            Good + "x",
            "",
            "{}",
            Good.Replace("'|u1'", "__import__('os').system('true')", StringComparison.Ordinal),
            Good.Replace("2, 3", string.Concat(Enumerable.Repeat("1, ", 40)), StringComparison.Ordinal),
        ];
        Assert.All(corrupt, text => RefusedBytes(File(text, Six), "The header of the npy file is corrupt"));
        Assert.Equal(
            Six.Select(value => (float)value),
            Floats(_folder.File("x.npy", File("{\"shape\":(2L,3),'fortran_order':False,'descr':'u1'}\n", Six)))
        );
    }

    [Fact]
    public void Reading_outside_and_as_another_type_is_refused()
    {
        NpyFile.Save(_folder.File("a.npy"), [2, 3], Six);
        using NpyFile bytes = NpyFile.Open(_folder.File("a.npy"));
        Assert.Throws<ArgumentOutOfRangeException>(() => bytes.Read(5, new byte[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => bytes.Read(-1, new float[2]));
        NpyFile.Save(_folder.File("b.npy"), [2], [1f, 2f]);
        using NpyFile floats = NpyFile.Open(_folder.File("b.npy"));
        Assert.Throws<InvalidOperationException>(() => floats.Read(0, new byte[2]));
        Assert.Throws<FileNotFoundException>(() => NpyFile.Open(_folder.File("none.npy")));
        // Another process cuts the file off: within this one it is locked.
        using (Process truncate = Process.Start("truncate", ["--size=66", _folder.File("a.npy")]))
            truncate.WaitForExit();
        Assert.Throws<EndOfStreamException>(() => bytes.Read(0, new byte[6]));
    }

    [Fact]
    public void Damaged_files_are_read_or_refused()
    {
        byte[][] seeds =
        [
            File(Good, Six),
            File("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", new byte[16]),
            File("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2, 1), }", new byte[8], 2),
        ];
        int read = 0;
        string path = _folder.File("fuzzed.npy");
        for (int seed = 0; seed < Rounds; seed++)
        {
            var random = new Random(seed);
            byte[] bytes = [.. seeds[random.Next(seeds.Length)]];
            for (int change = random.Next(1, 5); change > 0; change--)
            {
                int at = random.Next(Math.Min(bytes.Length, 80));
                bytes = random.Next(4) switch
                {
                    0 => [.. bytes[..at], .. bytes[Math.Min(at + random.Next(1, 6), bytes.Length)..]],
                    1 => [.. bytes[..at], .. bytes[random.Next(bytes.Length)..Math.Min(bytes.Length, bytes.Length)], .. bytes[at..]],
                    2 => [.. bytes[..at], (byte)"0123456789(),'{}:|<>u1f48 TF"[random.Next(28)], .. bytes[(at + 1)..]],
                    _ => [.. bytes[..at], (byte)random.Next(256), .. bytes[(at + 1)..]],
                };
                if (bytes.Length == 0)
                    break;
            }
            System.IO.File.WriteAllBytes(path, bytes);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                Floats(path);
                read++;
            }
            catch (DatasetException)
            {
                // As it should be.
            }
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        }
        Assert.InRange(read, 1, Rounds - 1);
    }

    private static float[] Floats(string path)
    {
        using NpyFile file = NpyFile.Open(path);
        float[] numbers = new float[file.Count];
        file.Read(0, numbers);
        return numbers;
    }

    private static byte[] File(string header, byte[] data, byte version = 1)
    {
        byte[] text = Encoding.Latin1.GetBytes(header),
            length = new byte[version == 1 ? 2 : 4];
        if (version == 1)
            BinaryPrimitives.WriteUInt16LittleEndian(length, (ushort)text.Length);
        else
            BinaryPrimitives.WriteInt32LittleEndian(length, text.Length);
        return [0x93, .. "NUMPY"u8, version, 0, .. length, .. text, .. data];
    }

    private void RefusedBytes(byte[] bytes, string problem)
    {
        _folder.File("broken.npy", bytes);
        Refused("broken.npy", problem);
    }

    private void Refused(string name, string problem)
    {
        DatasetException exception = Assert.Throws<DatasetException>(() => NpyFile.Open(_folder.File(name)).Dispose());
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
        Assert.StartsWith(_folder.File(name), exception.Message, StringComparison.Ordinal);
    }
}
