using System.Text;

namespace MogaSharp.Weights;

/// <summary>Tells the format of a weight file from its first bytes, and says what a file is that has none.</summary>
internal static class FormatDetector
{
    private const int ProbeSize = 512;
    private const int TarMarkPosition = 257;
    private const byte PickleProtocol = 0x80;

    public static CheckpointFormat Detect(FileBytes file)
    {
        byte[] start = new byte[Math.Min(ProbeSize, file.Length)];
        file.Read(0, start);
        if (start.Length == 0)
            throw file.Reject("The file is empty.");
        // Before the others: the length of a header may begin with any byte. Its upper half is 0, unlike in what they begin with.
        if (start is [_, _, _, _, 0, 0, 0, 0, (byte)'{', ..])
            return CheckpointFormat.Safetensors;
        if (start.AsSpan().StartsWith("PK\x03\x04"u8))
            return CheckpointFormat.PyTorchZip;
        if (start is [PickleProtocol, <= 5, ..])
            return CheckpointFormat.PyTorchLegacy;
        if (ForeignFiles.Describe(start, file.Name) is { } foreign)
            throw file.Reject(foreign);

        string text = Encoding.Latin1.GetString(start).TrimStart('\xEF', '\xBB', '\xBF', ' ', '\t', '\r', '\n');
        if (
            text.StartsWith("<!doctype", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("<?xml", StringComparison.Ordinal)
        )
            throw file.Reject("The file is an HTML page, not weights: the download gave an error or a sign-in page.");
        if (text.StartsWith("version https://git-lfs", StringComparison.Ordinal))
            throw file.Reject("The file is a Git LFS pointer, not the weights that it stands for: run 'git lfs pull'.");
        if (start.AsSpan(Math.Min(TarMarkPosition, start.Length)).StartsWith("ustar"u8))
            throw file.Reject("The file is a tar archive. PyTorch files named .pth.tar are not tar archives: unpack it first.");

        // The name decides only which message a broken file gets.
        if (file.Name.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
            return CheckpointFormat.Safetensors;
        throw file.Reject(
            "The file is neither a safetensors nor a PyTorch file (it begins with the bytes "
                + $"{Convert.ToHexStringLower(start.AsSpan(0, Math.Min(8, start.Length)))})."
        );
    }
}
