namespace MogaSharp.Fuzz.Tests;

/// <summary>What a target lets pass, and what it reports.</summary>
public sealed class FuzzTargetTests
{
    private static readonly byte[] Content = [1, 2, 3];

    [Fact]
    public void The_documented_exception_is_a_refusal_and_others_get_through()
    {
        Assert.Null(Target(_ => { }).Run(Content));
        Assert.Equal("no", Target(_ => throw new FormatException("no")).Run(Content));
        Assert.Throws<IndexOutOfRangeException>(() => Target(input => input.Content[Content.Length] = 0).Run(Content));
        // Of a derived type nobody was told.
        Assert.Throws<UriFormatException>(() => Target(_ => throw new UriFormatException("no")).Run(Content));
    }

    [Fact]
    public void Too_much_memory_is_reported_even_when_the_input_is_refused()
    {
        var problem = Assert.Throws<FuzzException>(() =>
            Target(_ =>
                {
                    GC.KeepAlive(new byte[FuzzTarget.MaxAllocated(Content.Length)]);
                    throw new FormatException("no");
                })
                .Run(Content)
        );
        Assert.StartsWith("test: an input of 3 bytes made the reader allocate ", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Readers_get_bytes_text_and_a_file_that_is_gone_afterwards()
    {
        string path = "";
        Target(input =>
            {
                path = input.ToFile();
                Assert.Equal(("x.bin", "x.bin"), (Path.GetFileName(path), input.Name));
                Assert.Equal("\u0001\u0002\u0003", input.Text);
                Assert.Equal(Content, File.ReadAllBytes(path));
                Assert.Equal([9], File.ReadAllBytes(input.ToFile([9])));
            })
            .Run(Content);
        Assert.False(Directory.Exists(Path.GetDirectoryName(path)));
    }

    [Fact]
    public void An_unknown_target_is_answered_with_those_that_exist()
    {
        var problem = Assert.Throws<ArgumentException>(() => FuzzTarget.Find("x"));
        Assert.Contains("no target 'x'; there are pytorch-zip, ", problem.Message, StringComparison.Ordinal);
    }

    private static FuzzTarget Target(Action<FuzzInput> read) => new("test", "x.bin", typeof(FormatException), read);
}
