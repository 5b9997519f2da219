using System.Security.Cryptography;
using MogaSharp.Vision;

namespace MogaSharp.Data.Tests;

public sealed class SceneGeneratorTests
{
    private const int Many = 150;

    private static readonly Lazy<Scene[]> Scenes = new(() =>
    {
        var generator = new SceneGenerator(new PlainDigits());
        return [.. Enumerable.Range(0, Many).Select(generator.Draw)];
    });

    [Theory]
    [InlineData(0, DatasetSplit.Train, 0, "5b3bd2b78ea1b202")]
    [InlineData(0, DatasetSplit.Train, 7, "543d5276ecd5e57d")]
    [InlineData(0, DatasetSplit.Test, 0, "1be918e0e46a5a30")]
    [InlineData(5, DatasetSplit.Train, 0, "c47e72a97cbdcf7b")]
    public void A_scene_has_the_same_bits_always_and_everywhere(long seed, DatasetSplit split, int index, string sha256)
    {
        var generator = new SceneGenerator(new PlainDigits(), seed, split);
        Scene scene = generator.Draw(index);
        Assert.Equal(sha256, Hash(scene));
        // Alone or after others, of another generator.
        var other = new SceneGenerator(new PlainDigits(), seed, split);
        other.Draw(3);
        Assert.Equal(sha256, Hash(other.Draw(index)));
    }

    [Fact]
    public void No_two_scenes_are_equal()
    {
        string[] hashes =
        [
            .. from seed in new[] { 0, 1 }
            from split in new[] { DatasetSplit.Train, DatasetSplit.Test }
            from index in Enumerable.Range(0, 10)
            select Hash(new SceneGenerator(new PlainDigits(), seed, split).Draw(index)),
        ];
        Assert.Equal(hashes.Length, hashes.Distinct().Count());
    }

    [Fact]
    public void Labels_boxes_and_areas_are_those_of_the_visible_pixels()
    {
        foreach (Scene scene in Scenes.Value)
        {
            var size = new ImageSize(scene.Image.Width, scene.Image.Height);
            Assert.Equal(SceneGenerator.DefaultSize, size);
            Assert.Equal(size, scene.Labels.Size);
            for (int i = 0; i < scene.Objects.Length; i++)
            {
                SceneObject one = scene.Objects[i];
                bool[] mask = scene.MaskOf(i);
                int[] places = [.. Enumerable.Range(0, mask.Length).Where(at => mask[at])];
                Assert.Equal(one.Area, places.Length);
                Assert.True(one.Area > 0 && one.CoveredArea >= 0);
                Assert.Equal(places.Min(at => at % size.Width), one.Box.X);
                Assert.Equal(places.Max(at => at % size.Width) + 1, one.Box.Right);
                Assert.Equal(places[0] / size.Width, one.Box.Y);
                Assert.Equal((places[^1] / size.Width) + 1, one.Box.Bottom);
                Assert.All(places, at => Assert.Equal(one.ClassIndex, scene.Labels.Labels[at]));
            }

            Assert.Equal(scene.Objects.Sum(one => one.Area), scene.Labels.Labels.Count(label => label != 0));
        }
    }

    [Fact]
    public void The_object_in_front_is_not_covered_and_the_others_keep_their_share()
    {
        foreach (Scene scene in Scenes.Value)
        {
            Assert.Equal(0, scene.Objects[^1].CoveredArea);
            Assert.All(
                scene.Objects,
                one => Assert.True(one.Area >= (one.ClassIndex == 1 ? 0.8 : 0.55) * (one.Area + one.CoveredArea) - 1e-9)
            );
        }
    }

