using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using Google.Protobuf;
using MogaSharp.Training.EventFormat;

namespace MogaSharp.Training;

/// <summary>
/// Writes scalars as a TensorBoard event file: records of length, masked CRC-32C, protocol buffer, masked CRC-32C (TensorFlow's
/// <c>record_writer.h</c>). One run may leave several files; a later one hides what the earlier ones have from its first step on.
/// </summary>
public sealed class TensorBoardWriter : IDisposable
{
    private readonly FileStream _stream;

    /// <summary>Makes a new file in a folder, named as TensorBoard expects.</summary>
    /// <param name="folder">The folder, which exists.</param>
    /// <param name="firstStep">The first step that will be written; events of older files from there on do not count any more.</param>
    /// <exception cref="IOException">The file cannot be made or written.</exception>
    public TensorBoardWriter(string folder, long firstStep)
    {
        string name = string.Create(
            CultureInfo.InvariantCulture,
            $"events.out.tfevents.{DateTimeOffset.UtcNow.ToUnixTimeSeconds()}.{Environment.MachineName}.{Environment.ProcessId}."
        );
        int number = 0;
        while (File.Exists(Path.Combine(folder, $"{name}{number}")))
            number++;
        _stream = new FileStream(Path.Combine(folder, $"{name}{number}"), FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        Write(new Event { FileVersion = "brain.Event:2" });
        Write(
            new Event
            {
                Step = firstStep,
                SessionLog = new SessionLog { Status = SessionLog.Types.SessionStatus.Start },
            }
        );
    }

    /// <summary>Writes scalars of one step, all or nothing as far as the disk allows, and hands them to the operating system.</summary>
    /// <param name="step">The step.</param>
    /// <param name="scalars">Values by tag, such as <c>train/loss</c>.</param>
    /// <exception cref="IOException">The disk is full.</exception>
    public void Write(long step, IEnumerable<KeyValuePair<string, double>> scalars)
    {
        var summary = new Summary();
        foreach ((string tag, double value) in scalars)
            summary.Value.Add(new Summary.Types.Value { Tag = tag, SimpleValue = (float)value });
        Write(new Event { Step = step, Summary = summary });
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    /// <summary>The CRC-32C of bytes as records hold it: rotated and offset, so that the sum of a sum is not a special case.</summary>
    internal static uint MaskedCrc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
            crc = BitOperations.Crc32C(crc, value);
        return BitOperations.RotateRight(~crc, 15) + 0xa282ead8u;
    }

    private void Write(Event content)
    {
        content.WallTime = (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).TotalSeconds;
        byte[] data = content.ToByteArray();
        byte[] record = new byte[12 + data.Length + 4];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(8), MaskedCrc(record.AsSpan(0, 8)));
        data.CopyTo(record, 12);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(12 + data.Length), MaskedCrc(data));
        _stream.Write(record);
        _stream.Flush();
    }
}
