using System.IO.Pipes;
using System.Text;
using MogaSharp.Testing;

namespace MogaSharp.Weights.Tests;

/// <summary>Rules of the two containers that the corpus has no file for.</summary>
public sealed class FormatTests : IDisposable
{
    private const string W = """ "w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]} """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("{ }", 0, "no tensors")]
    [InlineData("{" + W + "}", 7, "cut off")]
    [InlineData("{" + W + "}", 9, "1 bytes that belong to no tensor")]
    [InlineData("{" + W + "} x", 8, "JSON")]
    [InlineData("{" + W + ",}", 8, "JSON")]
    [InlineData("{" + W + "}{}", 8, "JSON")]
    [InlineData("""{"w":[]}""", 8, "not of the form")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2]}}""", 8, "lacks its dtype, shape or pair")]
    [InlineData("""{"w":{"dtype":"F32","data_offsets":[0,8]}}""", 8, "lacks its dtype, shape or pair")]
    [InlineData("""{"w":{"shape":[2],"data_offsets":[0,8]}}""", 8, "lacks its dtype, shape or pair")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9]}}""", 8, "lacks its dtype, shape or pair")]
    [InlineData("""{"w":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "field 'dtype' twice")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1}}""", 8, "field 'more'")]
    [InlineData("""{"w":{"dtype":5,"shape":[2],"data_offsets":[0,8]}}""", 8, "not of the form")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", 8, "no number")]
    [InlineData("""{"w":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}""", 8, "no number")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "hole")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,99999999999999999999]}}""", 8, "too large")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1073741824],"data_offsets":[0,4294967296]}}""", 8, "larger than 2 GiB")]
    [InlineData("""{"__metadata__":{"a":1},""" + W + "}", 8, "not of the form")]
    [InlineData("""{"__metadata__":{"a":"1","a":"2"},""" + W + "}", 8, "metadata has the key 'a' twice")]
    [InlineData("""{"__metadata__":"a",""" + W + "}", 8, "not of the form")]
    [InlineData("{\"\\ud800\":1," + W + "}", 8, "JSON")]
    public void Safetensors_headers_that_break_a_rule_are_refused(string header, int dataBytes, string reason) =>
        AssertRefused(Safetensors(header, dataBytes), reason);

    [Fact]
    public void A_name_of_any_length_in_a_safetensors_header_is_refused()
    {
        string name = string.Concat(Enumerable.Repeat("_orig_mod.", 103));
        AssertRefused(
            Safetensors("{" + W.Replace("\"w\"", $"\"{name}\"", StringComparison.Ordinal) + "}", 8),
            "name has more than 1024 characters"
        );
    }

    [Theory]
    [InlineData("{" + W + "}")]
    [InlineData("{" + W + "}    ")]
    [InlineData("""{"__metadata__":{},""" + W + "}")]
    [InlineData("""{"z":{"dtype":"I8","shape":[0],"data_offsets":[8,8]},""" + W + "}")]
    [InlineData("""{"z":{"dtype":"I8","shape":[0],"data_offsets":[0,0]},""" + W + "}")]
    public void Safetensors_headers_that_keep_the_rules_are_read(string header)
    {
        using Checkpoint checkpoint = Checkpoint.Open(_folder.File("a", Safetensors(header, 8)));
        Assert.Contains("w: Float32 2", checkpoint.Tensors.Select(tensor => tensor.ToString()));
    }

    [Theory]
    [InlineData(0x80, 0x02)]
    [InlineData(0x50, 0x4B)]
    public void A_header_length_that_looks_like_another_format_does_not_mislead(byte low, byte high)
    {
        string header = ("{" + W + "}").PadRight(low | (high << 8));
        using Checkpoint checkpoint = Checkpoint.Open(_folder.File("a", Safetensors(header, 8)));
        Assert.Equal(CheckpointFormat.Safetensors, checkpoint.Format);
    }

    [Theory]
    [InlineData(0, 6, 1, "flags 0x801")]
    [InlineData(0, 14, 0, "described differently")]
    [InlineData(0, 30, (byte)'b', "described differently")]
    [InlineData(0, 22, 1, "described differently")]
    [InlineData(0, 8, 8, "described differently")]
    [InlineData(0, 8, 9, "is compressed by method 9")]
    [InlineData(0, 0, 0, "no header where the directory says")]
    [InlineData(1, 8, 1, "flags 0x801")]
    [InlineData(1, 10, 8, "described differently")]
    [InlineData(1, 10, 14, "is compressed by method 14")]
    [InlineData(1, 24, 1, "two different sizes")]
    [InlineData(1, 34, 1, "one part of several")]
    [InlineData(1, 46, 0xFF, "not UTF-8")]
    [InlineData(1, 0, 0, "damaged or cut off")]
    [InlineData(2, 4, 1, "one part of several")]
    [InlineData(2, 8, 1, "one part of several")]
    [InlineData(2, 12, 0, "not where the end record says")]
    [InlineData(2, 20, 1, "end record")]
    public void Zip_files_that_do_not_agree_with_themselves_are_refused(int part, int offset, byte value, string reason)
    {
        byte[] file = PickleBuilder.FileWith(pickle => pickle.Op(Opcode.None));
        byte[] signature = part switch
        {
            0 => [0x50, 0x4B, 3, 4],
            1 => [0x50, 0x4B, 1, 2],
            _ => [0x50, 0x4B, 5, 6],
        };
        int at = file.AsSpan().IndexOf(signature);
        if (part == 0 && offset == 0)
            file[file.AsSpan(4).IndexOf(signature) + 4] = value;
        else
            file[at + offset] = value;
        AssertRefused(file, reason);
    }

    [Theory]
    [InlineData("data.pkl", "0x01")]
    [InlineData("/data.pkl", "lies in no folder")]
    [InlineData(null, "begins with the bytes")]
    public void Zip_files_without_the_folder_of_PyTorch_are_refused(string? record, string reason)
    {
        using var stream = new MemoryStream();
        var zip = new ZipWriter(stream);
        if (record is not null)
            zip.Add(record, [1]);
        zip.Finish();
        AssertRefused(stream.ToArray(), reason);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void Records_of_a_zip_file_must_follow_one_another(int shift)
    {
        byte[] file = PickleBuilder.FileWith(pickle => pickle.Op(Opcode.None));
        int second = file.AsSpan(4).IndexOf("PK\x03\x04"u8) + 4;
        int directory = file.AsSpan().IndexOf("PK\x01\x02"u8);
        int entry = directory + 4 + file.AsSpan(directory + 4).IndexOf("PK\x01\x02"u8);
        // A byte more or less between the first record's data and the second record, with all offsets as they then are.
        BitConverter.GetBytes(second + shift).CopyTo(file, entry + 42);
        BitConverter.GetBytes(directory + shift).CopyTo(file, file.Length - 6);
        AssertRefused(
            [.. file[..(second + Math.Min(0, shift))], .. new byte[Math.Max(0, shift)], .. file[second..]],
            "overlap or leave gaps"
        );
    }

    [Fact]
    public void Two_end_records_of_a_zip_file_must_agree()
    {
        byte[] file = File.ReadAllBytes(Fixtures.PathOf("f_tricky.pth"));
        int end64 = file.AsSpan().IndexOf("PK\x06\x06"u8);
        file[end64 + 32]++;
        AssertRefused(file, "two end records");
    }

    [Fact]
    public void Bytes_around_the_records_of_a_zip_file_are_refused()
    {
        byte[] file = PickleBuilder.FileWith(pickle => pickle.Op(Opcode.None));
        AssertRefused([.. file, 0], "something was appended");
        int directory = file.AsSpan().IndexOf("PK\x01\x02"u8);
        byte[] end = file[^22..];
        BitConverter.GetBytes(directory + 1).CopyTo(end, 16);
        AssertRefused([.. file[..directory], 0, .. file[directory..^22], .. end], "between its last record and its directory");
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("010008000100000000000000", true)]
    [InlineData("0100080000000000010000000000", false)]
    [InlineData("01000800000000000100000001000800000000000100000000", false)]
    public void Sizes_of_zip_records_without_large_values_need_sound_extra_fields(string extra, bool sound) =>
        Assert.Equal(sound, new ZipSizes(1, 1, 1).Extend(Convert.FromHexString(extra)));

    [Fact]
    public void Large_sizes_of_zip_records_come_from_the_extra_field()
    {
        var sizes = new ZipSizes(uint.MaxValue, uint.MaxValue, 7);
        Assert.True(sizes.Extend(Convert.FromHexString("4642020000000100100000000000020000000000000003000000")));
        Assert.Equal((2L << 32, 3L << 32, 7), (sizes.Size, sizes.Packed, sizes.Offset));
        Assert.False(new ZipSizes(uint.MaxValue, 1, 1).Extend([]));
        Assert.False(new ZipSizes(uint.MaxValue, 1, 1).Extend(Convert.FromHexString("010008000000000000000080")));
    }

    [Theory]
    [InlineData("{\"a\": 1}", "JSON")]
    [InlineData("GGUF....", "llama.cpp")]
    [InlineData("Rar!....", "unpack it first")]
    [InlineData("\u0008\u0007\u0012\u0007pytorch", "ONNX")]
    [InlineData("\0\0\0\0\0\0\0\0\0\0", "zeros only")]
    [InlineData("plain text", "begins with the bytes 706c61696e207465")]
    [InlineData("<!DOCTYPE html><html></html>", "HTML")]
    [InlineData(" \n<HTML>", "HTML")]
    public void Other_files_are_told_what_they_are(string content, string reason) => AssertRefused(Encoding.UTF8.GetBytes(content), reason);

    [Fact]
    public void A_pipe_is_no_weight_file()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Pipes have names in /proc on Linux only.");
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        var refusal = Assert.Throws<CheckpointFormatException>(() =>
            Checkpoint.Open($"/proc/self/fd/{pipe.ClientSafePipeHandle.DangerousGetHandle()}")
        );
        Assert.Contains("pipe or device", refusal.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_keeps_its_own_exception() =>
        Assert.Throws<FileNotFoundException>(() => Checkpoint.Open(_folder.File("missing.pth")));

    [Fact]
    public void A_file_that_shrinks_while_open_is_refused()
    {
        string path = _folder.File("a", Safetensors("{" + W + "}", 8));
        using var file = new FileBytes(path);
        using var writer = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        writer.SetLength(10);
        var refusal = Assert.Throws<CheckpointFormatException>(() => file.Read(0, new byte[file.Length]));
        Assert.Contains("became shorter", refusal.Problem, StringComparison.Ordinal);
    }

    private static byte[] Safetensors(string header, int dataBytes)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        return [.. BitConverter.GetBytes((long)json.Length), .. json, .. new byte[dataBytes]];
    }

    private void AssertRefused(byte[] content, string reason)
    {
        string path = _folder.File("test", content);
        var refusal = Assert.Throws<CheckpointFormatException>(() =>
        {
            using Checkpoint checkpoint = Checkpoint.Open(path);
        });
        Assert.Contains(reason, refusal.Problem, StringComparison.Ordinal);
    }
}
