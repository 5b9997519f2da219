using System.Formats.Tar;
using System.Text;
using System.Text.Json;
using MogaSharp.Models;
using MogaSharp.Testing;

namespace MogaSharp.Cli.Tests;

public sealed class EvalTests : IDisposable
{
    private static readonly string[] FolderNames =
    [
        "T-shirt_top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle_boot",
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("cpu")]
    [InlineData("onnxruntime")]
    public async Task Measures_an_idx_set(string engine)
    {
        Fixtures.WriteIdx(_folder.File("idx"));
        JsonElement result = (
            await Moga.RunAsync("eval", "--data", $"idx:{_folder.File("idx")}", "--json", "--batch", "5", "--engine", engine)
        ).Json;
        CheckPerfect(result);
        Assert.Equal("moganet_xtiny_fashion", result.GetProperty("model").GetString());

        // Every label moved on by one: all pictures are wrong.
        Fixtures.WriteIdx(_folder.File("moved"), label => (label + 1) % 10);
        result = (await Moga.RunAsync("eval", "--data", $"idx:{_folder.File("moved")}", "--json")).Json;
        Assert.Equal(0, result.GetProperty("top1").GetDouble());
        Assert.Equal(2, result.GetProperty("confusion")[9][8].GetInt32());
    }

    [Fact]
    public async Task Measures_shards_and_the_test_part_of_a_folder()
    {
        using (var writer = new TarWriter(File.Create(_folder.File("shard-0.tar"))))
        {
            foreach ((string path, int label) in Fixtures.LabelledSamples)
            {
                string name = Path.GetFileNameWithoutExtension(path);
                await writer.WriteEntryAsync(path, name + ".png", TestContext.Current.CancellationToken);
                using var text = new MemoryStream(Encoding.UTF8.GetBytes($"{label}"));
                await writer.WriteEntryAsync(
                    new PaxTarEntry(TarEntryType.RegularFile, name + ".cls") { DataStream = text },
                    TestContext.Current.CancellationToken
                );
            }
        }
        CheckPerfect((await Moga.RunAsync("eval", "--data", $"tar:{_folder.FullName}/shard-{{0..0}}.tar", "--json")).Json);
        (await Moga.RunAsync("eval", "--data", $"tar:{_folder.FullName}/shard-{{0..1}}.tar")).Failed(
            1,
            "shard-1.tar: There is no such file"
        );
        (await Moga.RunAsync("eval", "--data", $"tar:{_folder.FullName}/shard-0.tar?labels=x")).Failed(2, "the unknown option 'labels'");

        WriteFolders([.. Enumerable.Range(0, 10).Select(label => $"set/val/{label}")]);
        Directory.CreateDirectory(_folder.File("set/train/0"));
        CheckPerfect((await Moga.RunAsync("eval", "--data", $"folder:{_folder.FullName}/set", "--json")).Json);
    }

    [Fact]
    public async Task Measures_a_folder_set_by_card_and_weights()
    {
        WriteFolders(FolderNames);
        // No folder can be named T-shirt/top.
        Outcome mixed = await Moga.RunAsync("eval", "--data", $"folder:{_folder.FullName}");
        mixed.Failed(1, "The folder 'T-shirt_top' is named like no class, though others are");

        string card = Path.Combine(Directory.CreateDirectory(_folder.FullName + "-card").FullName, "card.json");
        try
        {
            string text = await File.ReadAllTextAsync(Fixtures.ShippedCard, TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(
                card,
                text.Replace("T-shirt/top", "T-shirt top", StringComparison.Ordinal),
                TestContext.Current.CancellationToken
            );
            CheckPerfect(
                (
                    await Moga.RunAsync(
                        "eval",
                        "--data",
                        $"folder:{_folder.FullName}",
                        "--card",
                        card,
                        "--weights",
                        Fixtures.ShippedWeights,
                        "--json"
                    )
                ).Json
            );
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(card)!, recursive: true);
        }
    }

    [Fact]
    public async Task Prints_a_table_of_classes()
    {
        Fixtures.WriteIdx(_folder.File("idx"));
        Outcome outcome = (await Moga.RunAsync("eval", "--data", $"idx:{_folder.File("idx")}/t10k")).Succeeded();
        string[] lines = outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Matches(@"^top-1 100\.00%  top-5 100\.00%  12 images  \d+ images/s$", lines[0]);
        Assert.Equal(12, lines.Length);
        Assert.Matches(@"^Ankle boot +1\.000 +1\.000$", lines[^1]);
        Assert.Empty(outcome.ErrorLines);
    }

