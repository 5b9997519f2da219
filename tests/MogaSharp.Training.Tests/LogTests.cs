using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using MogaSharp.Drawing;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Testing;

namespace MogaSharp.Training.Tests;

/// <summary>CSV, JSON lines, event files and curves.</summary>
public sealed class LogTests : IDisposable
{
    private static readonly TrainingTask Task = TrainingTask.Create(new(), new MogaNetOptions());

    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _warnings = [];

    public void Dispose() => _folder.Dispose();

    // RFC 3720, B.4, and the usual check value; then TensorFlow's mask.
    [Fact]
    public void The_checksum_is_the_masked_crc32c()
    {
        Assert.Equal(Mask(0xE3069283), TensorBoardWriter.MaskedCrc("123456789"u8));
        Assert.Equal(Mask(0x8A9136AA), TensorBoardWriter.MaskedCrc(new byte[32]));
    }

    [Fact]
    public void An_event_file_reads_back_by_an_independent_reader()
    {
        using (var writer = new TensorBoardWriter(_folder.FullName, 5))
        {
            writer.Write(7, [new("train/loss", 1.5), new("train/learning_rate", 1e-3)]);
            writer.Write(9, [new("eval/top1", double.NaN)]);
        }

        string name = Assert.Single(_folder.FileNames);
        Assert.StartsWith("events.out.tfevents.", name, StringComparison.Ordinal);
        List<(long Step, string? Version, int Session, List<(string Tag, float Value)> Scalars)> events = ReadEvents(_folder.File(name));
        Assert.Equal(4, events.Count);
        Assert.Equal("brain.Event:2", events[0].Version);
        Assert.Equal((5, 1), (events[1].Step, events[1].Session));
        Assert.Equal(7, events[2].Step);
        Assert.Equal([("train/loss", 1.5f), ("train/learning_rate", 1e-3f)], events[2].Scalars);
        Assert.Equal("eval/top1", Assert.Single(events[3].Scalars).Tag);
        Assert.True(float.IsNaN(events[3].Scalars[0].Value));
    }

    [Fact]
    public void A_second_file_of_the_same_moment_gets_another_name()
    {
        using var first = new TensorBoardWriter(_folder.FullName, 1);
        using var second = new TensorBoardWriter(_folder.FullName, 1);
        Assert.Equal(2, _folder.FileNames.Count());
    }

