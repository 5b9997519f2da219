using System.Text;

namespace MogaSharp.Weights;

/// <summary>Says what a file is that holds no weights, or weights of a kind that is not read, and what to do.</summary>
internal static class ForeignFiles
{
    private const string Reads = "this reads PyTorch and safetensors files";

    private static readonly (byte[] Start, string What)[] Magic =
    [
        (
            [0x89, (byte)'H', (byte)'D', (byte)'F'],
            $"The file is HDF5, such as Keras weights (.h5): {Reads}. Save the weights of the PyTorch model, or convert them there."
        ),
        ("GGUF"u8.ToArray(), $"The file is GGUF, of llama.cpp: {Reads}. Take the model's original weights."),
        ("ggml"u8.ToArray(), $"The file is GGML, of llama.cpp: {Reads}. Take the model's original weights."),
        (
            [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'],
            "The file is a numpy array (.npy), not named weights. Save them with safetensors.numpy.save_file."
        ),
        ([0x1F, 0x8B], "The file is compressed with gzip: unpack it first (gunzip, or tar xzf for .tar.gz)."),
        ("BZh"u8.ToArray(), "The file is compressed with bzip2: unpack it first."),
        ([0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z'], "The file is compressed with xz: unpack it first."),
        ([0x28, 0xB5, 0x2F, 0xFD], "The file is compressed with zstd: unpack it first."),
        ([(byte)'7', (byte)'z', 0xBC, 0xAF], "The file is a 7z archive: unpack it first."),
        ("Rar!"u8.ToArray(), "The file is a RAR archive: unpack it first."),
        ([0x89, (byte)'P', (byte)'N', (byte)'G'], "The file is an image (PNG), not weights."),
        ([0xFF, 0xD8, 0xFF], "The file is an image (JPEG), not weights."),
        ("GIF8"u8.ToArray(), "The file is an image (GIF), not weights."),
        ("%PDF"u8.ToArray(), "The file is a PDF document, not weights."),
        ([0x7F, (byte)'E', (byte)'L', (byte)'F'], "The file is a program or library, not weights."),
        ("MATLAB"u8.ToArray(), $"The file is MATLAB's (.mat): {Reads}."),
        ("PK\x05\x06"u8.ToArray(), "The file is a zip archive without anything in it (it begins with the bytes 504b0506)."),
    ];

    /// <summary>A sentence or two; null when the file is nothing that is known.</summary>
    /// <param name="start">The first bytes.</param>
    /// <param name="name">The file's name; it decides only where the content does not.</param>
    public static string? Describe(ReadOnlySpan<byte> start, string name)
    {
        foreach ((byte[] magic, string what) in Magic)
            if (start.StartsWith(magic))
                return what;
        if (start.Length >= 8 && start[4..8].SequenceEqual("TFL3"u8))
            return $"The file is a TensorFlow Lite model: {Reads}.";
        if (Protobuf(start, name) is { } model)
            return model;
        if (name.EndsWith(".index", StringComparison.OrdinalIgnoreCase) || name.Contains(".data-0", StringComparison.Ordinal))
            return $"The file is part of a TensorFlow checkpoint: {Reads}.";
        if (name.EndsWith(".msgpack", StringComparison.OrdinalIgnoreCase) || IsMessagePack(start))
            return $"The file is MessagePack, as Flax saves weights: {Reads}.";
        if (!start.ContainsAnyExcept((byte)0))
            return "The file begins with zeros only: the download or copy was not completed.";
        if (IsOldPickle(start))
            return "The file is a pickle of protocol 0 or 1, not a PyTorch checkpoint: save the state dict with torch.save.";
        return Text(start);
    }

    private static string? Protobuf(ReadOnlySpan<byte> start, string name)
    {
        string onnx = $"The file is an ONNX model: {Reads}. Take the weights that it was exported from.";
        string tensorFlow = $"The file is a TensorFlow SavedModel: {Reads}.";
        if (name.EndsWith("saved_model.pb", StringComparison.OrdinalIgnoreCase))
            return tensorFlow;
        // ir_version, then the producer's name or the graph; a SavedModel's version is 1.
        if (start is not [0x08, > 0 and < 0x40, 0x12 or 0x1A or 0x22 or 0x2A or 0x3A or 0x42, ..])
            return name.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase) ? onnx : null;
        return start[1] == 1 && start[2] == 0x12 ? tensorFlow : onnx;
    }

    // A map of a few entries whose first key is a text.
    private static bool IsMessagePack(ReadOnlySpan<byte> start) =>
        start is [>= 0x81 and <= 0x8F, (>= 0xA1 and <= 0xBF) or 0xD9, ..] or [0xDE, _, _, (>= 0xA1 and <= 0xBF) or 0xD9, ..];

    private static bool IsOldPickle(ReadOnlySpan<byte> start) =>
        start.StartsWith("(dp"u8)
        || start.StartsWith("(lp"u8)
        || start.StartsWith("ccollections\n"u8)
        || start.StartsWith("ctorch"u8)
        || start is [(byte)'}', (byte)'q', ..];

    private static string? Text(ReadOnlySpan<byte> start)
    {
        string text = Encoding.Latin1.GetString(start).TrimStart('\xEF', '\xBB', '\xBF', ' ', '\t', '\r', '\n');
        if (text.StartsWith("<?xml", StringComparison.Ordinal) && text.Contains("<net ", StringComparison.Ordinal))
            return $"The file is an OpenVINO model: {Reads}.";
        if (text.StartsWith('{') || text.StartsWith("[{", StringComparison.Ordinal))
            return "The file is JSON, not weights: a card or configuration? Give the weight file, or the index of a file in parts "
                + "(model.safetensors.index.json).";
        return null;
    }
}
