namespace MogaSharp.Vision;

/// <summary>Detections as bytes that another process reads.</summary>
internal static class CocoDetectionBytes
{
    public static void Write(BinaryWriter writer, long image, in Detection detection, CocoComparison comparison)
    {
        writer.Write(image);
        writer.Write(detection.Label);
        Box box = detection.Box;
        foreach (double value in (ReadOnlySpan<double>)[detection.Score, box.X, box.Y, box.Width, box.Height])
            writer.Write(value);
        if (comparison != CocoComparison.Masks)
            return;
        RunLengthMask mask = detection.Mask!;
        writer.Write(mask.Size.Width);
        writer.Write(mask.Size.Height);
        writer.Write(mask.ToString());
    }

    /// <exception cref="ArgumentException">The bytes end within a detection, or a mask is none.</exception>
    public static List<(long Image, Detection Detection)> Read(BinaryReader reader, CocoComparison comparison)
    {
        List<(long, Detection)> detections = [];
        try
        {
            while (reader.BaseStream.Position < reader.BaseStream.Length)
            {
                (long image, int label, double score) = (reader.ReadInt64(), reader.ReadInt32(), reader.ReadDouble());
                var box = new Box(reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble());
                RunLengthMask? mask = comparison == CocoComparison.Masks ? ReadMask(reader) : null;
                detections.Add((image, new Detection(box, score, label) { Mask = mask }));
            }
        }
        catch (Exception damaged) when (damaged is IOException or FormatException)
        {
            throw new ArgumentException("These bytes are not whole detections.", damaged);
        }

        return detections;
    }

    private static RunLengthMask ReadMask(BinaryReader reader)
    {
        var size = new ImageSize(reader.ReadInt32(), reader.ReadInt32());
        return RunLengthMask.Parse(size, reader.ReadString());
    }
}