    [Fact]
    public void A_run_leaves_a_table_and_lines()
    {
        using (var log = new RunLog(_folder.FullName, Task, new(), _warnings.Add))
        {
            log.Add(Step(3));
            log.Add(Epoch(0, 10, 0.5));
        }

        string[] table = File.ReadAllLines(_folder.File(RunLog.EpochsFile));
        Assert.Equal(2, table.Length);
        Assert.Equal(
            "epoch,update,learning_rate,train_loss,eval_loss,eval_top1,eval_top5,ema_loss,ema_top1,ema_top5,"
                + "images_per_second,data_wait,seconds,skipped",
            table[0]
        );
        Assert.Equal("0,10,0.001,2.5,2,0.5,0.9,,,,100,0.25,12.5,1", table[1]);
        string[] lines = File.ReadAllLines(_folder.File(RunLog.LinesFile));
        Assert.Equal(["step", "epoch"], lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("kind").GetString()));
        Assert.Equal(3, JsonDocument.Parse(lines[0]).RootElement.GetProperty("update").GetInt32());
        Assert.Equal(0.5, JsonDocument.Parse(lines[1]).RootElement.GetProperty("eval").GetProperty("top1").GetDouble());
        Assert.Empty(_warnings);
    }

    [Fact]
    public void Continuing_drops_what_the_checkpoint_does_not_have()
    {
        using (var log = new RunLog(_folder.FullName, Task, new(), _warnings.Add))
        {
            foreach (int epoch in Enumerable.Range(0, 3))
            {
                log.Add(Step((10 * epoch) + 5));
                log.Add(Epoch(epoch, 10 * (epoch + 1), 0.5));
            }
        }

        File.AppendAllText(_folder.File(RunLog.LinesFile), "{\"kind\":\"step\",\"upd");
        using (var log = new RunLog(_folder.FullName, Task, new() { Update = 20, Epoch = 2 }, _warnings.Add))
        {
            Assert.Equal([10L, 20], log.Epochs.Select(epoch => epoch.Update));
            log.Add(Step(21));
            log.Add(Epoch(2, 30, 0.75));
        }

        JsonElement[] lines = [.. File.ReadAllLines(_folder.File(RunLog.LinesFile)).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal([5, 10, 15, 20, 21, 30], lines.Select(line => line.GetProperty("update").GetInt32()));
        Assert.Equal(["0", "1", "2"], File.ReadAllLines(_folder.File(RunLog.EpochsFile))[1..].Select(row => row.Split(',')[0]));
        Assert.Equal(2, _folder.FileNames.Count(name => name.StartsWith("events.", StringComparison.Ordinal)));
        Assert.DoesNotContain(_folder.FileNames, name => name.EndsWith(".tmp", StringComparison.Ordinal));
    }

    // Lines as the first version wrote them, and what a video run writes.
    [Fact]
    public void Lines_of_earlier_versions_are_read_and_each_task_has_its_own_columns()
    {
        File.WriteAllText(
            _folder.File(RunLog.LinesFile),
            """{"kind":"epoch","epoch":0,"update":10,"learning_rate":0.001,"train_loss":2.5,"eval":"""
                + """{"loss":2,"top1":0.5,"top5":0.9},"images_per_second":100,"data_wait":0.25,"seconds":12.5,"skipped":1,"score":0.5}"""
                + "\n"
        );
        using (var log = new RunLog(_folder.FullName, Task, new() { Update = 10, Epoch = 1 }, _warnings.Add))
            Assert.Equal((0.5, 100.0, 0.5), (log.Epochs[0].Eval!["top1"], log.Epochs[0].ItemsPerSecond, log.Epochs[0].Score));
        Assert.EndsWith(",2,0.5,0.9,,,,100,0.25,12.5,1", File.ReadAllLines(_folder.File(RunLog.EpochsFile))[1], StringComparison.Ordinal);

        EpochRecord clips = Epoch(0, 10, 0) with
        {
            Eval = new Dictionary<string, double>
            {
                ["loss"] = 0.01,
                ["mse"] = 40,
                ["mae"] = 90,
                ["ssim_official"] = 0.9,
                ["psnr"] = double.PositiveInfinity,
            },
            Score = 40,
        };
        var video = TrainingTask.Create(VideoRun.Recipe, new SimVpOptions());
        using (var log = new RunLog(_folder.FullName, video, new(), _warnings.Add))
            log.Add(clips);
        Assert.Contains(
            "\"clips_per_second\":100",
            Assert.Single(File.ReadAllLines(_folder.File(RunLog.LinesFile))),
            StringComparison.Ordinal
        );
        using (var log = new RunLog(_folder.FullName, video, new() { Update = 10, Epoch = 1 }, _warnings.Add))
        {
            EpochRecord back = Assert.Single(log.Epochs);
            Assert.Equal((clips.Eval["psnr"], 40.0, 100.0), (back.Eval!["psnr"], back.Score, back.ItemsPerSecond));
        }

        Assert.Empty(_warnings);
        ChartSheet picture = TrainingCurves.Sheet("clips", video, [clips, clips with { Epoch = 1 }])!;
        // Training and evaluation loss, MSE and MAE, SSIM; what is infinite has no place.
        Assert.Equal(["loss", "MSE and MAE per frame", "SSIM as in the papers"], picture.Charts.Select(chart => chart.YTitle));
        Assert.Equal(
            ["train", "eval", "MSE", "MAE", "SSIM (official)"],
            picture.Charts.SelectMany(chart => chart.Series).Where(curve => curve.Y.Any(double.IsFinite)).Select(curve => curve.Name)
        );
    }

    [Fact]
    public void A_loss_that_is_not_finite_is_logged()
    {
        using (var log = new RunLog(_folder.FullName, Task, new(), _warnings.Add))
            log.Add(Epoch(0, 10, double.NaN));
        using var again = new RunLog(_folder.FullName, Task, new() { Update = 10, Epoch = 1 }, _warnings.Add);
        Assert.Equal(double.NaN, Assert.Single(again.Epochs).Eval!["top1"]);
        Assert.Empty(_warnings);
    }

    [Fact]
    public void Logs_that_cannot_be_opened_cost_a_warning_and_not_the_run()
    {
        using var log = new RunLog(_folder.File("missing"), Task, new(), _warnings.Add);
        log.Add(Step(1));
        log.Add(Epoch(0, 10, 0.5));
        Assert.Equal(3, _warnings.Count);
        Assert.All(_warnings, warning => Assert.Contains("a log cannot be opened and is left out", warning, StringComparison.Ordinal));
        Assert.Single(log.Epochs);
    }

    [Fact]
    public void Curves_are_drawn_as_svg_and_png()
    {
        EpochRecord[] epochs =
        [
            Epoch(0, 10, 0.25),
            Epoch(1, 20, 0.5) with
            {
                EvalEma = Figures(1.5, 0.75, 0.95),
            },
            Epoch(2, 30, double.NaN),
        ];
        string? reason = TrainingCurves.Save(_folder.FullName, "moganet_tiny <test> & more", Task, epochs);
        string svg = File.ReadAllText(_folder.File("curves.svg"));
        var document = System.Xml.Linq.XDocument.Parse(svg);
        Assert.Null(reason);
        Assert.Contains("moganet_tiny &lt;test&gt; &amp; more", svg, StringComparison.Ordinal);
        string[] texts = [.. document.Descendants().Where(node => node.Name.LocalName == "text").Select(node => node.Value)];
        string[] names = ["train", "eval", "eval, average", "top-1", "top-1, average", "top-5", "top-5, average", "loss", "accuracy (%)"];
        Assert.All(names, name => Assert.Contains(name, texts));
        Assert.Equal(2, texts.Count(text => text == "epoch"));
        Assert.DoesNotContain("NaN", svg, StringComparison.Ordinal);
        RgbImage png = ImageDecoder.Load(_folder.File("curves.png"));
        Assert.Equal((960, 392), (png.Width, png.Height));
        // White ground, and the blue of a curve somewhere.
        Assert.Equal([255, 255, 255], png.Pixels[..3].ToArray());
        Assert.Contains(
            Enumerable.Range(0, png.Width * png.Height),
            i => png.Pixels[3 * i] == 0x1f && png.Pixels[(3 * i) + 1] == 0x77 && png.Pixels[(3 * i) + 2] == 0xb4
        );
    }

    [Fact]
    public void One_epoch_is_enough_for_a_picture_and_none_gives_none()
    {
        Assert.Null(TrainingCurves.Save(_folder.FullName, "none", Task, []));
        Assert.Empty(_folder.FileNames);
        Assert.Null(TrainingCurves.Save(_folder.FullName, "one", Task, [Epoch(0, 10, 0.5)]));
        Assert.Equal(["curves.png", "curves.svg"], _folder.FileNames.Order());
    }

    [Fact]
    public void An_epoch_that_was_not_evaluated_leaves_no_gap_in_its_curve_but_one_that_is_not_finite_does()
    {
        // As after a resume: the first epochs are another run's.
        EpochRecord[] epochs = [Epoch(4, 10, 0.25), Epoch(5, 20, 0.5) with { Eval = null }, Epoch(6, 30, double.NaN), Epoch(7, 40, 0.5)];
        ChartSeries[] curves = [.. TrainingCurves.Sheet("gaps", Task, epochs)!.Charts.SelectMany(chart => chart.Series)];
        ChartSeries top1 = curves.Single(curve => curve.Name == "top-1");
        Assert.Equal([5.0, 7, 8], top1.X);
        Assert.Equal([25, double.NaN, 50], top1.Y);
        Assert.Equal([5.0, 6, 7, 8], curves.Single(curve => curve.Name == "train").X);
    }

    private static IReadOnlyDictionary<string, double> Figures(double loss, double top1, double top5) =>
        new Dictionary<string, double>
        {
            ["loss"] = loss,
            ["top1"] = top1,
            ["top5"] = top5,
        };

    internal static StepRecord Step(long update) =>
        new()
        {
            Epoch = (int)(update / 10),
            Update = update,
            Loss = 2.5,
            LearningRate = 1e-3,
            ItemsPerSecond = 100,
            DataWait = 0.25,
            GradientNorm = 3,
        };

    internal static EpochRecord Epoch(int epoch, long update, double top1) =>
        new()
        {
            Epoch = epoch,
            Update = update,
            LearningRate = 1e-3,
            TrainLoss = 2.5,
            Eval = Figures(2, top1, 0.9),
            ItemsPerSecond = 100,
            DataWait = 0.25,
            Seconds = 12.5,
            Skipped = 1,
        };

    private static uint Mask(uint crc) => ((crc >> 15) | (crc << 17)) + 0xa282ead8u;

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        // Bit by bit, reflected polynomial 0x82F63B78.
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
        }

        return ~crc;
    }

    // Reads the format without the code under test and without its protocol buffers.
    private static List<(long Step, string? Version, int Session, List<(string Tag, float Value)> Scalars)> ReadEvents(string path)
    {
        var events = new List<(long, string?, int, List<(string, float)>)>();
        ReadOnlySpan<byte> file = File.ReadAllBytes(path);
        while (!file.IsEmpty)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
            Assert.Equal(Mask(Crc(file[..8])), BinaryPrimitives.ReadUInt32LittleEndian(file[8..]));
            ReadOnlySpan<byte> data = file.Slice(12, length);
            Assert.Equal(Mask(Crc(data)), BinaryPrimitives.ReadUInt32LittleEndian(file[(12 + length)..]));
            file = file[(12 + length + 4)..];
            long step = 0;
            string? version = null;
            int session = 0;
            var scalars = new List<(string, float)>();
            foreach ((int field, ulong number, byte[] bytes) in Fields(data))
            {
                if (field == 1)
                    Assert.True(BitConverter.UInt64BitsToDouble(number) > 1.6e9);
                if (field == 2)
                    step = (long)number;
                if (field == 3)
                    version = Encoding.UTF8.GetString(bytes);
                if (field == 7)
                    session = (int)Fields(bytes).Single(inner => inner.Field == 1).Number;
                if (field != 5)
                    continue;
                foreach ((int _, ulong _, byte[] value) in Fields(bytes))
                {
                    List<(int Field, ulong Number, byte[] Bytes)> parts = Fields(value);
                    scalars.Add(
                        (
                            Encoding.UTF8.GetString(parts.Single(p => p.Field == 1).Bytes),
                            BitConverter.UInt32BitsToSingle((uint)parts.Single(p => p.Field == 2).Number)
                        )
                    );
                }
            }

            events.Add((step, version, session, scalars));
        }

        return events;
    }

    private static List<(int Field, ulong Number, byte[] Bytes)> Fields(ReadOnlySpan<byte> data)
    {
        var fields = new List<(int, ulong, byte[])>();
        while (!data.IsEmpty)
        {
            ulong key = Varint(ref data);
            ulong number = 0;
            byte[] bytes = [];
            switch (key & 7)
            {
                case 0:
                    number = Varint(ref data);
                    break;
                case 1:
                    number = BinaryPrimitives.ReadUInt64LittleEndian(data);
                    data = data[8..];
                    break;
                case 5:
                    number = BinaryPrimitives.ReadUInt32LittleEndian(data);
                    data = data[4..];
                    break;
                default:
                    int length = (int)Varint(ref data);
                    bytes = data[..length].ToArray();
                    data = data[length..];
                    break;
            }

            fields.Add(((int)(key >> 3), number, bytes));
        }

        return fields;
    }

    private static ulong Varint(ref ReadOnlySpan<byte> data)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = data[0];
            data = data[1..];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
                return value;
        }
    }
}
