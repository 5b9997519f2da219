namespace MogaSharp.Imaging.Native;

/// <summary>Walks over the segments of a JPEG without decoding, up to the end of the image: phones append videos and further
/// images.</summary>
internal static class JpegStructure
{
    private const byte StartOfScan = 0xDA,
        EndOfImage = 0xD9,
        FirstFrame = 0xC0,
        FirstRestart = 0xD0,
        LastRestart = 0xD7,
        StartOfImage = 0xD8;

    /// <summary>Counts the scans of the image, at most up to a limit.</summary>
    /// <exception cref="ImageFormatException">It is of a kind of JPEG that is not decoded.</exception>
    public static int CountScans(ReadOnlySpan<byte> data, int most, string name)
    {
        int scans = 0,
            at = 2;
        while (at + 1 < data.Length && scans <= most)
        {
            // Whatever does not belong there is passed over up to the next marker, as decoders do.
            int marker = data[at..].IndexOf((byte)0xFF);
            if (marker < 0)
                return scans;
            at += marker;
            while (at < data.Length && data[at] == 0xFF)
                at++;
            if (at >= data.Length)
                return scans;
            byte kind = data[at++];
            if (kind == EndOfImage)
                return scans;
            // Below the first frame header nothing has a length. A decoder that looks for a lost restart marker searches on right behind
            // such a marker, so what seems to be its content must be looked at too.
            if (kind is < FirstFrame or StartOfImage or (>= FirstRestart and <= LastRestart))
                continue;
            if (RareKind(kind) is { } rare)
                throw new ImageFormatException(name, $"This is {rare}, which is not decoded; convert it to PNG or a usual JPEG.");
            if (kind == StartOfScan)
                scans++;
            if (at + 2 > data.Length)
                return scans;
            // The data of a scan follows its header; no marker but a restart is within it.
            at += Math.Max(2, (data[at] << 8) | data[at + 1]);
        }

        return scans;
    }

    private static string? RareKind(byte frame) =>
        frame switch
        {
            0xC3 or 0xCB => "a lossless JPEG image",
            (>= 0xC5 and <= 0xC7) or (>= 0xCD and <= 0xCF) => "a hierarchical JPEG image",
            0xF7 => "a JPEG-LS image",
            _ => null,
        };
}
