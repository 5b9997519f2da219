using System.Buffers.Binary;

namespace MogaSharp.Weights;

/// <summary>Where a zip file's directory lies, from the records at the end of the file.</summary>
internal readonly record struct ZipEnd(long Count, long DirectoryStart, long DirectorySize)
{
    private const uint EndSignature = 0x06054B50;
    private const uint End64Signature = 0x06064B50;
    private const uint Locator64Signature = 0x07064B50;
    private const int EndSize = 22;
    private const int Locator64Size = 20;
    private const int End64Size = 56;

    /// <summary>Reads the end record, which must be the last thing in the file, and the zip64 one if there is one.</summary>
    public static ZipEnd Read(FileBytes file)
    {
        byte[] end = new byte[EndSize];
        long endStart = file.Length - EndSize;
        if (endStart >= 0)
            file.Read(endStart, end);
        if (UInt32(end, 0) != EndSignature || UInt16(end, 20) != 0)
            throw file.Reject("The zip file does not end with its end record: it was cut off, or something was appended.");
        if (UInt16(end, 4) != 0 || UInt16(end, 6) != 0 || UInt16(end, 8) != UInt16(end, 10))
            throw file.Reject("The zip file is one part of several.");
        var result = new ZipEnd(UInt16(end, 10), UInt32(end, 16), UInt32(end, 12));

        if (endStart >= Locator64Size + End64Size)
        {
            byte[] records = new byte[End64Size + Locator64Size];
            long end64Start = endStart - records.Length;
            file.Read(end64Start, records);
            if (UInt32(records, End64Size) == Locator64Signature)
            {
                result = ReadEnd64(file, records, end64Start, result);
                endStart = end64Start;
            }
        }

        bool fits =
            result.DirectorySize >= 0 && result.DirectorySize <= endStart && result.DirectoryStart == endStart - result.DirectorySize;
        return fits ? result : throw file.Reject("The zip directory is not where the end record says.");
    }

    private static ZipEnd ReadEnd64(FileBytes file, byte[] records, long start, ZipEnd end)
    {
        var result = new ZipEnd(Int64(records, 32), Int64(records, 48), Int64(records, 40));
        bool sound =
            UInt32(records, 0) == End64Signature
            && Int64(records, 4) == End64Size - 12
            && Int64(records, End64Size + 8) == start
            && Int64(records, 24) == result.Count
            && result.Count >= 0
            && (end.Count == result.Count || end.Count == ushort.MaxValue)
            && (end.DirectoryStart == result.DirectoryStart || end.DirectoryStart == uint.MaxValue)
            && (end.DirectorySize == result.DirectorySize || end.DirectorySize == uint.MaxValue);
        return sound ? result : throw file.Reject("The two end records of the zip file disagree.");
    }

    private static int UInt16(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(offset));

    private static uint UInt32(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(offset));

    private static long Int64(byte[] bytes, int offset) => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(offset));
}
