using System.Collections.Immutable;
using MogaSharp.Vision;

namespace MogaSharp.Training;

/// <summary>Objects and detections as bytes that another process reads.</summary>
internal static class DetectionBytes
{
    public static void Write(BinaryWriter writer, ImmutableArray<AnnotatedObject> objects)
    {
        writer.Write(objects.Length);
        foreach (AnnotatedObject one in objects)
        {
            Write(writer, one.Box, one.Label, one.Mask);
            writer.Write(one.Area);
            writer.Write(one.IsCrowd);
        }
    }

    public static void Write(BinaryWriter writer, ImmutableArray<Detection> found)
    {
        writer.Write(found.Length);
        foreach (Detection one in found)
        {
            Write(writer, one.Box, one.Label, one.Mask);
            writer.Write(one.Score);
        }
    }

    public static ImmutableArray<AnnotatedObject> ReadObjects(BinaryReader reader)
    {
        var objects = ImmutableArray.CreateBuilder<AnnotatedObject>();
        for (int left = reader.ReadInt32(); left > 0; left--)
        {
            (Box box, int label, RunLengthMask? mask) = Read(reader);
            objects.Add(new AnnotatedObject(box, reader.ReadDouble(), label) { Mask = mask, IsCrowd = reader.ReadBoolean() });
        }

        return objects.ToImmutable();
    }

    public static ImmutableArray<Detection> ReadDetections(BinaryReader reader)
    {
        var found = ImmutableArray.CreateBuilder<Detection>();
        for (int left = reader.ReadInt32(); left > 0; left--)
        {
            (Box box, int label, RunLengthMask? mask) = Read(reader);
            found.Add(new Detection(box, reader.ReadDouble(), label) { Mask = mask });
        }

        return found.ToImmutable();
    }

    private static void Write(BinaryWriter writer, Box box, int label, RunLengthMask? mask)
    {
        foreach (double number in (ReadOnlySpan<double>)[box.X, box.Y, box.Width, box.Height])
            writer.Write(number);
        writer.Write(label);
        writer.Write(mask is not null);
        if (mask is null)
            return;
        writer.Write(mask.Size.Width);
        writer.Write(mask.Size.Height);
        writer.Write(mask.ToString());
    }

    private static (Box Box, int Label, RunLengthMask? Mask) Read(BinaryReader reader)
    {
        var box = new Box(reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble());
        int label = reader.ReadInt32();
        return (
            box,
            label,
            reader.ReadBoolean() ? RunLengthMask.Parse(new ImageSize(reader.ReadInt32(), reader.ReadInt32()), reader.ReadString()) : null
        );
    }
}