    [Fact]
    public void Joints_that_can_be_seen_lie_on_their_own_person()
    {
        int visible = 0,
            others = 0;
        foreach (Scene scene in Scenes.Value)
        {
            for (int i = 0; i < scene.Objects.Length; i++)
            {
                SceneObject one = scene.Objects[i];
                Assert.Equal(one.ClassIndex == 1 ? 17 : 0, one.Joints.Length);
                Assert.Equal(one.ClassIndex == 8, one.Digit is not null);
                foreach (KeyPoint joint in one.Joints)
                {
                    int owner = joint.Visibility == KeyPointVisibility.Unlabeled ? -1 : OwnerAt(scene, joint);
                    if (joint.Visibility == KeyPointVisibility.Visible)
                    {
                        Assert.Equal(i + 1, owner);
                        visible++;
                    }
                    else if (owner >= 0 && owner != i + 1)
                    {
                        // Only what lies in front can hide it, but for the last bit of a limb's end.
                        others++;
                        Assert.True(owner > i + 1 || owner == 0, $"joint of {i + 1} behind {owner}");
                    }
                }
            }
        }

        Assert.InRange(visible, Many * 8, Many * 3 * 17);
        Assert.InRange(others, Many / 5, Many * 10);
    }

    [Fact]
    public void Left_and_right_are_those_of_the_person()
    {
        // Whoever looks at us has the left eye to the right of the right one as the head is turned; away from us no eye is labeled.
        int facing = 0,
            away = 0;
        foreach (SceneObject one in Scenes.Value.SelectMany(scene => scene.Objects).Where(one => one.ClassIndex == 1))
        {
            KeyPoint[] points = [.. one.Joints];
            if (points.Take(3).All(Labeled) && points.Skip(5).Take(2).All(Labeled))
            {
                double across =
                    ((points[1].X - points[2].X) * (points[5].X - points[6].X))
                    + ((points[1].Y - points[2].Y) * (points[5].Y - points[6].Y));
                facing += across > 0 ? 1 : 0;
            }
            else if (!Labeled(points[1]) && !Labeled(points[2]) && points.Skip(3).Take(4).All(Labeled))
                away++;
        }

        Assert.InRange(facing, Many / 2, Many * 3);
        Assert.InRange(away, Many / 20, Many);

        static bool Labeled(KeyPoint point) => point.Visibility != KeyPointVisibility.Unlabeled;
    }

    [Fact]
    public void There_is_of_everything_enough()
    {
        SceneObject[] objects = [.. Scenes.Value.SelectMany(scene => scene.Objects)];
        Assert.Equal(Enumerable.Range(1, SceneGenerator.Classes.Length - 1), objects.Select(one => one.ClassIndex).Distinct().Order());
        foreach ((int label, int count) in objects.CountBy(one => one.ClassIndex))
            Assert.True(count >= Many / 3, $"{count} of {SceneGenerator.Classes[label].Name}");
        Assert.All(Scenes.Value, scene => Assert.Contains(scene.Objects, one => one.ClassIndex == 1));
        int[] counts = new int[SceneGenerator.Classes.Length];
        foreach (byte label in Scenes.Value.SelectMany(scene => scene.Labels.Labels))
            counts[label]++;
        double pixels = counts.Sum();
        Assert.InRange(counts[0] / pixels, 0.4, 0.75);
        Assert.All(counts, count => Assert.InRange(count / pixels, 0.01, 0.75));
        // Some are covered in part, and joints are visible, hidden and outside.
        Assert.InRange(objects.Count(one => one.CoveredArea > 0) / (double)objects.Length, 0.3, 0.8);
        var joints = objects.SelectMany(one => one.Joints).CountBy(joint => joint.Visibility).ToDictionary();
        double all = joints.Values.Sum();
        Assert.InRange(joints[KeyPointVisibility.Visible] / all, 0.6, 0.85);
        Assert.InRange(joints[KeyPointVisibility.Hidden] / all, 0.05, 0.25);
        Assert.InRange(joints[KeyPointVisibility.Unlabeled] / all, 0.05, 0.25);
        // Light and noise leave most samples between black and white.
        Assert.InRange(Scenes.Value.Average(scene => scene.Image.Pixels.Average(sample => (double)sample)), 80, 180);
    }

