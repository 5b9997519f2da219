namespace MogaSharp.Cli.Tests;

public sealed class UsageTests
{
    private static readonly string[] Commands =
    [
        "classify",
        "eval",
        "forward",
        "models",
        "info",
        "plan",
        "profile",
        "pull",
        "inspect",
        "convert",
        "export",
        "bench",
        "predict",
        "data",
    ];

    public static TheoryData<string, string> Mistakes =>
        new()
        {
            { "clasify x.png", "There is no command 'clasify'" },
            { "--bogus", "There is no option '--bogus'" },
            { "models extra", "'extra'" },
            { "models --bogus", "'--bogus'" },
            { "classify", "'path' missing" },
            { "classify --bogus", "There is no option '--bogus'" },
            { "classify nowhere.png", "There is no file or folder 'nowhere.png'" },
            { "classify @nowhere.png", "There is no file or folder '@nowhere.png'" },
            { "classify nowhere/*.png", "Nothing matches 'nowhere/*.png'" },
            { "classify /dev/null --topk 0", "--topk takes a whole number" },
            { "classify /dev/null --topk x", "--topk takes a whole number" },
            { "classify /dev/null --topk", "'--topk'" },
            { "classify /dev/null --threads 5000", "--threads takes a whole number" },
            { "classify /dev/null --model moganet_tny", "Did you mean moganet_tiny" },
            { "classify /dev/null --model nowhere.json", "There is no file 'nowhere.json'" },
            { "classify /dev/null --weights nowhere.pth", "There is no file 'nowhere.pth'" },
            { "classify /dev/null --weights .", "'.' is a folder" },
            { "classify /dev/null --model simvp_moga_small", "simvp_moga_small is a model for video; this takes one for classification." },
            { "eval", "'--data' is required" },
            { "eval --data set", "write folder:PATH or idx:PATH" },
            { "eval --data folder:nowhere", "There is no folder 'nowhere'" },
            { "eval --data folder:. --card nowhere.json", "There is no file 'nowhere.json'" },
            { "eval --data folder:. --split half", "--split takes test or train" },
            { "eval --data folder:. --batch 0", "--batch takes a whole number" },
            { "forward --output y.safetensors", "'--input' is required" },
            { "forward --input nowhere --output y.safetensors", "There is no file 'nowhere'" },
            { "info", "'name' missing" },
            { "info nothing", "No model is called 'nothing'" },
            { "info tiny --size 0", "'0' is not a size" },
            { "info tiny --size axb", "'axb' is not a size" },
            { "info tiny --size 1x2x3", "'1x2x3' is not a size" },
            { "info tiny --size -5", "'-5'" },
            { "info tiny --size 99999x5", "each side from 1 to 16384" },
            { "plan nothing", "No model is called 'nothing'" },
            { "pull nothing", "No model is called 'nothing'" },
            { "inspect nowhere", "There is no file 'nowhere'" },
            { "inspect .", "'.' is a folder" },
            { "convert nowhere out.pth", "There is no file 'nowhere'" },
            { "export tiny", "'--onnx' is required" },
            { "export tiny --random-weights --onnx nowhere/x.onnx", "there is no folder 'nowhere'" },
            { "export tiny --random-weights --onnx .", "'.' is a folder" },
            { "export tiny --random-weights --onnx x.onnx --opset 16", "--opset takes a whole number from 17 to 21, not '16'" },
            { "export nothing --onnx x.onnx", "No model is called 'nothing'" },
            { "bench tiny --compare openvino", "openvino" },
            { "predict", "'clip' missing" },
            { "predict nowhere.gif --model tiny", "moganet_tiny is a model for classification" },
            { "predict x --frames 2000", "--frames takes a whole number from 1 to 1024" },
            { "predict x --engine tpu", "'tpu'" },
            { "data", "No command is given; there are mnist, fashion-mnist, check. 'moga data --help' shows the usage." },
            { "data cifar", "There is no command 'cifar'; the commands are mnist, fashion-mnist, check." },
            { "data chek x", "There is no command 'chek'; did you mean moga data check?" },
            { "data check", "'data' missing for command: 'check'. 'moga data check --help' shows the usage." },
            { "data check --decod x", "There is no option '--decod'; did you mean --decode?" },
            { "data check folder:. --split half", "'half' not recognized" },
            { "data check coco:nowhere", "There is no file 'nowhere/annotations/instances_train2017.json'." },
            { "data check folder:. nowhere:x", "'nowhere:x' does not say what it is" },
            { "data check moving-mnist", "'moving-mnist' is data for video, which cannot be checked." },
            { "data check folder:. --max-pixels x", "--max-pixels takes a number of pixels from 1 to" },
            { "detect x.png --max-pixels 0", "--max-pixels takes a number of pixels from 1 to" },
            { "segment x.png --max-pixels 0", "--max-pixels takes a number of pixels from 1 to" },
            { "pose x.png --max-pixels 0", "--max-pixels takes a number of pixels from 1 to" },
            { "eval --data idx:x --task poetry", "'poetry'" },
            { "eval --data idx:x --task pose", "'idx:x' is not data for pose; write coco-pose:PATH or scenes." },
            { "bench --bogus", "There is no option '--bogus'" },
            { "bench tiny --batch 1 x", "--batch takes whole numbers" },
            { "bench tiny --batch 4096 --size 16384", "take a smaller batch or size" },
            { "profile tiny --batch 4096 --size 16384", "take a smaller batch or size" },
        };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task A_mistake_gets_one_line_and_exit_code_2(string arguments, string message)
    {
        (await Moga.RunAsync(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries))).Failed(2, message);
    }

    [Fact]
    public async Task Empty_arguments_are_mistakes_too()
    {
        foreach (string command in new[] { "info", "plan", "pull", "inspect", "classify", "predict", "data" })
            Assert.Equal(2, (await Moga.RunAsync(command, "")).ExitCode);
    }

    [Fact]
    public async Task Every_command_s_help_has_examples()
    {
        string root = (await Moga.RunAsync("--help")).Succeeded().Output;
        Assert.Contains("Exit codes:", root, StringComparison.Ordinal);
        foreach (string command in Commands)
        {
            Assert.Contains($"  {command} ", root, StringComparison.Ordinal);
            Outcome help = (await Moga.RunAsync(command, "--help")).Succeeded();
            Assert.Empty(help.Errors);
            Assert.Contains($"Examples:\n  moga {command}", help.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Tells_its_version() => Assert.Matches(@"^\d+\.\d+\.\d+", (await Moga.RunAsync("--version")).Succeeded().Output);

    // What random command lines bring about: never more than a line of complaint.
    [Fact]
    public async Task Random_arguments_never_cause_a_stack_trace()
    {
        string[] tokens =
        [
            "classify",
            "eval",
            "forward",
            "models",
            "info",
            "plan",
            "inspect",
            "convert",
            "--model",
            "--weights",
            "--json",
            "--size",
            "--topk",
            "-k",
            "--data",
            "--card",
            "--ema",
            "--input",
            "--output",
            "--features",
            "--threads",
            "-t",
            "--dtype",
            "--batch",
            "--layers",
            "--",
            "-",
            "--=",
            "=",
            "",
            " ",
            "tiny",
            "xt",
            "0",
            "-1",
            "1x1",
            "7x",
            "float16",
            "idx:",
            "folder:.",
            "folder:",
            ":",
            "*",
            "**/",
            "?",
            "/",
            ".",
            "..",
            "\u0001",
            "\u00e9",
            "@",
            "@x",
            "[diagram]",
            "[suggest]",
            "-h",
            "--help",
            "--version",
            "/dev/null",
            "99999999999999999999",
            "--size=",
            "--json=maybe",
        ];
        var random = new Random(7);
        for (int i = 0; i < 60; i++)
        {
            string[] arguments = [.. Enumerable.Range(0, random.Next(1, 7)).Select(_ => tokens[random.Next(tokens.Length)])];
            Outcome outcome = await Moga.RunInAsync("/", null, arguments);
            Assert.True(outcome.ExitCode is 0 or 1 or 2, $"{string.Join(' ', arguments)}: {outcome.ExitCode}");
            Assert.DoesNotContain("unexpected error", outcome.Errors, StringComparison.Ordinal);
            if (outcome.ExitCode != 0)
                Assert.StartsWith("moga: ", outcome.Errors, StringComparison.Ordinal);
        }
    }
}