    [Fact]
    public async Task A_bad_image_is_passed_over_and_said()
    {
        WriteFolders(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
        CheckPerfect((await Moga.RunAsync("eval", "--data", $"folder:{_folder.FullName}", "--json")).Json);
        _folder.File("4/zz.png", "no image"u8.ToArray());
        Outcome outcome = await Moga.RunAsync("eval", "--data", $"folder:{_folder.FullName}", "--json");
        Assert.Equal(1, outcome.ExitCode);
        string[] errors = [.. outcome.ErrorLines.Except(outcome.Notes)];
        Assert.Equal(2, errors.Length);
        Assert.Contains("/4/zz.png: This is not a JPEG", errors[0], StringComparison.Ordinal);
        Assert.Equal("moga: 1 of 13 images could not be read; the figures are those of the others.", errors[1]);
        JsonElement result = JsonDocument.Parse(outcome.Output).RootElement;
        CheckPerfect(result);
        Assert.EndsWith(
            "/4/zz.png",
            Assert.Single(result.GetProperty("skipped").EnumerateArray()).GetProperty("path").GetString(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_set_that_cannot_be_opened_is_refused_by_its_name()
    {
        WriteFolders(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
        Directory.Delete(_folder.File("9"), recursive: true);
        (await Moga.RunAsync("eval", "--data", $"folder:{_folder.FullName}")).Failed(1, "there are 9 folders for 10 classes");
        (await Moga.RunAsync("eval", "--data", $"idx:{_folder.FullName}")).Failed(1, "t10k-images-idx3-ubyte: There is no such file");
    }

    [Fact]
    public async Task A_set_of_more_classes_than_the_weights_is_refused()
    {
        Fixtures.WriteIdx(_folder.File("idx"));
        string card = Fixtures.WriteModel(_folder, Fixtures.Small with { NumClasses = 1 });
        (await Moga.RunAsync("eval", "--card", card, "--data", $"idx:{_folder.File("idx")}")).Failed(1, "there are 1 classes");
        Fixtures.WriteIdx(_folder.File("one"), _ => 0);
        Assert.Contains(
            "top-1 100.00%",
            (await Moga.RunAsync("eval", "--card", card, "--data", $"idx:{_folder.File("one")}")).Succeeded().Output,
            StringComparison.Ordinal
        );
        // Two folders, first without images, then with.
        (await Moga.RunAsync("eval", "--card", card, "--data", $"folder:{_folder.FullName}")).Failed(
            1,
            "No class folder has a file that ends in .jpg"
        );
        foreach (string name in new[] { "idx", "one" })
            File.Copy(Fixtures.Sample("bag_0018.png"), _folder.File($"{name}/bag.png"));
        (await Moga.RunAsync("eval", "--card", card, "--data", $"folder:{_folder.FullName}")).Failed(
            1,
            "No folder is named like a class, and there are 2 folders for 1 classes"
        );
    }

    [Fact]
    public async Task The_class_count_of_other_weights_gives_numbers_as_labels()
    {
        string card = Fixtures.WriteModel(_folder, Fixtures.Small with { NumClasses = 3 });
        Fixtures.WriteIdx(_folder.File("idx"), label => label % 3);
        ModelCard ten = ModelCard.Load(card) with { Options = Fixtures.Small, Labels = [] };
        await File.WriteAllTextAsync(card, ten.ToJson(), TestContext.Current.CancellationToken);
        JsonElement result = (await Moga.RunAsync("eval", "--card", card, "--data", $"idx:{_folder.File("idx")}", "--json")).Json;
        Assert.Equal(["0", "1", "2"], result.GetProperty("labels").EnumerateArray().Select(label => label.GetString()));
        Assert.Equal(3, result.GetProperty("confusion").GetArrayLength());
        Assert.Equal(1, result.GetProperty("top5").GetDouble());
    }

    private static void CheckPerfect(JsonElement result)
    {
        Assert.Equal(1, result.GetProperty("top1").GetDouble());
        Assert.Equal(1, result.GetProperty("top5").GetDouble());
        Assert.Equal(12, result.GetProperty("images").GetInt32());
        Assert.True(result.GetProperty("images_per_second").GetDouble() > 0);
        int[][] confusion =
        [
            .. result
                .GetProperty("confusion")
                .EnumerateArray()
                .Select(row => row.EnumerateArray().Select(count => count.GetInt32()).ToArray()),
        ];
        Assert.Equal(10, confusion.Length);
        for (int label = 0; label < 10; label++)
        {
            Assert.Equal(Fixtures.LabelledSamples.Count(sample => sample.Label == label), confusion[label][label]);
            Assert.Equal(confusion[label][label], confusion[label].Sum());
        }
    }

    private void WriteFolders(string[] names)
    {
        foreach ((string path, int label) in Fixtures.LabelledSamples)
        {
            Directory.CreateDirectory(_folder.File(names[label]));
            File.Copy(path, Path.Combine(_folder.File(names[label]), Path.GetFileName(path)));
        }
    }
}
