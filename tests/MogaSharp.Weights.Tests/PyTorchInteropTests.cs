using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Weights.Tests;

/// <summary>Files for PyTorch itself, where it is installed: /usr/bin/python3, or the program named by MOGA_PYTHON.</summary>
public sealed class PyTorchInteropTests : IDisposable
{
    private const string Script = """
        import json, sys, warnings
        warnings.filterwarnings("ignore")
        import torch
        result = []
        for options in ({}, {"weights_only": True}):
            state = torch.load(sys.argv[1], map_location="cpu", **options)
            assert type(state).__name__ == "OrderedDict", type(state)
            rows = []
            for name, tensor in state.items():
                raw = tensor.contiguous().view(-1)
                raw = raw.view(torch.int16) if tensor.dtype == torch.bfloat16 else raw
                rows.append([name, str(tensor.dtype), list(tensor.shape), tensor.is_contiguous(), raw.numpy().tobytes().hex()])
            result.append(rows)
        assert result[0] == result[1]
        torch.save(state, sys.argv[2])
        torch.save(state, sys.argv[3], _use_new_zipfile_serialization=False)
        print(json.dumps(result[0]))
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task PyTorch_reads_what_is_written_and_its_copies_read_back()
    {
        Assert.SkipUnless(
            (
                await Python.Run(
                    TestContext.Current.CancellationToken,
                    "-c",
                    "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)"
                )
            ).ExitCode == 0,
            "PyTorch for Python is not installed."
        );
        TensorEntry[] tensors = [.. WriterTests.AllTypes()];
        string[] files = [_folder.File("written.pth"), _folder.File("zip.pth"), _folder.File("legacy.pth")];
        CheckpointWriter.SavePyTorch(files[0], tensors);
        (int exitCode, string output, string errors) = await Python.Run(TestContext.Current.CancellationToken, ["-c", Script, .. files]);
        Assert.True(exitCode == 0, errors);

        using JsonDocument rows = JsonDocument.Parse(output);
        Assert.Equal(tensors.Length, rows.RootElement.GetArrayLength());
        foreach ((TensorEntry tensor, JsonElement row) in tensors.Zip(rows.RootElement.EnumerateArray()))
        {
            Assert.Equal(tensor.Name, row[0].GetString());
            Assert.Equal(TorchName(tensor.DType), row[1].GetString());
            Assert.Equal(tensor.Shape.Extents.ToArray(), row[2].EnumerateArray().Select(extent => extent.GetInt64()));
            Assert.True(row[3].GetBoolean());
            Assert.Equal(Convert.ToHexStringLower(tensor.ToBytes()), row[4].GetString());
        }

        foreach (string copy in files[1..])
        {
            using Checkpoint read = Checkpoint.Open(copy);
            Assert.Equal(tensors.Select(tensor => tensor.ToString()), read.Tensors.Select(tensor => tensor.ToString()));
            Assert.All(tensors.Zip(read.Tensors), pair => Assert.Equal(pair.First.ToBytes(), pair.Second.ToBytes()));
        }
    }

    private static string TorchName(DType type) => $"torch.{type.ToString().ToLowerInvariant()}";
}
