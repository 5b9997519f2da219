namespace MogaSharp.Imaging.Native;

/// <summary>Walks over the segments of a JPEG without decoding, up to the end of the image: phones append videos and further images.</summary>
internal static class JpegStructure
{
    private const byte StartOfScan = 0xDA, EndOfImage = 0xD9, Escaped = 0x00, FirstRestart = 0xD0, LastRestart = 0xD7, StartOfImage = 0xD8, Temporary = 0x01;

    /// <summary>Counts the scans of the image, at most up to a limit.</summary>
    public static int CountScans(ReadOnlySpan<byte> data, int most)
    {
        int scans = 0, at = 2;
        while (at + 1 < data.Length && scans <= most)
        {
            // Whatever does not belong there is passed over up to the next marker, as decoders do.
            int marker = data[at..].IndexOf((byte)0xFF);
            if (marker < 0) return scans;
            at += marker;
            while (at < data.Length && data[at] == 0xFF) at++;
            if (at >= data.Length) return scans;
            byte kind = data[at++];
            if (kind == EndOfImage) return scans;
            if (kind is Escaped or Temporary or StartOfImage or (>= FirstRestart and <= LastRestart)) continue;
            if (kind == StartOfScan) scans++;
            if (at + 2 > data.Length) return scans;
            // The data of a scan follows its header; no marker but a restart is within it.
            at += Math.Max(2, (data[at] << 8) | data[at + 1]);
        }

        return scans;
    }
}
