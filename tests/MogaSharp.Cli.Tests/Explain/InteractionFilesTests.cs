using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using MogaSharp.Data;
using MogaSharp.Tasks;
using MogaSharp.Testing;

namespace MogaSharp.Cli.Tests.Explain;

/// <summary>Pairs and contexts out of files, as the paper's authors write them.</summary>
public sealed class InteractionFilesTests : IDisposable
{
    private const int Images = 2;

    private static readonly InteractionOptions Draw = new()
    {
        Grid = 8,
        Pairs = 3,
        Contexts = 4,
        Orders = [0, 31, 62],
        Seed = 5,
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("<i8", true)]
    [InlineData("|u1", false)]
    [InlineData(">i4", false)]
    public async Task A_draw_in_files_gives_what_the_draw_gives(string type, bool hasExtension)
    {
        string set = MaskFixtures.WriteSet(_folder);
        WriteDraw(type, hasExtension);
        string[] drawn = ["--pairs", "3", "--contexts", "4", "--orders", "0,31,62", "--seed", "5", "--images", "2"];
        JsonElement own = (await RunAsync(set, drawn)).Json,
            given = (await RunAsync(set, Given())).Json;
        Assert.Equal(own.GetProperty("models").GetRawText(), given.GetProperty("models").GetRawText());
        Assert.Equal(4, given.GetProperty("contexts").GetInt32());
        Assert.StartsWith("of files ", given.GetProperty("draw").GetString(), StringComparison.Ordinal);
        Assert.False(given.TryGetProperty("seed", out _));
        Assert.Equal(5, own.GetProperty("seed").GetInt32());
    }

    [Fact]
    public async Task A_run_is_resumed_with_the_same_files_only()
    {
        string set = MaskFixtures.WriteSet(_folder);
        WriteDraw("<i8");
        string[] output = ["--output", _folder.File("out")];
        JsonElement whole = (await RunAsync(set, Given())).Json;
        Assert.Equal(1, (await RunAsync(set, [.. Given(), .. output, "--budget", "0s"])).Json.GetProperty("images").GetInt32());
        // The same numbers in another width are the same.
        WriteDraw("<u2");
        JsonElement resumed = (await RunAsync(set, [.. Given(), .. output, "--resume"])).Json;
        Assert.Equal(whole.GetProperty("models").GetRawText(), resumed.GetProperty("models").GetRawText());
        string path = ContextsFile(31, 1);
        int[] contexts = Contexts(31, 1);
        (contexts[0], contexts[1]) = (contexts[1], contexts[0]);
        Npy(path, "<i8", [3, 4, 31], contexts);
        (await RunAsync(set, [.. Given(), .. output, "--resume"])).Failed(2, "is of a call with other settings: draw of files ");
        string[] drawn = ["--pairs", "3", "--contexts", "4", "--orders", "0,31,62", "--images", "2", "--resume"];
        (await RunAsync(set, [.. drawn, .. output])).Failed(2, ", not of the seed.");
    }

    [Fact]
    public async Task Pairs_that_do_not_fit_are_told_with_their_place()
    {
        string set = MaskFixtures.WriteSet(_folder),
            file = _folder.File("pairs.npy");
        WriteDraw("<i8");
        int[] pairs = Pairs();
        await Refused(Npy(file, "<i8", [3, 2, 2], pairs), "pairs.npy' has pairs of 3 images; 2 are measured.", "--images", "2");
        await Refused(Npy(file, "<i8", [6, 2], pairs), "pairs.npy' is 6 x 2; pairs are images x pairs x 2.");
        await Refused(Npy(file, "<f4", [2, 3, 2], pairs), "has elements of Float32; numbers of patches are whole numbers.");
        await Refused(
            Npy(file, "<i8", [2, 3, 2], [.. pairs[..^1], 64]),
            "pairs.npy', image 1, pair 2: There is no patch 64; the grid has 64, from 0 on."
        );
        await Refused(Npy(file, "<i8", [2, 3, 2], [-1, .. pairs[1..]]), "pairs.npy', image 0, pair 0: There is no patch -1;");
        await Refused(Npy(file, "<i8", [2, 3, 2], [7, 7, .. pairs[2..]]), "pairs.npy', image 0, pair 0: Patch 7 is paired with itself.");
        await Refused(_folder.File("pairs.npy", "no array"u8.ToArray()), "pairs.npy: ");
        File.Delete(file);
        await Refused(file, "There is no file '");

        async Task Refused(string _, string message, params string[] more) =>
            (await RunAsync(set, [.. Given(), .. more])).Failed(2, message);
    }

