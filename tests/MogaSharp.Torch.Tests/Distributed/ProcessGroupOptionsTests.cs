namespace MogaSharp.Torch.Tests;

/// <summary>The variables of torchrun.</summary>
public sealed class ProcessGroupOptionsTests
{
    [Fact]
    public void Torchruns_variables_are_read()
    {
        ProcessGroupOptions options = Read(
            "RANK=3 WORLD_SIZE=8 LOCAL_RANK=1 LOCAL_WORLD_SIZE=2 MASTER_ADDR=node0 MASTER_PORT=29400 GLOO_SOCKET_IFNAME=eth1"
        )!;
        Assert.Equal(
            new ProcessGroupOptions(3, 8, "node0", 29400)
            {
                LocalRank = 1,
                LocalSize = 2,
                NetworkInterface = "eth1",
            },
            options
        );
        ProcessGroupOptions elastic = Read(
            "RANK=0 WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=1 TORCHELASTIC_USE_AGENT_STORE=True TORCHELASTIC_RESTART_COUNT=2"
        )!;
        Assert.Equal((true, "moga/2", (int?)null), (elastic.IsStoreServed, elastic.Prefix, elastic.LocalRank));
    }

    [Theory]
    [InlineData("")]
    [InlineData("MASTER_ADDR=a MASTER_PORT=1")]
    [InlineData("RANK=0 WORLD_SIZE=1")]
    [InlineData("RANK= WORLD_SIZE=")]
    public void One_process_needs_no_group(string variables) => Assert.Null(Read(variables));

    [Theory]
    [InlineData("RANK=0", "RANK is set, but WORLD_SIZE is not.")]
    [InlineData("WORLD_SIZE=2", "WORLD_SIZE is set, but RANK is not.")]
    [InlineData("RANK=0 WORLD_SIZE=2 MASTER_PORT=1", "RANK is set, but MASTER_ADDR is not.")]
    [InlineData("RANK=0 WORLD_SIZE=2 MASTER_ADDR=a", "RANK is set, but MASTER_PORT is not.")]
    [InlineData("RANK=2 WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=1", "RANK is 2, but with a WORLD_SIZE of 2 it is at most 1.")]
    [InlineData("RANK=-1 WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=1", "RANK is '-1', which is not a whole number from 0.")]
    [InlineData("RANK=0 WORLD_SIZE=two MASTER_ADDR=a MASTER_PORT=1", "WORLD_SIZE is 'two', which is not a whole number from 1.")]
    [InlineData(
        "RANK=0 WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=70000",
        "MASTER_PORT is '70000', which is not a whole number from 1 to 65535."
    )]
    [InlineData("RANK=0 WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=1 LOCAL_RANK=x", "LOCAL_RANK is 'x', which is not a whole number from 0.")]
    public void What_is_missing_or_wrong_is_named(string variables, string message) =>
        Assert.StartsWith(message, Assert.Throws<ProcessGroupException>(() => Read(variables)).Message, StringComparison.Ordinal);

    private static ProcessGroupOptions? Read(string variables)
    {
        Dictionary<string, string> pairs = variables
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => pair.Split('='))
            .ToDictionary(pair => pair[0], pair => pair[1]);
        return ProcessGroupOptions.FromEnvironment(pairs.GetValueOrDefault);
    }
}
