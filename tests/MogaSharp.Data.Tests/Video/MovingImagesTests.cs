using System.Security.Cryptography;
using System.Text.Json;
using MogaSharp.Testing;

namespace MogaSharp.Data.Tests;

public sealed class MovingImagesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Clips_are_those_of_the_official_code_for_the_same_draws()
    {
        using JsonDocument fixture = JsonDocument.Parse(File.ReadAllText(Repository.Fixture("video", "moving.json")));
        MovingImages clips = Open();
        byte[] clip = new byte[20 * 64 * 64];
        int compared = 0;
        foreach (JsonElement expected in fixture.RootElement.GetProperty("clips").EnumerateArray())
        {
            Array.Clear(clip);
            for (int i = 0; i < 2; i++)
            {
                JsonElement draw = expected.GetProperty("draws")[i];
                var drawn = new MovingObject(
                    draw[0].GetDouble(),
                    draw[1].GetDouble(),
                    draw[2].GetDouble() * 2 * Math.PI,
                    draw[3].GetInt32()
                );
                var places = new (int Left, int Top)[20];
                MovingImages.Trajectory(drawn, 0.1, 36, 36, places);
                Assert.Equal(
                    expected.GetProperty("left_top")[i][0].EnumerateArray().Select(e => e.GetInt32()),
                    places.Select(place => place.Left)
                );
                Assert.Equal(
                    expected.GetProperty("left_top")[i][1].EnumerateArray().Select(e => e.GetInt32()),
                    places.Select(place => place.Top)
                );
                clips.Add(drawn, clip);
            }
            Assert.Equal(expected.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(clip)));
            compared++;
        }
        Assert.Equal(6, compared);
    }

    [Fact]
    public void Draws_are_spread_as_they_should_be()
    {
        MovingImages clips = Open();
        var drawn = Enumerable.Range(0, 12_000).Select(i => clips.Draw(new RandomStream(3, RandomPurpose.Clip, 0, i))).ToList();
        foreach (Func<MovingObject, double> part in (Func<MovingObject, double>[])[o => o.X, o => o.Y, o => o.Angle / (2 * Math.PI)])
        {
            Assert.Equal(0.5, drawn.Average(part), 5 * 0.2887 / Math.Sqrt(12_000));
            Assert.InRange(drawn.Min(part), 0, 0.001);
            Assert.InRange(drawn.Max(part), 0.999, 1);
        }
        Assert.All(drawn.CountBy(o => o.Image), pair => Assert.InRange(pair.Value, 1000 - (5 * 31), 1000 + (5 * 31)));
        Assert.Equal(12, drawn.Select(o => o.Image).Distinct().Count());
    }

    [Fact]
    public void A_clip_is_a_function_of_seed_epoch_and_index()
    {
        MovingImages clips = Open();
        string Clip(MovingImages set, long seed, int epoch, int index)
        {
            byte[] clip = new byte[20 * 64 * 64];
            set.Draw(index, new RandomStream(seed, RandomPurpose.Clip, epoch, index), clip);
            return Convert.ToHexString(SHA256.HashData(clip));
        }
        Assert.Equal(Clip(clips, 1, 2, 3), Clip(clips, 1, 2, 3));
        Assert.Equal(
            4,
            new[] { Clip(clips, 1, 2, 3), Clip(clips, 0, 2, 3), Clip(clips, 1, 0, 3), Clip(clips, 1, 2, 0) }.Distinct().Count()
        );
        // With a seed of their own they are always the same.
        MovingImages fixedClips = Open(new MovingImagesOptions { FixedSeed = 9 });
        Assert.Equal(Clip(fixedClips, 1, 2, 3), Clip(fixedClips, 5, 6, 3));
        Assert.NotEqual(Clip(fixedClips, 1, 2, 3), Clip(fixedClips, 1, 2, 4));
        Assert.Equal(Clip(fixedClips, 0, 0, 3), Clip(clips, 9, 0, 3));
    }

    [Fact]
    public void Values_are_samples_over_255_and_the_clip_is_cut()
    {
        MovingImages clips = Open(
            new MovingImagesOptions
            {
                InputFrames = 3,
                OutputFrames = 5,
                CanvasSize = 40,
                Objects = 3,
                Clips = 7,
            }
        );
        Assert.Equal((7, new ClipShape(3, 5, 1, 40, 40)), (clips.Count, clips.Shape));
        byte[] clip = new byte[8 * 1600];
        float[] input = new float[3 * 1600],
            output = new float[5 * 1600];
        clips.Draw(6, new RandomStream(0, RandomPurpose.Clip, 0, 6), clip);
        clips.Read(6, new RandomStream(0, RandomPurpose.Clip, 0, 6), input, output);
        Assert.Equal(clip.Select(sample => (float)(sample / 255.0)), input.Concat(output));
        Assert.InRange(clip.Count(sample => sample > 0), 1000, 8 * 1600);
    }

    [Fact]
    public void What_is_wrong_is_refused()
    {
        Assert.Contains(
            "train-images-idx3-ubyte: There is no such file",
            Refused(() => new MovingImages(_folder.FullName)),
            StringComparison.Ordinal
        );
        string large = _folder.File("large", IdxWriter.Bytes([1, 70, 28], new byte[70 * 28]));
        Assert.EndsWith(
            "large: Images of 70 x 28 pixels do not fit onto a canvas of 64 x 64.",
            Refused(() => new MovingImages(large)),
            StringComparison.Ordinal
        );
        string rgb = _folder.File("rgb", IdxWriter.Bytes([1, 2, 2, 3], new byte[12]));
        Assert.EndsWith(
            "rgb: Images must be count x rows x columns, not 1 x 2 x 2 x 3.",
            Refused(() => new MovingImages(rgb)),
            StringComparison.Ordinal
        );
        string path = Write();
        Assert.Throws<ArgumentOutOfRangeException>(() => new MovingImages(path, options: new MovingImagesOptions { Objects = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            new MovingImages(path, options: new MovingImagesOptions { StepLength = double.NaN })
        );
        MovingImages clips = Open();
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            clips.Draw(10_000, new RandomStream(0, RandomPurpose.Clip, 0, 0), new byte[20 * 4096])
        );
        Assert.Throws<ArgumentException>(() => clips.Draw(0, new RandomStream(0, RandomPurpose.Clip, 0, 0), new byte[19 * 4096]));
    }

    /// <summary>The pictures of the fixture: twelve, made by a formula.</summary>
    public static byte[] Pictures() =>
        [
            .. from k in Enumerable.Range(0, 12)
            from r in Enumerable.Range(0, 28)
            from c in Enumerable.Range(0, 28)
            select (byte)((r + c) % 3 == 0 ? 0 : (k * 37) + (r * 11) + (c * 5)),
        ];

    private static string Refused(Func<MovingImages> make) => Assert.Throws<DatasetException>(make).Message;

    private string Write() => _folder.File("train-images-idx3-ubyte.gz", IdxWriter.GZip(IdxWriter.Bytes([12, 28, 28], Pictures())));

    private MovingImages Open(MovingImagesOptions? options = null)
    {
        Write();
        return new MovingImages(_folder.FullName, DatasetSplit.Train, options);
    }
}
