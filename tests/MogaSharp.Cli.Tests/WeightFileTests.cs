using System.Diagnostics;
using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Testing;
using MogaSharp.Weights;

namespace MogaSharp.Cli.Tests;

/// <summary><c>moga inspect</c> and <c>moga convert</c>.</summary>
public sealed class WeightFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("b_state_dict.pth", "PyTorchZip")]
    [InlineData("c_legacy.pth", "PyTorchLegacy")]
    public async Task Inspect_shows_tensors_types_and_shapes(string name, string format)
    {
        using Checkpoint expected = Checkpoint.Open(Fixtures.Checkpoint(name));
        JsonElement json = (await Moga.RunAsync("inspect", Fixtures.Checkpoint(name), "--json")).Json;
        Assert.Equal(format, json.GetProperty("format").GetString());
        Assert.Equal(expected.Tensors.Sum(tensor => tensor.Shape.ElementCount), json.GetProperty("elements").GetInt64());
        Assert.Equal(
            expected.Tensors.Select(tensor => tensor.ToString()),
            json.GetProperty("tensors")
                .EnumerateArray()
                .Select(tensor =>
                    $"{tensor.GetProperty("name")}: {tensor.GetProperty("dtype")} "
                    + $"{new Shape([.. tensor.GetProperty("shape").EnumerateArray().Select(e => e.GetInt64())])}"
                )
        );
    }

    [Fact]
    public async Task Inspect_shows_metadata_and_values()
    {
        CheckpointWriter.SaveSafetensors(
            _folder.File("m.safetensors"),
            [TensorEntry.FromTensor("t", new Tensor(new Shape(2, 3)))],
            [new("made", "by hand")]
        );
        string text = (await Moga.RunAsync("inspect", _folder.File("m.safetensors"))).Succeeded().Output;
        Assert.Contains("metadata made = by hand", text, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^t +Float32 +2x3$", text);
        Assert.Equal(
            "by hand",
            (await Moga.RunAsync("inspect", _folder.File("m.safetensors"), "--json"))
                .Json.GetProperty("metadata")
                .GetProperty("made")
                .GetString()
        );
        Assert.Contains(
            "value epoch = ",
            (await Moga.RunAsync("inspect", Fixtures.Checkpoint("a_timm_saver.pth.tar"))).Succeeded().Output,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("os_system.pth")]
    [InlineData("billion_laughs.pth")]
    [InlineData("zip_bomb.pth")]
    [InlineData("git_lfs_pointer.pth")]
    [InlineData("html_page.pth.tar")]
    [InlineData("empty.pth")]
    [InlineData("huge_expand.pth")]
    [InlineData("st_header_len_huge.safetensors")]
    [InlineData("st_deep_json.safetensors")]
    [InlineData("storage_key_traversal.pth")]
    [InlineData("truncated_last_byte.pth")]
    public async Task Inspect_refuses_hostile_files(string name) =>
        (await Moga.RunAsync("inspect", Fixtures.Checkpoint("hostile", name))).Failed(1, name);

    [Theory]
    [InlineData(".safetensors", "float16", DType.Float16)]
    [InlineData(".pth", "bfloat16", DType.BFloat16)]
    [InlineData(".pth.tar", "float64", DType.Float64)]
    [InlineData(".pt", "float32", DType.Float32)]
    [InlineData(".bin", null, DType.Float32)]
    public async Task Convert_writes_every_format_and_type(string ending, string? dtype, DType type)
    {
        foreach (string source in new[] { "b_state_dict.pth", "c_legacy.pth", "e2_bfloat16.pth" })
        {
            string target = _folder.File(source + ending),
                back = _folder.File(source + ".back.safetensors");
            (
                await Moga.RunAsync([
                    "convert",
                    Fixtures.Checkpoint(source),
                    target,
                    .. dtype is null ? Array.Empty<string>() : ["--dtype", dtype],
                ])
            ).Succeeded();
            (await Moga.RunAsync("convert", target, back, "--dtype", "float32")).Succeeded();
            using Checkpoint original = Checkpoint.Open(Fixtures.Checkpoint(source)),
                converted = Checkpoint.Open(target),
                returned = Checkpoint.Open(back);
            Assert.Equal(ending == ".safetensors" ? CheckpointFormat.Safetensors : CheckpointFormat.PyTorchZip, converted.Format);
            foreach (
                (TensorEntry was, TensorEntry then, TensorEntry now) in StateDict
                    .From(original)
                    .Tensors.Zip(converted.Tensors, returned.Tensors)
            )
            {
                DType expected = !was.DType.IsFloatingPoint() || dtype is null ? was.DType : type;
                Assert.Equal((was.Name, was.Shape, expected), (then.Name, then.Shape, then.DType));
                Assert.Equal(
                    was.DType.IsFloatingPoint() ? was.ConvertTo(expected).ToTensor().Data : was.ToTensor().Data,
                    now.ToTensor().Data
                );
            }
        }
    }

    [Fact]
    public async Task Convert_takes_the_moving_average_and_keeps_names_when_asked_to()
    {
        string ema = _folder.File("ema.safetensors"),
            kept = _folder.File("kept.safetensors"),
            plain = _folder.File("plain.safetensors");
        (await Moga.RunAsync("convert", Fixtures.Checkpoint("a_timm_saver.pth.tar"), ema, "--ema")).Succeeded();
        using (
            Checkpoint original = Checkpoint.Open(Fixtures.Checkpoint("a_timm_saver.pth.tar")),
                converted = Checkpoint.Open(ema)
        )
        {
            StateDict average = StateDict.From(original, new StateDictOptions { Ema = true });
            Assert.All(average.Tensors.Zip(converted.Tensors), pair => Assert.Equal(pair.First.ToBytes(), pair.Second.ToBytes()));
        }

        (await Moga.RunAsync("convert", Fixtures.Checkpoint("d_model_module_prefix.pth"), kept, "--keep-names")).Succeeded();
        (await Moga.RunAsync("convert", Fixtures.Checkpoint("d_model_module_prefix.pth"), plain)).Succeeded();
        using Checkpoint with = Checkpoint.Open(kept),
            without = Checkpoint.Open(plain);
        Assert.Equal(with.Tensors.Select(tensor => tensor.Name), without.Tensors.Select(tensor => "module." + tensor.Name));
    }

    [Fact]
    public async Task Convert_refuses_what_it_cannot_do_and_leaves_nothing()
    {
        string source = _folder.File(
            "w.pth",
            await File.ReadAllBytesAsync(Fixtures.Checkpoint("b0_state_dict_small.pth"), TestContext.Current.CancellationToken)
        );
        File.CreateSymbolicLink(_folder.File("link.pth"), source);
        Directory.CreateDirectory(_folder.File("folder.pth"));
        foreach (
            (string[] arguments, int code, string message) in new (string[], int, string)[]
            {
                ([source, _folder.File("x.onnx")], 2, "ends in no format that is written"),
                ([source, _folder.File("x.pth"), "--dtype", "int8"], 2, "'int8' is none of float32"),
                ([source, source], 2, "is read and written"),
                ([_folder.File("link.pth"), source], 2, "is read and written"),
                ([source, _folder.File("link.pth")], 2, "is read and written"),
                ([source, _folder.File("folder.pth")], 2, "is a folder"),
                ([source, _folder.File("nowhere/x.pth")], 2, "there is no folder"),
                ([source, "/dev/x.pth"], 1, "is a device"),
                ([source, _folder.File("x.pth"), "--ema"], 1, "has no EMA weights"),
                ([Fixtures.Sample("bag_0018.png"), _folder.File("x.pth")], 1, "The file is an image (PNG), not weights"),
                ([Fixtures.Checkpoint("hostile", "os_system.pth"), _folder.File("x.pth")], 1, "os_system.pth"),
                ([Fixtures.Checkpoint("hostile", "crc_mismatch.pth"), _folder.File("x.pth")], 1, "crc_mismatch.pth"),
            }
        )
            (await Moga.RunAsync(["convert", .. arguments])).Failed(code, message);
        Assert.Equal(["link.pth", "w.pth"], _folder.FileNames.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_full_disk_is_said_and_nothing_stays()
    {
        Directory.CreateDirectory(_folder.File("full"));
        using (Process probe = Moga.StartOther("unshare", _folder.FullName, null, "-rm", "sh", "-c", "mount -t tmpfs -o size=1m none full"))
        {
            await probe.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.SkipUnless(
                probe.ExitCode == 0,
                "This machine does not allow a small file system of one's own (unshare -rm, mount -t tmpfs); run the tests as root."
            );
        }

        foreach (
            string command in new[] { $"convert '{Fixtures.ShippedWeights}' full/x.pth", "export moganet_xtiny_fashion --onnx full/x.pth" }
        )
        {
            string script = $"mount -t tmpfs -o size=1m none full && {Moga.Shell} {command}; code=$?; ls -A full; exit $code";
            using Process shell = Moga.StartOther("unshare", _folder.FullName, null, "-rm", "sh", "-c", script);
            (await Moga.FinishAsync(shell)).Failed(1, "'full/x.pth' cannot be written: No space left on device");
        }
    }

    [Fact]
    public async Task PyTorch_reads_what_was_converted()
    {
        const string Python = "/usr/bin/python3";
        const string Search = "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)";
        using (Process probe = Moga.StartOther(File.Exists(Python) ? Python : "false", null, null, "-c", Search))
        {
            await probe.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.SkipUnless(
                probe.ExitCode == 0,
                "PyTorch for Python is not installed; to install: sudo apt-get install -y python3-torch"
            );
        }

        string path = _folder.File("x.pth");
        (await Moga.RunAsync("convert", Fixtures.ShippedWeights, path, "--dtype", "float32")).Succeeded();
        using Process python = Moga.StartOther(
            Python,
            null,
            null,
            "-c",
            """
            import sys, torch
            state = torch.load(sys.argv[1], map_location="cpu")
            print(len(state), state["head.weight"].dtype, list(state["head.weight"].shape), float(state["head.weight"].double().sum()))
            """,
            path
        );
        using Checkpoint original = Checkpoint.Open(Fixtures.ShippedWeights);
        double sum = original.Tensors.Single(tensor => tensor.Name == "head.weight").ToTensor().Data.Sum(value => (double)value);
        string[] words = (await Moga.FinishAsync(python)).Succeeded().Output.Trim().Split(' ');
        Assert.Equal([$"{original.Tensors.Count}", "torch.float32", "[10,", "192]"], words[..4]);
        Assert.Equal(sum, double.Parse(words[4]), 1e-9);
    }
}
