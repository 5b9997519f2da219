using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Weights.Tests;

public sealed class WriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>Both formats, by the extension that users know them by.</summary>
    public static TheoryData<string> Formats => ["a.safetensors", "a.pth"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Formats))]
    public void What_is_written_reads_back(string name)
    {
        TensorEntry[] tensors = [.. AllTypes()];
        Save(name, tensors);
        using Checkpoint read = Checkpoint.Open(_folder.File(name));
        Assert.Equal(tensors.Select(tensor => tensor.ToString()), read.Tensors.Select(tensor => tensor.ToString()));
        Assert.All(tensors.Zip(read.Tensors), pair => Assert.Equal(pair.First.ToBytes(), pair.Second.ToBytes()));
        Assert.Equal([name], _folder.FileNames);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Equal_input_gives_equal_bytes(string name)
    {
        Save(name, AllTypes());
        byte[] first = File.ReadAllBytes(_folder.File(name));
        Save(name, AllTypes());
        Assert.Equal(first, File.ReadAllBytes(_folder.File(name)));
    }

    [Fact]
    public void Metadata_reads_back()
    {
        KeyValuePair<string, string>[] metadata = [new("z", "ä \"quoted\" \u0001"), new("a", "")];
        CheckpointWriter.SaveSafetensors(_folder.File("a"), AllTypes(), metadata);
        using Checkpoint read = Checkpoint.Open(_folder.File("a"));
        Assert.Equal(metadata, read.Metadata);
    }

    [Fact]
    public void Storages_of_PyTorch_files_are_aligned_to_64_bytes()
    {
        Save("a.pth", AllTypes());
        using var file = new FileBytes(_folder.File("a.pth"));
        Dictionary<string, ByteRange> records = ZipDirectory.Read(file, CheckpointLimits.Default);
        Assert.All(records.Values, record => Assert.Equal(0, record.Start % 64));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_failure_in_the_middle_leaves_the_old_file(string name)
    {
        string path = _folder.File(name, [1, 2, 3]);
        string source = _folder.File("source.safetensors");
        CheckpointWriter.SaveSafetensors(source, AllTypes());
        Checkpoint closed = Checkpoint.Open(source);
        closed.Dispose();
        Assert.Throws<ObjectDisposedException>(() =>
            Save(name, [.. AllTypes(), .. closed.Tensors.Select(tensor => tensor.WithName("b" + tensor.Name))])
        );
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
        Assert.Equal(new[] { name, "source.safetensors" }.Order(), _folder.FileNames.Order());
    }

    [Fact]
    public void A_disk_that_fills_up_leaves_nothing_behind()
    {
        var problem = Assert.Throws<IOException>(() =>
            AtomicFile.Write(
                _folder.File("a"),
                stream => SafetensorsWriter.Write(stream, [.. AllTypes()], []),
                path => new SmallDisk(path, 100)
            )
        );
        Assert.Equal("No space left on device", problem.Message);
        Assert.Empty(_folder.FileNames);
    }

    [Fact]
    public void A_full_device_is_reported()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "There is no /dev/full on this system.");
        using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 1);
        Assert.Throws<IOException>(() => SafetensorsWriter.Write(full, [.. AllTypes()], []));
    }

    [Fact]
    public void A_device_is_not_replaced()
    {
        var problem = Assert.Throws<IOException>(() => CheckpointWriter.SaveSafetensors("/dev/null", AllTypes()));
        Assert.Contains("is a device", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_folder_that_is_not_there_is_reported(string name)
    {
        Assert.Throws<DirectoryNotFoundException>(() => Save(Path.Combine("missing", name), AllTypes()));
        Assert.Empty(_folder.FileNames);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_folder_that_is_a_file_is_reported(string name)
    {
        _folder.File("taken", [1]);
        Assert.ThrowsAny<IOException>(() => Save(Path.Combine("taken", name), AllTypes()));
        Assert.Equal(["taken"], _folder.FileNames);
    }

    [Fact]
    public void A_folder_without_permission_is_reported()
    {
        if (OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess)
        {
            Assert.Skip("Unix permissions, which do not hold for root.");
            return;
        }

        File.SetUnixFileMode(_folder.FullName, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Assert.Throws<UnauthorizedAccessException>(() => Save("a", AllTypes()));
        File.SetUnixFileMode(_folder.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.Empty(_folder.FileNames);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Bad_names_and_empty_files_are_errors(string name)
    {
        TensorEntry tensor = AllTypes().First();
        Assert.Contains(
            $"named '{tensor.Name}'",
            Assert.Throws<ArgumentException>(() => Save(name, [tensor, tensor])).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "1025 characters",
            Assert.Throws<ArgumentException>(() => Save(name, [tensor.WithName(new string('n', 1025))])).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "not valid Unicode",
            Assert.Throws<ArgumentException>(() => Save(name, [tensor.WithName("\ud800")])).Message,
            StringComparison.Ordinal
        );
        Assert.Contains("at least one tensor", Assert.Throws<ArgumentException>(() => Save(name, [])).Message, StringComparison.Ordinal);
        Assert.Empty(_folder.FileNames);
    }

    [Fact]
    public void The_reserved_name_of_safetensors_is_an_error()
    {
        var problem = Assert.Throws<ArgumentException>(() =>
            Save("a.safetensors", [TensorEntry.FromInt64("__metadata__", new Shape(1), [1])])
        );
        Assert.Contains("__metadata__", problem.Message, StringComparison.Ordinal);
        Assert.Empty(_folder.FileNames);
    }

    [Fact]
    public void Too_many_tensors_for_a_PyTorch_file_are_an_error()
    {
        IEnumerable<TensorEntry> tensors = Enumerable.Range(0, 65_001).Select(i => TensorEntry.FromInt64($"{i}", new Shape(), [1]));
        Assert.Contains("65000", Assert.Throws<ArgumentException>(() => Save("a.pth", tensors)).Message, StringComparison.Ordinal);
        Assert.Empty(_folder.FileNames);
    }

    [Fact]
    public void A_PyTorch_file_of_many_tensors_reads_back()
    {
        Save("a.pth", Enumerable.Range(0, 20_000).Select(i => TensorEntry.FromInt64($"{i}", new Shape(), [i])));
        using Checkpoint read = Checkpoint.Open(_folder.File("a.pth"));
        Assert.Equal(Enumerable.Range(0, 20_000).Select(i => (long)i), read.Tensors.Select(tensor => tensor.ToInt64()[0]));
    }

    [Fact]
    public void Entries_check_their_sizes()
    {
        Assert.Contains(
            "does not have 3 bytes",
            Assert.Throws<ArgumentException>(() => TensorEntry.FromBytes("a", DType.Int16, new Shape(2), new byte[3])).Message,
            StringComparison.Ordinal
        );
        TensorEntry entry = TensorEntry.FromTensor("a", new Tensor(new Shape(2)));
        Assert.Contains(
            "the destination 7",
            Assert.Throws<ArgumentException>(() => entry.ReadBytes(new byte[7])).Message,
            StringComparison.Ordinal
        );
        Assert.Contains("not integers", Assert.Throws<InvalidOperationException>(() => entry.ToInt64()).Message, StringComparison.Ordinal);
        Assert.Contains(
            "not to Int8",
            Assert.Throws<ArgumentException>(() => entry.ConvertTo(DType.Int8)).Message,
            StringComparison.Ordinal
        );
        TensorEntry integers = TensorEntry.FromInt64("i", new Shape(1), [1]);
        Assert.Same(integers, integers.ConvertTo(DType.Float16));
    }

    /// <summary>One tensor of each type, with odd shapes and names among them.</summary>
    internal static IEnumerable<TensorEntry> AllTypes()
    {
        yield return TensorEntry.FromTensor(
            "naïve.重み/\"x\\",
            new Tensor(new Shape(2, 3), [0, -0f, float.NaN, float.PositiveInfinity, float.Epsilon, 1])
        );
        yield return TensorEntry.FromTensor("scalar", new Tensor(new Shape(), [2.5f]));
        yield return TensorEntry.FromTensor("empty", new Tensor(new Shape(2, 0, 3)));
        foreach (DType type in Enum.GetValues<DType>())
        {
            byte[] bytes = [.. Enumerable.Range(0, 3 * type.Size()).Select(i => (byte)(type == DType.Bool ? i & 1 : i * 7))];
            yield return TensorEntry.FromBytes($"type.{type}", type, new Shape(3), bytes);
        }
    }

    private void Save(string name, IEnumerable<TensorEntry> tensors)
    {
        if (name.EndsWith(".pth", StringComparison.Ordinal))
            CheckpointWriter.SavePyTorch(_folder.File(name), tensors);
        else
            CheckpointWriter.SaveSafetensors(_folder.File(name), tensors);
    }

    private sealed class SmallDisk(string path, int capacity) : FileStream(path, FileMode.CreateNew, FileAccess.Write)
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (Position + buffer.Length > capacity)
                throw new IOException("No space left on device");
            base.Write(buffer);
        }
    }
}
