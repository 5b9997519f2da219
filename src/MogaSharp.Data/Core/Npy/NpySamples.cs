using System.Buffers;
using System.Globalization;

namespace MogaSharp.Data;

/// <summary>
/// The numbers of an npy file as the samples of images, 0 (black) to 1 (white). Booleans are black or white. Whole numbers are samples of 8
/// bits, 0 to 255, whatever their type. Floats are samples of 0 to 1 as they are; what rounding in half precision puts outside is cut.
/// </summary>
public sealed class NpySamples
{
    /// <summary>How far outside of 0 to 1 a float may be: the rounding of half precision near 1.</summary>
    public const float Tolerance = 1e-3f;

    private const int Piece = 1 << 16;

    private readonly NpyFile _file;

    /// <summary>Takes the numbers of a file.</summary>
    /// <param name="file">The file. It must stay open.</param>
    public NpySamples(NpyFile file) => _file = file;

    /// <summary>Whether the samples have no more than 8 bits, so that images hold them without a loss.</summary>
    public bool AreBytes => NpyElements.IsWhole(_file.Type);

    /// <summary>Looks at all numbers of a part.</summary>
    /// <param name="first">The first element.</param>
    /// <param name="count">The elements.</param>
    /// <param name="cancellationToken">Ends reading.</param>
    /// <returns>What was guessed or cut, each a sentence without a full stop that names the file; empty when nothing was.</returns>
    /// <exception cref="DatasetException">Some number is not a sample; the message gives the range and what to do.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public IReadOnlyList<string> Check(long first, long count, CancellationToken cancellationToken = default)
    {
        if (_file.Type == NpyType.Boolean)
            return [];
        float least = float.PositiveInfinity,
            most = float.NegativeInfinity;
        long outside = 0,
            broken = 0;
        float[] piece = ArrayPool<float>.Shared.Rent(Piece);
        for (long at = 0; at < count; at += Piece)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Span<float> values = piece.AsSpan(0, (int)Math.Min(Piece, count - at));
            _file.Read(first + at, values);
            foreach (float value in values)
            {
                if (!float.IsFinite(value))
                {
                    broken++;
                    continue;
                }

                if (value is not (>= 0 and <= 1))
                    outside++;
                if (value < least)
                    least = value;
                if (value > most)
                    most = value;
            }
        }

        ArrayPool<float>.Shared.Return(piece);
        return count == 0 ? []
            : AreBytes ? CheckBytes(least, most)
            : CheckFloats(least, most, outside, broken);
    }

    /// <summary>Reads samples. Numbers that <see cref="Check"/> refuses are cut.</summary>
    /// <param name="first">The first element.</param>
    /// <param name="destination">Values from 0 to 1, written.</param>
    /// <exception cref="EndOfStreamException">The file was cut off since it was opened.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public void Read(long first, Span<float> destination)
    {
        _file.Read(first, destination);
        bool isOfBytes = AreBytes && _file.Type != NpyType.Boolean;
        foreach (ref float value in destination)
            value =
                isOfBytes ? ClipValues.Of((byte)Math.Clamp(value, 0, 255))
                : value > 0 ? Math.Min(value, 1)
                : 0;
    }

    private List<string> CheckBytes(float least, float most)
    {
        string word = NpyElements.WordOf(_file.Type);
        if (least < 0 || most > byte.MaxValue)
            throw new DatasetException(
                _file.FilePath,
                $"It has {word} from {Text(least)} to {Text(most)}; save samples as uint8 from 0 to 255, or as floats from 0 to 1."
            );
        List<string> notes = [];
        if (_file.Type != NpyType.UInt8)
            notes.Add($"{_file.FilePath}: {word} taken as samples from 0 to 255");
        // Labels and masks; nobody sees a difference of 1.
        if (most == 1)
            notes.Add(
                $"{_file.FilePath}: no number is above 1, which is nearly black where 255 is white; save it as bool or as float32 if "
                    + "1 is meant to be white"
            );
        return notes;
    }

    private string[] CheckFloats(float least, float most, long outside, long broken)
    {
        if (broken > 0)
            throw new DatasetException(
                _file.FilePath,
                $"It has {Text(broken)} numbers that are NaN or infinite"
                    + $"{(least <= most ? $", the others {Text(least)} to {Text(most)}" : "")}; samples are from 0 to 1."
            );
        if (least < -Tolerance || most > 1 + Tolerance)
        {
            string advice =
                least >= -1 - Tolerance && most <= 1 + Tolerance ? "; bring values of -1 to 1 there with (x + 1) / 2"
                : least >= -Tolerance && most <= byte.MaxValue + 1 ? "; save values of 0 to 255 as uint8, or divide them by 255"
                : "; undo the normalization before saving";
            throw new DatasetException(_file.FilePath, $"It has numbers from {Text(least)} to {Text(most)}, outside of 0 to 1{advice}.");
        }

        return outside == 0
            ? []
            : [$"{_file.FilePath}: {Text(outside)} numbers just outside of 0 to 1 cut, from {Text(least)} to {Text(most)}"];
    }

    private static string Text(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Text(float number) => number.ToString("G9", CultureInfo.InvariantCulture);
}
