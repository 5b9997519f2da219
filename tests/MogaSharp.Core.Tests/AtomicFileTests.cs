using MogaSharp.Testing;

namespace MogaSharp.Core.Tests;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_is_replaced_when_it_is_complete()
    {
        string path = _folder.File("a.bin");
        File.WriteAllText(path, "old");
        using (var file = new AtomicFile(path))
        {
            file.Stream.Write("new"u8);
            file.Stream.Flush();
            Assert.Equal("old", File.ReadAllText(path));
            file.Commit();
            Assert.Equal("new", File.ReadAllText(path));
        }

        Assert.Equal([path], Directory.GetFiles(_folder.FullName));
    }

    [Fact]
    public void What_fails_leaves_the_old_file_and_nothing_else()
    {
        string path = _folder.File("a.bin");
        File.WriteAllText(path, "old");
        Assert.Throws<InvalidDataException>(() =>
            AtomicFile.Write(
                path,
                stream =>
                {
                    stream.Write("half"u8);
                    throw new InvalidDataException("enough");
                }
            )
        );
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder.FullName));
    }

    [Fact]
    public void A_folder_is_not_replaced()
    {
        string path = Directory.CreateDirectory(_folder.File("sub")).FullName;
        IOException problem = Assert.Throws<IOException>(() => AtomicFile.Write(path, "x"u8));
        Assert.Equal($"'{path}' is a folder.", problem.Message);
        Assert.Equal([path], Directory.GetFileSystemEntries(_folder.FullName));
    }

    [Fact]
    public void A_device_is_not_replaced()
    {
        IOException problem = Assert.Throws<IOException>(() => AtomicFile.Write("/dev/moga-test", "x"u8));
        Assert.Equal("'/dev/moga-test' is a device, not a regular file.", problem.Message);
        Assert.False(File.Exists("/dev/moga-test"));
    }

    [Fact]
    public void The_reason_of_a_failure_has_no_path_and_no_full_stop()
    {
        IOException failure = Assert.ThrowsAny<IOException>(() => new FileStream(_folder.File("none/a.bin"), FileMode.CreateNew));
        Assert.Equal("Could not find a part of the path '" + _folder.File("none/a.bin") + "'", SystemMessage.Reason(failure));
        Assert.Equal("No space left on device", SystemMessage.Reason(new IOException("No space left on device : '/a/b'.")));
        Assert.Equal("Bad", SystemMessage.Reason(new ArgumentException("Bad.", "name")));
    }
}
