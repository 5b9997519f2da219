namespace MogaSharp.Cli.Tests;

/// <summary>Command lines as users of other tools write them.</summary>
public sealed class HabitTests
{
    public static TheoryData<string, string> Habits =>
        new()
        {
            { "classify x.png --top-k 3", "There is no option '--top-k'; did you mean --topk?" },
            { "classify x.png --top_k=3", "There is no option '--top_k=3'; did you mean --topk?" },
            { "classify x.png -topk 3", "There is no option '-topk'; did you mean --topk?" },
            { "classify x.png --TopK 3", "did you mean --topk?" },
            { "classify x.png -model tiny", "There is no option '-model'; did you mean --model?" },
            { "classify x.png --checkpoint a.pth", "did you mean --weights?" },
            { "classify x.png --ckpt-path a.pth", "did you mean --weights?" },
            { "classify x.png --arch tiny", "did you mean --model?" },
            { "classify --source x.png", "There is no option '--source'; did you mean moga classify PATH?" },
            { "classify x.png --jsonl", "did you mean --json?" },
            { "classify x.png --thread 3", "did you mean --threads?" },
            { "eval --data-dir x", "There is no option '--data-dir'; did you mean --data?" },
            { "eval --dataset x --batch-size 8", "There is no option '--dataset'; did you mean --data?" },
            { "eval --data folder:x --batch-size 8", "did you mean --batch?" },
            { "eval --data folder:x -b 8 --initial-checkpoint y", "did you mean --weights?" },
            { "train --pretrained", "did you mean --init?" },
            { "train --model tiny --learning-rate 1e-3", "did you mean --lr?" },
            { "train --model tiny --batch_size 8", "did you mean --batch?" },
            { "train --model tiny --epoch 3", "did you mean --epochs?" },
            { "train --model tiny --gpu 0", "did you mean --device?" },
            { "train --model tiny --num-workers 3", "did you mean --workers?" },
            { "train --model tiny --save-dir out", "did you mean --output?" },
            { "train --model tiny --project out", "did you mean --output?" },
            { "train --model tiny --imgsz 224", "did you mean --set image_size=...?" },
            { "train --model tiny --wd 0.05", "did you mean --set weight_decay=...?" },
            { "train --model tiny --weight-decay 0.05", "did you mean --set weight_decay=...?" },
            { "train --model tiny --drop-path 0.1", "did you mean --set drop_path=...?" },
            { "train model=tiny imgsz=224", "'model=tiny' is not an option; did you mean --model tiny?" },
            { "info tiny --imgsz 224", "did you mean --size?" },
            { "info --img-size 224 tiny", "did you mean --size?" },
            { "info --imgsz", "did you mean --size?" },
            { "export tiny --output x.onnx", "did you mean --onnx?" },
            { "export tiny --onnx x.onnx --dynamic", "did you mean --dynamic-batch?" },
            { "convert a.pth --out b.pth", "did you mean moga convert IN OUT?" },
            { "bench tiny --batch-size 8", "did you mean --batch?" },
            { "predict x.gif --num-frames 3", "did you mean --frames?" },
            { "predict x.gif --out-dir y", "did you mean --output?" },
            { "forward --in x --out y", "did you mean --input?" },
            { "inspect --format json x", "did you mean --json?" },
            // What nothing comes near is only refused, and options of other commands are not offered.
            { "models --batch-size 3", "There is no option '--batch-size'." },
            { "classify x.png --conf 0.3", "There is no option '--conf'" },
            {
                "--model tiny classify x.png",
                "There is no option '--model' before a command; options come after it: moga classify --model"
            },
            { "-v", "did you mean --version?" },
            { "val --data x", "did you mean moga eval?" },
            { "test --data x", "did you mean moga eval?" },
            { "infer x.png", "did you mean moga classify?" },
            { "detection x.png", "did you mean moga detect?" },
            { "benchmark", "did you mean moga bench?" },
            { "list", "did you mean moga models?" },
            { "download tiny", "did you mean moga pull?" },
            { "summary tiny", "did you mean moga info?" },
            { "finetune", "did you mean moga train?" },
            { "Classify x", "did you mean moga classify?" },
            { "exprot x", "did you mean moga export?" },
            { "help nothing", "There is no command 'nothing'" },
            { "/dev", "There is no command '/dev'; to classify images: moga classify /dev;" },
        };

    [Theory]
    [MemberData(nameof(Habits))]
    public async Task A_habit_is_answered_with_what_to_write(string arguments, string message) =>
        (await Moga.RunAsync(arguments.Split(' '))).Failed(2, message);

    [Fact]
    public async Task Moga_alone_and_help_show_the_usage()
    {
        string help = (await Moga.RunAsync("--help")).Succeeded().Output;
        Assert.Equal(help, (await Moga.RunAsync()).Succeeded().Output);
        Assert.Equal(help, (await Moga.RunAsync("help")).Succeeded().Output);
        Assert.Equal(
            (await Moga.RunAsync("classify", "--help")).Succeeded().Output,
            (await Moga.RunAsync("help", "classify")).Succeeded().Output
        );
        // Whatever else stands there.
        Assert.Contains(
            "Examples:",
            (await Moga.RunAsync("classify", "--top-k", "3", "--help")).Succeeded().Output,
            StringComparison.Ordinal
        );
    }

    // A file whose name begins with a dash is a file, and so is everything behind two of them.
    [Fact]
    public async Task Files_may_look_like_options()
    {
        using var folder = new Testing.TemporaryFolder();
        File.Copy(Fixtures.Sample("bag_0018.png"), folder.File("--top-k"));
        Outcome outcome = (await Moga.RunInAsync(folder.FullName, null, "classify", "--top-k", "-k", "1")).Succeeded();
        Assert.Single(outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        (await Moga.RunInAsync(folder.FullName, null, "classify", "--", "--bottom-k")).Failed(2, "'--bottom-k'");
    }
}
