using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace MogaSharp.Data;

/// <summary>The header of an npy file: a magic number, a version, and a Python dictionary of exactly three entries.</summary>
internal sealed record NpyHeader(NpyType Type, int[] Shape)
{
    /// <summary>Whether the bytes of an element are in the other order than this machine's.</summary>
    public bool IsSwapped { get; private init; }

    /// <summary>Whether the first extent is the innermost one: NumPy's Fortran order.</summary>
    public bool IsFortran { get; private init; }

    /// <summary>Bytes in front of the header's text, at least.</summary>
    public const int MinLength = 10;

    // NumPy itself refuses headers of more than 10,000 characters.
    private const int MaxText = 10_000;
    private const int MaxRank = 32;
    private const int Alignment = 64;

    /// <summary>The bytes of an element.</summary>
    public int ElementSize => NpyElements.SizeOf(Type);

    /// <summary>The number of elements; 1 without extents.</summary>
    public long ElementCount => Shape.Aggregate(1L, (product, extent) => product * extent);

    /// <summary>Reads a header.</summary>
    /// <param name="stream">The stream, at its beginning; behind the header afterwards.</param>
    /// <param name="path">The file's name in messages.</param>
    /// <exception cref="DatasetException">It is not an npy file, or one of a kind that is not read.</exception>
    public static NpyHeader Read(Stream stream, string path)
    {
        Span<byte> start = stackalloc byte[12];
        if (stream.ReadAtLeast(start[..8], 8, throwOnEndOfStream: false) < 8 || start[0] != 0x93 || !start[1..].StartsWith("NUMPY"u8))
            throw new DatasetException(path, "This is not an npy file: it does not begin with '\\x93NUMPY'.");
        int version = start[6];
        if (version is < 1 or > 3 || start[7] != 0)
            throw new DatasetException(path, $"The npy format {version}.{start[7]} is not known; 1.0, 2.0 and 3.0 are.");
        int bytes = version == 1 ? 2 : 4;
        if (stream.ReadAtLeast(start.Slice(8, bytes), bytes, throwOnEndOfStream: false) < bytes)
            throw new DatasetException(path, "The file ends in its header.");
        uint length =
            version == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(start[8..]) : BinaryPrimitives.ReadUInt32LittleEndian(start[8..]);
        if (length > MaxText)
            throw new DatasetException(path, $"The header has {length} bytes; the limit is {MaxText}.");
        byte[] text = new byte[length];
        if (stream.ReadAtLeast(text, text.Length, throwOnEndOfStream: false) < text.Length)
            throw new DatasetException(path, "The file ends in its header.");
        return new Parser(Encoding.Latin1.GetString(text), path).Header();
    }

    /// <summary>The bytes of a header of version 1.0, or 2.0 where it is long.</summary>
    public byte[] ToBytes()
    {
        string shape = Shape.Length == 1 ? $"({Shape[0]},)" : $"({string.Join(", ", Shape)})";
        string text = string.Create(
            CultureInfo.InvariantCulture,
            $"{{'descr': '{NpyElements.NameOf(Type)}', 'fortran_order': False, 'shape': {shape}, }}"
        );
        // The data begins at a multiple of 64 bytes, and the text ends in a line break.
        int total = (MinLength + text.Length + 1 + Alignment - 1) / Alignment * Alignment;
        byte[] bytes = new byte[total];
        bytes.AsSpan().Fill((byte)' ');
        bytes[0] = 0x93;
        "NUMPY"u8.CopyTo(bytes.AsSpan(1));
        (bytes[6], bytes[7]) = (1, 0);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), (ushort)(total - MinLength));
        Encoding.ASCII.GetBytes(text).CopyTo(bytes, MinLength);
        bytes[^1] = (byte)'\n';
        return bytes;
    }

    /// <summary>Reads the dictionary, and nothing else of Python: names and values in any order, each name once.</summary>
    private ref struct Parser(string text, string path)
    {
        private int _at;

        public NpyHeader Header()
        {
            string? type = null;
            bool? isFortran = null;
            int[]? shape = null;
            Expect('{');
            while (!Take('}'))
            {
                string name = Quoted();
                Expect(':');
                bool isNew = name switch
                {
                    "descr" when type is null => (type = Descr()) is not null,
                    "fortran_order" when isFortran is null => (isFortran = Bool()) is not null,
                    "shape" when shape is null => (shape = Extents()) is not null,
                    _ => false,
                };
                if (!isNew)
                    throw Broken();
                if (Take(','))
                    continue;
                Expect('}');
                break;
            }
            SkipSpace();
            if (_at != text.Length || type is null || isFortran is null || shape is null)
                throw Broken();
            if (!NpyElements.TryParse(type, out NpyType known, out bool isSwapped))
                throw new DatasetException(
                    path,
                    $"Elements of type '{type}' are not read; booleans, whole numbers and floats of 2, 4 or 8 bytes are."
                );
            // With one extent or none both orders are the same.
            var header = new NpyHeader(known, shape) { IsSwapped = isSwapped, IsFortran = isFortran == true && shape.Length > 1 };
            // The product of many extents overflows 64 bits; long before, it is more than a file can have.
            long count = header.ElementSize;
            foreach (int extent in shape)
            {
                count *= extent;
                if (count > 1L << 46)
                    throw new DatasetException(path, $"The header promises {string.Join(" x ", shape)} elements.");
            }
            return header;
        }

        private string Descr()
        {
            SkipSpace();
            if (_at < text.Length && text[_at] == '[')
                throw new DatasetException(path, "Arrays of records are not read.");
            return Quoted();
        }

        private bool Bool()
        {
            SkipSpace();
            foreach (string name in (string[])["True", "False"])
            {
                if (string.CompareOrdinal(text, _at, name, 0, name.Length) != 0)
                    continue;
                _at += name.Length;
                return name == "True";
            }
            throw Broken();
        }

        private int[] Extents()
        {
            var extents = new List<int>();
            Expect('(');
            while (!Take(')'))
            {
                SkipSpace();
                int start = _at;
                while (_at < text.Length && char.IsAsciiDigit(text[_at]))
                    _at++;
                if (!int.TryParse(text.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture, out int extent))
                    throw Broken();
                // Python 2 wrote long numbers with an L behind.
                if (_at < text.Length && text[_at] == 'L')
                    _at++;
                extents.Add(extent);
                if (extents.Count > MaxRank)
                    throw Broken();
                if (Take(','))
                    continue;
                Expect(')');
                break;
            }
            return [.. extents];
        }

        private string Quoted()
        {
            SkipSpace();
            if (_at >= text.Length || text[_at] is not ('\'' or '"'))
                throw Broken();
            int end = text.IndexOf(text[_at], _at + 1);
            if (end < 0)
                throw Broken();
            string content = text[(_at + 1)..end];
            if (content.Length > 64 || content.Any(c => c is < ' ' or > '~' or '\\'))
                throw Broken();
            _at = end + 1;
            return content;
        }

        private bool Take(char letter)
        {
            SkipSpace();
            if (_at >= text.Length || text[_at] != letter)
                return false;
            _at++;
            return true;
        }

        private void Expect(char letter)
        {
            if (!Take(letter))
                throw Broken();
        }

        private void SkipSpace()
        {
            while (_at < text.Length && text[_at] is (' ' or '\n' or '\t' or '\r'))
                _at++;
        }

        private readonly DatasetException Broken() => new(path, "The header of the npy file is corrupt.");
    }
}
