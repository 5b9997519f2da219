using MogaSharp.Data;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Fuzz;

/// <summary>Annotations of images as other tools write them. All faults of an input are collected, so that what stands behind the first is
/// read too; an input with one counts as refused.</summary>
internal static class AnnotationTargets
{
    private const int MostRuns = 1 << 20;

    private static readonly ImageLimits Limits = new() { MaxPixels = 1 << 16, MaxSide = 1024 };

    // An image of 8 x 6 black pixels.
    private static readonly byte[] Image =
    [
        .. "BM"u8,
        .. new byte[8],
        .. (ReadOnlySpan<byte>)[26, 0, 0, 0, 12, 0, 0, 0, 8, 0, 6, 0, 1, 0, 24, 0],
        .. new byte[8 * 6 * 3],
    ];

    public static FuzzTarget[] All { get; } =
    [
        Target("coco", "objects.json", ReadCoco),
        Target("coco-pose", "people.json", ReadPeople),
        Target("voc", "Annotations/a.xml", ReadVoc),
        Target("boxes", "boxes.csv", ReadTable),
        Target("yolo", "labels/a.txt", input => ReadYolo(input, "data.yaml", "names: [a, b]"u8)),
        Target("yolo-names", "data.yaml", input => ReadYolo(input, "labels/a.txt", "0 0.5 0.5 0.25 0.25"u8)),
        Target("label-numbers", "map.txt", input => PixelLabels.Read(input.ToFile(), [new ClassLabel("a"), new ClassLabel("b c")])),
        Target("class-list", "classes.txt", input => PixelLabels.ReadClasses(input.ToFile())),
        new("runs", "runs.txt", typeof(FormatException), ReadRuns),
    ];

    private static FuzzTarget Target(string name, string fileName, Action<FuzzInput> read) =>
        new(name, fileName, typeof(DatasetException), read);

    private static void ReadCoco(FuzzInput input) =>
        Collect(collect =>
        {
            foreach (AnnotatedImage image in CocoInstances.Load(input.ToFile(), collect, Limits, MostRuns).Images)
            foreach (RunLengthMask mask in image.Objects.Select(one => one.Mask).OfType<RunLengthMask>())
                Use(mask);
        });

    private static void ReadPeople(FuzzInput input) => Collect(collect => CocoKeyPoints.Load(input.ToFile(), null, collect));

    private static void ReadVoc(FuzzInput input)
    {
        input.ToFile();
        input.Put("JPEGImages/a.bmp", Image);
        Open($"voc:{input.Folder}");
    }

    private static void ReadTable(FuzzInput input)
    {
        input.Put("images/a.bmp", Image);
        Open($"csv:{input.ToFile()},{input.Folder}/images");
    }

    private static void ReadYolo(FuzzInput input, string other, ReadOnlySpan<byte> content)
    {
        input.ToFile();
        input.Put(other, content.ToArray());
        input.Put("images/a.bmp", Image);
        Open($"yolo:{input.Folder}");
    }

    // The sides of the image in the first two characters, then the code.
    private static void ReadRuns(FuzzInput input)
    {
        string text = input.Text;
        if (text.Length < 2)
            throw new FormatException("There is no size.");
        Use(RunLengthMask.Parse(new ImageSize(text[0] % 128, text[1] % 128), text.AsSpan(2)));
    }

    private static void Open(string data) =>
        Collect(collect =>
        {
            IDetectionDataset set = DetectionSpec.Parse(data).Open(DatasetSplit.Train, null, collect);
            foreach (ImageItem item in set)
            foreach (AnnotatedObject one in item.ReadAnnotations().Cast<ObjectAnnotation>().Select(annotation => annotation.Object))
                if (
                    !(
                        one.Box is { Width: > 0, Height: > 0 }
                        && one.Box.Clip(new ImageSize(8, 6)) == one.Box
                        && one.Label < set.Classes.Length
                    )
                )
                    throw new FuzzException($"{data}: {one} is not an object of the image.");
        });

    private static void Use(RunLengthMask mask)
    {
        if (!RunLengthMask.Parse(mask.Size, mask.ToString()).Equals(mask))
            throw new FuzzException($"The mask '{mask}' of {mask.Size} is another one when it is read again.");
        byte[] pixels = new byte[mask.Size.Width * mask.Size.Height];
        mask.CopyTo(pixels);
        RunLengthMask again = RunLengthMask.FromPixels(pixels, mask.Size);
        if (again.Area != mask.Area || again.Window != mask.Window)
            throw new FuzzException($"The mask '{mask}' of {mask.Size} has other pixels than it says.");
    }

    private static void Collect(Action<Action<DatasetFault>> read)
    {
        DatasetFault? first = null;
        read(fault => first ??= fault);
        if (first is not null)
            throw new DatasetException(first.File, first.Problem);
    }
}