    [Fact]
    public async Task Contexts_that_do_not_fit_are_told_with_their_place()
    {
        string set = MaskFixtures.WriteSet(_folder);
        WriteDraw("<i8");
        string path = ContextsFile(31, 1),
            name = Path.GetFileName(path);
        int[] good = Contexts(31, 1),
            pairs = Pairs();
        await Refused([3, 31, 4], good, $"{name}' is 3 x 31 x 4; contexts of order 31 are 3 pairs x contexts x 31 patches.");
        await Refused([3, 2, 31], good[..186], $"{name}' has 2 contexts of a pair, where other files have 4.");
        await Refused([3, 4, 31], [.. good[..31], 99, .. good[32..]], $"{name}', pair 0, context 1: There is no patch 99;");
        await Refused(
            [3, 4, 31],
            [.. good[..^1], pairs[^1]],
            $"{name}', pair 2, context 3: It has patch {pairs[^1]}, which is one of the pair."
        );
        await Refused([3, 4, 31], [good[1], .. good[1..]], $"{name}', pair 0, context 0: A patch stands in it twice.");
        File.Delete(path);
        await Refused(null, null, $"ratio50' has no file '{name}' with the contexts of image '");
        Directory.Delete(_folder.File("players"), recursive: true);
        Directory.CreateDirectory(_folder.File("players/ratio101"));
        await Refused(null, null, "players' has no folder ratio0 to ratio100 with contexts of an order.");
        Directory.Delete(_folder.File("players"), recursive: true);
        await Refused(null, null, "There is no folder '");

        async Task Refused(int[]? shape, int[]? numbers, string message)
        {
            if (shape is not null)
                Npy(path, "<i8", shape, numbers!);
            (await RunAsync(set, Given())).Failed(2, message);
        }
    }

    [Fact]
    public async Task Options_of_draws_do_not_go_with_files()
    {
        string set = MaskFixtures.WriteSet(_folder);
        WriteDraw("<i8");
        (await RunAsync(set, "--pairs-file", _folder.File("pairs.npy"))).Failed(2, "--pairs-file and --contexts-dir go together.");
        (await RunAsync(set, [.. Given(), "--seed", "1"])).Failed(2, "--seed is for draws; --pairs-file and --contexts-dir say what");
        (await RunAsync(set, [.. Given(), "--orders", "1"])).Failed(2, "--orders is for draws;");
        (await Moga.RunAsync(["explain", "interactions", "--tensors", "x", .. Given()])).Failed(2, "are for data sets; tensors have");
    }

    [Fact]
    public async Task An_order_that_comes_twice_is_measured_once()
    {
        string set = MaskFixtures.WriteSet(_folder);
        WriteDraw("<i8");
        // One percent of 62 is truncated to 0.
        Directory.CreateDirectory(_folder.File("players/ratio1"));
        Outcome outcome = await RunAsync(set, Given());
        Assert.Single(
            outcome.Notes,
            note => note.EndsWith("ratio1' is left out: it is of order 0, as a smaller ratio is", StringComparison.Ordinal)
        );
        Assert.Equal(3, outcome.Json.GetProperty("models")[0].GetProperty("orders").GetArrayLength());
    }

    private static Task<Outcome> RunAsync(string set, params string[] more) =>
        Moga.RunAsync(["explain", "interactions", "--data", set, "--model", "moganet_xtiny_fashion", "--grid", "8", "--json", .. more]);

    private string[] Given() => ["--pairs-file", _folder.File("pairs.npy"), "--contexts-dir", _folder.File("players")];

    private static int[] Pairs() =>
        [
            .. Enumerable
                .Range(0, Images)
                .SelectMany(image => InteractionDraw.Create(Draw, image).Pairs.SelectMany(pair => new[] { pair.First, pair.Second })),
        ];

    private static int[] Contexts(int order, int image)
    {
        var draw = InteractionDraw.Create(Draw, image);
        return
        [
            .. draw.Contexts[draw.Orders.IndexOf(order)]
                .SelectMany(sets => sets.SelectMany(set => Enumerable.Range(0, 64).Where(patch => set[patch]))),
        ];
    }

    // The files that are measured: images at equal distances.
    private string NameOf(int image, bool hasExtension = false)
    {
        var set = new ImageFolder(_folder.File("set"));
        string path = set[image * set.Count / Images].Name;
        return hasExtension ? Path.GetFileName(path) : Path.GetFileNameWithoutExtension(path);
    }

    private string ContextsFile(int order, int image, bool hasExtension = false) =>
        Path.Combine(
            Directory.CreateDirectory(_folder.File($"players/ratio{100 * order / 62}")).FullName,
            NameOf(image, hasExtension) + ".npy"
        );

    private void WriteDraw(string type, bool hasExtension = false)
    {
        Npy(_folder.File("pairs.npy"), type, [Images, 3, 2], Pairs());
        foreach (int order in Draw.Orders)
            for (int image = 0; image < Images; image++)
                Npy(ContextsFile(order, image, hasExtension), type, [3, 4, order], Contexts(order, image));
    }

    private static string Npy(string path, string type, int[] shape, int[] numbers)
    {
        string header = $"{{'descr': '{type}', 'fortran_order': False, 'shape': ({string.Join(", ", shape)}), }}";
        header = header.PadRight(128 - 10 - 1) + "\n";
        byte[] bytes = [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. Encoding.ASCII.GetBytes(header)];
        File.WriteAllBytes(path, [.. bytes, .. numbers.SelectMany(number => Element(type, number))]);
        return path;
    }

    private static byte[] Element(string type, int number)
    {
        byte[] element = new byte[type[2] - '0'];
        switch (type[1..])
        {
            case "f4":
                BinaryPrimitives.WriteSingleLittleEndian(element, number);
                break;
            default:
                for (int i = 0; i < element.Length; i++)
                    element[i] = (byte)((long)number >> (8 * i));
                break;
        }

        return type[0] == '>' ? [.. element.Reverse()] : element;
    }
}
