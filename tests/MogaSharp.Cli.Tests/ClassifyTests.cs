using System.Diagnostics;
using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Weights;

namespace MogaSharp.Cli.Tests;

public sealed class ClassifyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Prints_a_line_for_every_picture_of_a_folder()
    {
        Outcome outcome = (
            await Moga.RunInAsync(Repository.Root, null, "classify", "samples/", "--topk", "2", "--threads", "1")
        ).Succeeded();
        // The sample clips and scenes lie in folders of their own.
        Assert.Equal("note: 10 images in folders below 'samples/' left out; 'samples/**' takes them", Assert.Single(outcome.ErrorLines));
        string[] lines = outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Fixtures.LabelledSamples.Count, lines.Length);
        Assert.Matches(@"^samples/ankle_boot_0000\.png: Ankle boot \d\d\.\d%, [A-Z][^,]* \d+\.\d%$", lines[0]);
    }

    [Fact]
    public async Task Prints_an_array_with_an_object_for_each_picture()
    {
        string bag = Fixtures.Sample("bag_0018.png"),
            coat = Fixtures.Sample("coat_0006.png");
        JsonElement[] results = [.. (await Moga.RunAsync("classify", bag, coat, bag, "--json", "-k", "3")).Json.EnumerateArray()];
        Assert.Equal([bag, coat, bag], results.Select(result => result.GetProperty("path").GetString()));
        foreach (JsonElement result in results)
        {
            JsonElement[] predictions = [.. result.GetProperty("predictions").EnumerateArray()];
            Assert.Equal(3, predictions.Length);
            Assert.All(
                predictions,
                p =>
                    Assert.Equal(
                        ["index", "label", "score"],
                        p.EnumerateObject().Select(member => member.Name).Order(StringComparer.Ordinal)
                    )
            );
            Assert.InRange(predictions[0].GetProperty("score").GetDouble(), predictions[1].GetProperty("score").GetDouble(), 1);
            Assert.False(result.TryGetProperty("error", out _));
        }

        Assert.Equal("Bag", results[0].GetProperty("predictions")[0].GetProperty("label").GetString());
        Assert.Equal(4, results[1].GetProperty("predictions")[0].GetProperty("index").GetInt32());
        Assert.Equal(results[0].GetRawText(), results[2].GetRawText());
    }

    [Fact]
    public async Task A_bad_picture_does_not_keep_the_others_from_being_classified()
    {
        File.Copy(Fixtures.Sample("bag_0018.png"), _folder.File("b.png"));
        File.Copy(Fixtures.Sample("coat_0006.png"), _folder.File("d.png"));
        byte[] png = await File.ReadAllBytesAsync(Fixtures.Sample("coat_0006.png"), TestContext.Current.CancellationToken);
        _folder.File("a.png", png[..^40]);
        _folder.File("c.jpg", "hello"u8.ToArray());
        _folder.File("notes.txt", "no picture"u8.ToArray());
        Outcome outcome = await Moga.RunInAsync(_folder.FullName, null, "classify", ".");
        Assert.Equal(1, outcome.ExitCode);
        Assert.Equal(
            ["./b.png: Bag", "./d.png: Coat"],
            outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line[..line.IndexOf(' ', 9)])
        );
        Assert.Equal(3, outcome.ErrorLines.Length);
        Assert.StartsWith("moga: ./a.png: ", outcome.ErrorLines[0], StringComparison.Ordinal);
        Assert.StartsWith("moga: ./c.jpg: This is not a JPEG", outcome.ErrorLines[1], StringComparison.Ordinal);
        Assert.Equal("moga: 2 of 4 images could not be classified.", outcome.ErrorLines[2]);

        outcome = await Moga.RunInAsync(_folder.FullName, null, "classify", "c.jpg", "d.png", "--json");
        Assert.Equal(1, outcome.ExitCode);
        JsonElement results = JsonDocument.Parse(outcome.Output).RootElement;
        Assert.StartsWith("This is not a JPEG", results[0].GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.False(results[0].TryGetProperty("predictions", out _));
        Assert.Equal("Coat", results[1].GetProperty("predictions")[0].GetProperty("label").GetString());
        (await Moga.RunInAsync(_folder.FullName, null, "classify", "c.jpg")).Failed(1, "c.jpg: This is not a JPEG");
    }

    [Fact]
    public async Task A_folder_of_folders_stands_for_all_images_below()
    {
        foreach (string name in new[] { "set/cat/b.png", "set/cat/.hidden.png", "set/dog/deep/a.png", "set/.trash/c.png" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder.File(name))!);
            File.Copy(Fixtures.Sample("bag_0018.png"), _folder.File(name));
        }

        Outcome outcome = (await Moga.RunInAsync(_folder.FullName, null, "classify", "set", "--topk", "1")).Succeeded();
        Assert.Equal(
            ["set/cat/b.png: Bag", "set/dog/deep/a.png: Bag"],
            outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line[..line.LastIndexOf(' ')])
        );
        Assert.Equal(
            "note: no image lies in 'set' itself: the 2 of the folders below are taken, as by 'set/**'",
            Assert.Single(outcome.ErrorLines)
        );
        outcome = (await Moga.RunInAsync(_folder.FullName, null, "classify", "set/cat", "--json")).Succeeded();
        Assert.Equal("note: 1 hidden file in 'set/cat' left out (.hidden.png)", Assert.Single(outcome.ErrorLines));
        Assert.Equal(1, outcome.Json.GetArrayLength());
    }

    [Fact]
    public async Task Names_that_lead_nowhere_say_why()
    {
        File.CreateSymbolicLink(_folder.File("a.png"), _folder.File("gone.png"));
        File.Copy(Fixtures.Sample("bag_0018.png"), _folder.File("b.png"));
        // é in Latin-1: no name in UTF-8.
        using (Process shell = Process.Start("bash", ["-c", $"cp '{_folder.File("b.png")}' '{_folder.FullName}'/$'caf\\xe9.png'"]))
            await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        (await Moga.RunInAsync(_folder.FullName, null, "classify", "a.png")).Failed(1, "a.png: This is a link to");
        Outcome outcome = await Moga.RunInAsync(_folder.FullName, null, "classify", ".", "-k", "1");
        Assert.Equal(1, outcome.ExitCode);
        Assert.StartsWith("./b.png: Bag", outcome.Output, StringComparison.Ordinal);
        Assert.Equal(3, outcome.ErrorLines.Length);
        Assert.Matches(@"^moga: ./a.png: This is a link to '.*gone.png', which does not exist\.$", outcome.ErrorLines[0]);
        Assert.Contains("The name is not valid UTF-8; rename the file", outcome.ErrorLines[1], StringComparison.Ordinal);
        // .NET cannot delete it either.
        using Process remove = Process.Start("bash", ["-c", $"rm '{_folder.FullName}'/caf*"]);
        await remove.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Reads_an_image_from_stdin()
    {
        var start = new ProcessStartInfo("bash", ["-c", $"{Moga.Shell} classify - --topk 1 < '{Fixtures.Sample("bag_0018.png")}'"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Outcome outcome = (await Moga.FinishAsync(Process.Start(start)!)).Succeeded();
        Assert.StartsWith("-: Bag", outcome.Output, StringComparison.Ordinal);
        (await Moga.RunAsync("classify", "-", "-")).Failed(2, "'-' stands for stdin, which can be read only once");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Results_come_one_by_one_and_stay_when_it_is_cancelled(bool json)
    {
        // Minutes of work: the cancellation comes long before its end.
        string card = Fixtures.WriteModel(_folder, Fixtures.Small, side: 512);
        Directory.CreateDirectory(_folder.File("many"));
        for (int i = 0; i < 5000; i++)
            File.CreateSymbolicLink(_folder.File($"many/{i:D4}.png"), Fixtures.Sample("bag_0018.png"));
        using Process process = Moga.Start(
            null,
            null,
            ["classify", _folder.File("many"), "--model", card, "-k", "1", .. json ? ["--json"] : Array.Empty<string>()]
        );
        string? first = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        Assert.False(process.HasExited);
        await Moga.SignalAsync(process, "INT");
        Outcome outcome = await Moga.FinishAsync(process);
        Assert.Equal(130, outcome.ExitCode);
        Assert.Equal("moga: Cancelled.", Assert.Single(outcome.ErrorLines.Except(outcome.Notes)));
        string all = first + "\n" + outcome.Output;
        int count = json
            ? JsonDocument.Parse(all).RootElement.GetArrayLength()
            : all.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;
        Assert.InRange(count, 1, 4999);
        if (!json)
            Assert.All(
                all.Split('\n', StringSplitOptions.RemoveEmptyEntries),
                line => Assert.Matches(@"many/\d{4}\.png: \d \d+\.\d%$", line)
            );
    }

    [Theory]
    [InlineData("--engine onnxruntime --provider tpu", 2, "There is no provider 'tpu'; there are cpu, cuda, dml, coreml, openvino")]
    [InlineData("--engine onnxruntime --provider cpu:1", 2, "The provider cpu has no devices to choose from; write --provider cpu")]
    [InlineData("--engine onnxruntime --provider cuda:x", 2, "'cuda:x' is not a device of cuda; write cuda or cuda:N")]
    [InlineData(
        "--engine onnxruntime --provider cuda:1",
        1,
        "has no provider cuda (CUDAExecutionProvider), only CPUExecutionProvider. The NuGet package Microsoft.ML.OnnxRuntime.Gpu has it."
    )]
    [InlineData("--provider cpu", 2, "--provider cpu needs --engine onnxruntime")]
    [InlineData("--engine torch --provider cuda", 2, "--provider cuda needs --engine onnxruntime")]
    public async Task A_provider_that_is_not_there_is_refused(string options, int exitCode, string message) =>
        (await Moga.RunAsync(["classify", Fixtures.Sample("bag_0018.png"), .. options.Split(' ')])).Failed(exitCode, message);

    [Fact]
    public async Task Every_engine_gives_the_same_classes()
    {
        string bag = Fixtures.Sample("bag_0018.png");
        Assert.StartsWith(
            $"{bag}: Bag",
            (await Moga.RunAsync("classify", bag, "-k", "1", "--engine", "cpu", "--device", "cpu")).Succeeded().Output,
            StringComparison.Ordinal
        );
        (await Moga.RunAsync("classify", bag, "--engine", "cpu", "--device", "cuda")).Failed(2, "--device cuda needs --engine torch");
        string[] onnxRuntime = ["classify", bag, "-k", "1", "--engine", "onnxruntime"];
        Assert.StartsWith(
            $"{bag}: Bag 9",
            (await Moga.RunAsync([.. onnxRuntime, "--provider", "cpu"])).Succeeded().Output,
            StringComparison.Ordinal
        );
        (await Moga.RunAsync([.. onnxRuntime, "--device", "cuda"])).Failed(
            2,
            "--device cuda is for libtorch; ONNX Runtime takes --provider cuda"
        );
        Assert.SkipUnless(Torch.TorchRuntime.IsAvailable, "libtorch is missing");
        Assert.StartsWith(
            $"{bag}: Bag 9",
            (await Moga.RunAsync("classify", bag, "-k", "1", "--engine", "torch")).Succeeded().Output,
            StringComparison.Ordinal
        );
        if (Torch.TorchRuntime.CudaDeviceCount == 0)
            (await Moga.RunAsync("classify", bag, "--device", "cuda")).Failed(2, "There is no device cuda:0");
    }

    [Theory]
    [InlineData("*.png", "a.png bb.png")]
    [InlineData("?.png", "a.png")]
    [InlineData("**/*.png", "a.png bb.png sub/c.png sub/deep/a.png sup/c.png")]
    [InlineData("**", "a.png bb.png sub/c.png sub/deep/a.png sup/c.png")]
    [InlineData("su?/c.png", "sub/c.png sup/c.png")]
    [InlineData("sub/**/?.png", "sub/c.png sub/deep/a.png")]
    [InlineData("**/deep/*", "sub/deep/a.png")]
    [InlineData("./s*b/*.png", "./sub/c.png")]
    [InlineData(".hid*/*.png", ".hidden/h.png")]
    public async Task Globs_are_expanded(string glob, string expected)
    {
        foreach (string name in new[] { "a.png", "bb.png", "sub/c.png", "sub/deep/a.png", "sup/c.png", ".hidden/h.png" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder.File(name))!);
            File.Copy(Fixtures.Sample("bag_0018.png"), _folder.File(name));
        }

        // A link to the folder above must not be followed for ever.
        Directory.CreateSymbolicLink(_folder.File("sub/loop"), _folder.FullName);
        JsonElement results = (await Moga.RunInAsync(_folder.FullName, null, "classify", glob, "--json")).Json;
        Assert.Equal(expected.Split(' '), results.EnumerateArray().Select(result => result.GetProperty("path").GetString()));
        if (glob == "su?/c.png")
        {
            results = (await Moga.RunAsync("classify", _folder.File(glob), "--json")).Json;
            Assert.Equal(
                expected.Split(' ').Select(_folder.File),
                results.EnumerateArray().Select(result => result.GetProperty("path").GetString())
            );
        }
    }

    [Fact]
    public async Task Odd_paths_are_refused_or_taken_literally()
    {
        File.Copy(Fixtures.Sample("bag_0018.png"), _folder.File("@a[1]*.png"));
        File.Copy(Fixtures.Sample("bag_0018.png"), _folder.File("-x.png"));
        Directory.CreateDirectory(_folder.File("empty"));
        (await Moga.RunInAsync(_folder.FullName, null, "classify", "@a[1]*.png")).Succeeded();
        (await Moga.RunInAsync(_folder.FullName, null, "classify", "--", "-x.png")).Succeeded();
        (await Moga.RunInAsync(_folder.FullName, null, "classify", "empty")).Failed(2, "The folder 'empty' has no image");
        (await Moga.RunAsync("classify", "/dev/zero")).Failed(1, "/dev/zero: This is not a JPEG, PNG, WebP, BMP, TIFF or GIF image");
    }

    [Fact]
    public async Task The_class_count_is_that_of_the_weights()
    {
        MogaNetOptions options = Fixtures.Small with { NumClasses = 4 };
        WeightSet weights = FormulaWeights.Create(options.CreateDefinition().Build(new Shape(1, 3, 64, 64)).Parameters);
        string card = Fixtures.WriteModel(_folder, Fixtures.Small, weights);
        JsonElement result = (
            await Moga.RunAsync("classify", Fixtures.Sample("bag_0018.png"), "--model", card, "--json", "-k", "100")
        ).Json[0];
        Assert.Equal(
            ["0", "1", "2", "3"],
            result
                .GetProperty("predictions")
                .EnumerateArray()
                .Select(p => p.GetProperty("label").GetString()!)
                .Order(StringComparer.Ordinal)
        );
    }

    [Theory]
    [InlineData("names.txt", "one\ntwo\n\nthree\nfour\n")]
    [InlineData("names.json", "[\"one\", \"two\", \"three\", \"four\"]")]
    [InlineData(
        "config.json",
        "{\"id2label\": {\"0\": \"one\", \"1\": \"two\", \"3\": \"four\", \"2\": \"three\"}, \"model_type\": \"x\"}"
    )]
    [InlineData("class_to_idx.json", "{\"four\": 3, \"one\": 0, \"two\": 1, \"three\": 2}")]
    public async Task A_label_file_names_the_classes_of_other_weights(string file, string content)
    {
        MogaNetOptions options = Fixtures.Small with { NumClasses = 4 };
        WeightSet weights = FormulaWeights.Create(options.CreateDefinition().Build(new Shape(1, 3, 64, 64)).Parameters);
        string card = Fixtures.WriteModel(_folder, Fixtures.Small, weights);
        await File.WriteAllTextAsync(_folder.File(file), content, TestContext.Current.CancellationToken);
        Outcome named = await Moga.RunAsync(
            "classify",
            Fixtures.Sample("bag_0018.png"),
            "--model",
            card,
            "--json",
            "-k",
            "100",
            "--labels",
            _folder.File(file)
        );
        Assert.Empty(named.Errors);
        Assert.Equal(
            ["one", "two", "three", "four"],
            named
                .Json[0]
                .GetProperty("predictions")
                .EnumerateArray()
                .OrderBy(p => p.GetProperty("index").GetInt32())
                .Select(p => p.GetProperty("label").GetString())
        );
        Outcome numbers = await Moga.RunAsync("classify", Fixtures.Sample("bag_0018.png"), "--model", card);
        Assert.Equal("note: the 4 classes have no names, so they are numbers; --labels FILE names them", Assert.Single(numbers.ErrorLines));
    }

    [Theory]
    [InlineData("one\ntwo", "names 2 classes; the weights have 10")]
    [InlineData(" \n", "holds no class names")]
    [InlineData("{\"a\": {}}", "is neither a list of names")]
    [InlineData("{\"0\": \"a\", \"2\": \"b\"}", "2 stands where 1 is due")]
    public async Task A_label_file_that_does_not_fit_is_refused(string content, string problem)
    {
        await File.WriteAllTextAsync(_folder.File("labels"), content, TestContext.Current.CancellationToken);
        (await Moga.RunAsync("classify", Fixtures.Sample("bag_0018.png"), "--labels", _folder.File("labels"))).Failed(2, problem);
    }

    [Fact]
    public async Task Weights_of_another_architecture_are_refused_with_what_differs()
    {
        Outcome outcome = await Moga.RunAsync(
            "classify",
            Fixtures.Sample("bag_0018.png"),
            "--weights",
            Fixtures.Checkpoint("b_state_dict.pth")
        );
        Assert.Equal(1, outcome.ExitCode);
        Assert.Empty(outcome.Output);
        Assert.Contains("442 missing, 0 unexpected, 212 of wrong shape", outcome.ErrorLines[0], StringComparison.Ordinal);
        Assert.StartsWith("Missing: ", outcome.ErrorLines[1], StringComparison.Ordinal);
        Assert.EndsWith("and 437 more.", outcome.ErrorLines[1], StringComparison.Ordinal);
        Assert.Matches(@"^Wrong shape: \S+ \(needs [\dx]+, has [\dx]+\), .* and 207 more\.", outcome.ErrorLines[2]);
        Assert.InRange(outcome.Errors.Length, 100, 2000);
    }

    [Fact]
    public async Task The_moving_average_must_be_there_when_asked_for() =>
        (await Moga.RunAsync("classify", Fixtures.Sample("bag_0018.png"), "--ema")).Failed(1, "has no EMA weights");

    [Fact]
    public async Task Outputs_that_are_not_finite_are_an_error()
    {
        WeightSet weights = FormulaWeights.Create(Fixtures.Small.CreateDefinition().Build(new Shape(1, 3, 64, 64)).Parameters);
        weights["head.bias"].Data[3] = float.NaN;
        string card = Fixtures.WriteModel(_folder, Fixtures.Small, weights);
        Outcome outcome = await Moga.RunAsync("classify", Fixtures.Sample("bag_0018.png"), "--model", card, "--json");
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains(
            "not finite",
            JsonDocument.Parse(outcome.Output).RootElement[0].GetProperty("error").GetString(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Names_in_files_cannot_steer_the_terminal()
    {
        TensorEntry tensor = TensorEntry.FromTensor("\u001b[2Jevil", new Tensor(new Shape(1)));
        CheckpointWriter.SaveSafetensors(_folder.File("evil.safetensors"), [tensor], [new("k\u001b", "v\u0007\u009b")]);
        Outcome inspect = (await Moga.RunAsync("inspect", _folder.File("evil.safetensors"))).Succeeded();
        Assert.Contains("?[2Jevil", inspect.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(inspect.Output, character => char.IsControl(character) && character != '\n');
        Outcome classify = await Moga.RunAsync("classify", Fixtures.Sample("bag_0018.png"), "--weights", _folder.File("evil.safetensors"));
        Assert.Equal(1, classify.ExitCode);
        Assert.Contains("?[2Jevil", classify.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(classify.Errors, character => char.IsControl(character) && character != '\n');
    }
}
