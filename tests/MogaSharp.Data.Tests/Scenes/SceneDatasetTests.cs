using MogaSharp.Testing;
using MogaSharp.Vision;

namespace MogaSharp.Data.Tests;

/// <summary>Scenes as data sets, and the texts that name them.</summary>
public sealed class SceneDatasetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Each_view_tells_what_its_task_needs()
    {
        var generator = new SceneGenerator(new PlainDigits());
        SceneDataset labels = new(generator, 12, SceneView.LabelMap),
            people = new(generator, 12, SceneView.People),
            persons = new(generator, 12, SceneView.OnePerson);
        Assert.Equal((12, "background"), (labels.Count, labels.ClassNames[0]));
        Assert.Equal(labels.ClassNames, labels.Classes.Select(label => label.Name));
        Assert.All(labels.Classes, label => Assert.NotNull(label.Color));
        var chosen = new HashSet<int>();
        for (int i = 0; i < 12; i++)
        {
            Scene scene = generator.Draw(i);
            Assert.Equal(scene.Image.Pixels, labels[i].ToImage().Pixels);
            Assert.Equal([scene.Labels], labels[i].ReadAnnotations());
            SceneObject[] expected = [.. scene.Objects.Where(one => one.ClassIndex == 1)];
            PersonAnnotation[] found = [.. people[i].ReadAnnotations().Cast<PersonAnnotation>()];
            Assert.Equal(expected.Select(one => (one.Box, (double)one.Area)), found.Select(one => (one.Person.Box, one.Person.Area)));
            foreach ((SceneObject one, PersonAnnotation person) in expected.Zip(found))
            foreach ((KeyPoint joint, KeyPoint moved) in one.Joints.Zip(person.Person.Points))
                Assert.Equal(joint, moved.Visibility == 0 ? moved : moved with { X = moved.X + 0.5, Y = moved.Y + 0.5 });
            var alone = (PersonAnnotation)Assert.Single(persons[i].ReadAnnotations());
            Assert.Contains(alone, found);
            if (found.Length > 1)
                chosen.Add(Array.IndexOf(found, alone));
            Assert.Equal((i, $"scene {i}"), (people.ImageIdOf(i), people[i].Name));
        }

        Assert.True(chosen.Count > 1);
        Assert.Equal(12, labels.DistinctBy(item => item.Name).Count());
        Assert.Throws<ArgumentOutOfRangeException>(() => labels[12]);
        Assert.Throws<ArgumentOutOfRangeException>(() => new SceneDataset(generator, 0, default));
    }

    [Fact]
    public void Every_object_has_a_box_a_class_and_its_pixels()
    {
        var generator = new SceneGenerator(new PlainDigits());
        IDetectionDataset set = new SceneDataset(generator, 8, SceneView.Objects);
        Assert.Equal(SceneGenerator.Classes[1..], set.Classes);
        Assert.Equal(set.Classes.Select(label => label.Name), set.ClassNames);
        Assert.Equal((3L, SceneGenerator.DefaultSize), (set.CategoryIdOf(2), set.SizeOf(5)));
        for (int i = 0; i < set.Count; i++)
        {
            Scene scene = generator.Draw(i);
            AnnotatedObject[] objects = [.. set[i].ReadAnnotations().Cast<ObjectAnnotation>().Select(annotation => annotation.Object)];
            Assert.Equal(scene.Objects.Length, objects.Length);
            byte[] pixels = new byte[scene.Owners.Length];
            for (int k = 0; k < objects.Length; k++)
            {
                SceneObject expected = scene.Objects[k];
                Assert.Equal(
                    (expected.Box, (double)expected.Area, expected.ClassIndex - 1, false),
                    (objects[k].Box, objects[k].Area, objects[k].Label, objects[k].IsCrowd)
                );
                Assert.Equal((expected.Box, expected.Area), (objects[k].Mask!.Bounds, objects[k].Mask!.Area));
                objects[k].Mask!.CopyTo(pixels);
                Assert.Equal(scene.MaskOf(k), pixels.Select(pixel => pixel == 1));
            }
        }
    }

    [Fact]
    public async Task A_loader_batches_them()
    {
        var set = new SceneDataset(new SceneGenerator(new PlainDigits(), size: new ImageSize(64, 48)), 6, SceneView.LabelMap);
        var transform = new EvaluationTransform(new(64, 48) { CropFraction = 1 });
        using var loader = new BatchLoader(set, new OrderedSampler(6, ProcessShare.Single), transform, new(3), LoaderUse.Evaluation);
        int seen = 0;
        await foreach (Batch batch in loader.ReadAsync(0, cancellationToken: TestContext.Current.CancellationToken))
        {
            using (batch)
                foreach (var annotations in batch.Annotations)
                    Assert.Equal(set[seen++].ReadAnnotations(), annotations);
        }

        Assert.Equal(6, seen);
    }

    [Fact]
    public void Texts_are_read()
    {
        SceneSpec spec = SceneSpec.Parse("scenes", kind => $"/{kind}");
        Assert.Equal((0, 10_000, 1000, SceneGenerator.DefaultSize), (spec.Seed, spec.TrainCount, spec.TestCount, spec.Size));
        spec = SceneSpec.Parse("scenes:/data/mnist?seed=7&count=20&testcount=3&size=96x128");
        Assert.Equal((7, 20, 3, new ImageSize(128, 96)), (spec.Seed, spec.TrainCount, spec.TestCount, spec.Size));
        Assert.Equal(new ImageSize(80, 80), SceneSpec.Parse("scenes?size=80", _ => "x").Size);
        Assert.True(SceneSpec.IsScenes("scenes") && SceneSpec.IsScenes("scenes?seed=1") && SceneSpec.IsScenes("scenes:x"));
        Assert.False(SceneSpec.IsScenes("scenesque") || SceneSpec.IsScenes("folder:scenes"));
    }

    [Theory]
    [InlineData("scene", "'scene' does not say what it is; write scenes or scenes:FOLDER")]
    [InlineData("scenes", "'scenes' names no folder of MNIST's files; write scenes or scenes:FOLDER")]
    [InlineData("scenes:x?digits=2", "the unknown option 'digits'; there are seed, count, testcount, size")]
    [InlineData("scenes:x?seed=-1", "the option 'seed' takes a whole number from 0 to 9223372036854775807, not '-1'")]
    [InlineData("scenes:x?count=0", "the option 'count' takes a whole number from 1 to 2147483647, not '0'")]
    [InlineData("scenes:x?size=8", "the option 'size' takes N or HxW, each from 32 to 4096, not '8'")]
    [InlineData("scenes:x?size=64x64x3", "the option 'size' takes N or HxW")]
    public void Wrong_texts_are_refused(string text, string problem) =>
        Assert.Contains(problem, Assert.Throws<DatasetSpecException>(() => SceneSpec.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Parts_have_digits_of_their_own()
    {
        string nowhere = _folder.File("nowhere");
        DatasetSpecException missing = Assert.Throws<DatasetSpecException>(() =>
            SceneSpec.Parse($"scenes:{nowhere}").Open(DatasetSplit.Train, SceneView.LabelMap)
        );
        Assert.Equal($"There is no folder '{nowhere}'.", missing.Message);
        foreach ((string name, byte digit) in new[] { ("train", (byte)1), ("t10k", (byte)7) })
        {
            _folder.File($"{name}-images-idx3-ubyte", IdxWriter.Bytes([1, 28, 28], PlainDigits.Pixels(digit)));
            _folder.File($"{name}-labels-idx1-ubyte", IdxWriter.Bytes([1], [digit]));
        }

        SceneSpec spec = SceneSpec.Parse($"scenes:{_folder.FullName}?count=30&testcount=20&size=64");
        SceneDataset train = spec.Open(DatasetSplit.Train, SceneView.People),
            test = spec.Open(DatasetSplit.Test, SceneView.People);
        Assert.Equal((30, 20), (train.Count, test.Count));
        Assert.NotEqual(train[0].ToImage().Pixels, test[0].ToImage().Pixels);
        Assert.Equal(new ImageSize(64, 64), new ImageSize(train[0].ToImage().Width, train[0].ToImage().Height));
    }
}