    [Fact]
    public void A_sign_shows_its_digit()
    {
        SceneObject[] signs = [.. Scenes.Value.SelectMany(scene => scene.Objects).Where(one => one.Digit is not null)];
        Assert.Equal(10, signs.Select(sign => sign.Digit).Distinct().Count());
        // With empty images in place of the digits, the same scenes differ on the signs alone.
        var empty = new SceneGenerator(new PlainDigits(isEmpty: true));
        int inked = 0;
        for (int i = 0; i < Many; i++)
        {
            Scene scene = Scenes.Value[i],
                without = empty.Draw(i);
            Assert.Equal(scene.Labels, without.Labels);
            bool[] differs = new bool[scene.Objects.Length];
            for (int at = 0; at < scene.Owners.Length; at++)
            {
                if (scene.Image.Pixels.AsSpan(at * 3, 3).SequenceEqual(without.Image.Pixels.AsSpan(at * 3, 3)))
                    continue;
                // What lies before a sign has edges through which the sign shows.
                if (scene.Labels.Labels[at] == 8)
                    differs[scene.Owners.Span[at] - 1] = true;
                else
                    Assert.Contains(Around(scene, at), label => label == 8);
            }

            foreach ((SceneObject one, bool isInked) in scene.Objects.Zip(differs))
                if (one is { Digit: > 0, CoveredArea: 0 })
                    Assert.True(isInked);
            inked += differs.Count(isInked => isInked);
        }

        Assert.True(inked > Many / 3);
    }

    private static IEnumerable<byte> Around(Scene scene, int at) =>
        from y in new[] { -1, 0, 1 }
        from x in new[] { -1, 0, 1 }
        select scene.Labels.Labels[at + (y * scene.Image.Width) + x];

    [Theory]
    [InlineData(96, 96)]
    [InlineData(33, 47)]
    [InlineData(320, 500)]
    public void Any_size_can_be_drawn(int height, int width)
    {
        var generator = new SceneGenerator(new PlainDigits(), size: new ImageSize(width, height));
        for (int i = 0; i < 5; i++)
        {
            Scene scene = generator.Draw(i);
            Assert.Equal((width, height), (scene.Image.Width, scene.Image.Height));
            Assert.Contains(scene.Objects, one => one.ClassIndex == 1);
        }
    }

    [Fact]
    public void What_is_wrong_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new SceneGenerator(new PlainDigits(), size: new ImageSize(31, 64)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SceneGenerator(new PlainDigits(), size: new ImageSize(64, 5000)));
        var none = new PlainDigits();
        none.Clear();
        Assert.Throws<ArgumentException>(() => new SceneGenerator(none));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SceneGenerator(new PlainDigits()).Draw(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Scenes.Value[0].MaskOf(Scenes.Value[0].Objects.Length));
    }

    [Fact]
    public void Angles_are_exact_enough()
    {
        for (double degrees = -720; degrees <= 720; degrees += 0.37)
        {
            (double sin, double cos) = ExactAngle.SinCos(degrees);
            Assert.Equal(Math.Sin(degrees * Math.PI / 180), sin, 1e-12);
            Assert.Equal(Math.Cos(degrees * Math.PI / 180), cos, 1e-12);
        }
    }

    private static int OwnerAt(Scene scene, KeyPoint joint) => scene.Owners.Span[((int)joint.Y * scene.Image.Width) + (int)joint.X];

    private static string Hash(Scene scene)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(scene.Image.Pixels);
        hash.AppendData(scene.Labels.Labels);
        foreach (KeyPoint joint in scene.Objects.SelectMany(one => one.Joints))
            hash.AppendData([.. BitConverter.GetBytes(joint.X), .. BitConverter.GetBytes(joint.Y), (byte)joint.Visibility]);
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }
}
