namespace MogaSharp.Weights.Tests;

public class HostileFileTests
{
    // All allocations count here, not only what is alive at once. A pickle instruction is as short as one byte and makes
    // at most one value of about 100 bytes.
    private const long AllowedBytes = 1 << 20;
    private const long AllowedBytesPerByte = 100;

    private static readonly TimeSpan AllowedTime = TimeSpan.FromSeconds(5);

    /// <summary>Every file of the corpus, and what its refusal must say.</summary>
    public static TheoryData<string, string> Files =>
        new()
        {
            { "os_system.pth", "posix.system" },
            { "os_system_os.pth", "os.system" },
            { "os_system_inside_state_dict.pth", "os.system" },
            { "nt_system.pth", "nt.system" },
            { "builtins_eval.pth", "builtins.eval" },
            { "builtin_exec_py2_name.pth", "__builtin__.exec" },
            { "stack_global_eval_protocol4.pth", "builtins.eval" },
            { "getattr_chain.pth", "builtins.__import__" },
            { "subprocess_popen_newobj.pth", "subprocess.Popen" },
            { "inst_opcode.pth", ".system" },
            { "obj_opcode.pth", ".system" },
            { "build_setstate.pth", "__class__" },
            { "prefix_trick_torch.pth", "torch.serialization.load" },
            { "dotted_name_protocol4.pth", "no tensors" },
            { "torch_utils_import_dotted.pth", "_import_dotted_name" },
            { "os_system_bare.pkl", "system" },
            { "os_system_legacy.pth", "system" },
            { "os_system_in_legacy_header.pth", "system" },
            { "legacy_wrong_magic.pth", "magic number" },
            { "legacy_big_endian.pth", "big-endian" },
            { "truncated_60pct.pth", "cut off" },
            { "truncated_last_byte.pth", "cut off" },
            { "truncated_100_bytes.pth", "cut off" },
            { "truncated_central_dir.pth", "cut off" },
            { "legacy_truncated.pth", "cut off" },
            { "legacy_truncated_header.pth", "cut off" },
            { "crc_mismatch.pth", "CRC-32" },
            { "storage_size_lies_more.pth", "1000000 elements" },
            { "tensor_bigger_than_storage.pth", "reaches element 31" },
            { "offset_past_end.pth", "reaches element 30" },
            { "negative_offset.pth", "negative storage offset" },
            { "negative_stride.pth", "negative size or stride" },
            { "negative_size.pth", "negative size or stride" },
            { "stride_overflow.pth", "overflow" },
            { "huge_expand.pth", "larger than 2 GiB" },
            { "size_stride_rank_mismatch.pth", "dimensions" },
            { "missing_storage_record.pth", "storage 5 is missing" },
            { "storage_key_traversal.pth", "not a number" },
            { "pid_not_a_tuple.pth", "persistent id" },
            { "pid_unknown_kind.pth", "persistent id" },
            { "storage_type_unknown.pth", "EvilStorage" },
            { "deep_recursion.pth", "deep" },
            { "deep_recursion_tuples.pth", "deep" },
            { "self_reference.pth", "contains itself" },
            { "billion_laughs.pth", "left over" },
            { "long_string_claim.pth", "claims" },
            { "long_string8_claim.pth", "claims" },
            { "bytes8_claim.pth", "claims" },
            { "long4_claim.pth", "integer of" },
            { "long4_negative.pth", "integer of" },
            { "frame_claim.pth", "frame" },
            { "memo_index_huge.pth", "memo entry 4294967295" },
            { "memo_missing.pth", "never stored" },
            { "stack_underflow.pth", "stack empty" },
            { "no_mark.pth", "mark" },
            { "no_stop.pth", "STOP" },
            { "unknown_opcode.pth", "0xff" },
            { "ext_opcode.pth", "0x82" },
            { "protocol_99.pth", "protocol 99" },
            { "dup_opcode_flood.pth", "left over" },
            { "zip_bomb.pth", "compressed" },
            { "zip_bomb_lying_size.pth", "compressed" },
            { "zip_entry_size_lies.pth", "zip" },
            { "zip_local_offset_outside.pth", "zip" },
            { "zip_entry_count_lies.pth", "65000" },
            { "zip_no_data_pkl.pth", "data.pkl" },
            { "zip_duplicate_data_pkl.pth", "twice" },
            { "zip_two_top_folders.pth", "two top folders" },
            { "byteorder_big.pth", "byte order" },
            { "torchscript_like.pth", "TorchScript" },
            { "whole_model_object.pth", "torch.nn.modules.container.ModuleList" },
            { "wrong_magic.pth", "neither" },
            { "empty.pth", "empty" },
            { "html_page.pth.tar", "HTML" },
            { "git_lfs_pointer.pth", "Git LFS" },
            { "real_tar.pth.tar", "tar archive" },
            { "st_header_len_huge.safetensors", "header length" },
            { "st_offsets_past_end.safetensors", "cut off" },
            { "st_shape_mismatch.safetensors", "needs 128 bytes" },
            { "st_shape_overflow.safetensors", "overflow" },
            { "st_negative_offset.safetensors", "negative" },
            { "st_overlap.safetensors", "overlap" },
            { "st_hole.safetensors", "hole" },
            { "st_duplicate_key.safetensors", "twice" },
            { "st_unknown_dtype.safetensors", "F77" },
            { "st_not_json.safetensors", "JSON" },
            { "st_deep_json.safetensors", "JSON" },
            { "st_short.safetensors", "short" },
        };

    [Theory]
    [MemberData(nameof(Files))]
    public void Is_refused_with_a_reason_within_bounds(string name, string reason)
    {
        string path = Fixtures.PathOf($"hostile/{name}");
        long before = GC.GetAllocatedBytesForCurrentThread();
        TimeSpan used = Environment.CpuUsage.TotalTime;
        var refusal = Assert.Throws<CheckpointFormatException>(() =>
        {
            using Checkpoint checkpoint = Checkpoint.Open(path);
            checkpoint.Verify(TestContext.Current.CancellationToken);
        });
        Assert.InRange(
            GC.GetAllocatedBytesForCurrentThread() - before,
            0,
            AllowedBytes + (AllowedBytesPerByte * new FileInfo(path).Length)
        );
        // The processor's time, not the clock's: a busy machine is no reason to fail.
        Assert.InRange(Environment.CpuUsage.TotalTime - used, TimeSpan.Zero, AllowedTime);
        Assert.Equal(path, refusal.FileName);
        Assert.StartsWith(path, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(reason, refusal.Problem, StringComparison.Ordinal);
        Assert.False(File.Exists("PICKLE_EXECUTED"), "The file ran a command.");
    }

    [Fact]
    public void All_files_of_the_corpus_are_tested()
    {
        IEnumerable<string> tested = Files.Select(row => $"hostile/{row.Data.Item1}");
        Assert.Equal(Fixtures.Hostile.Order(), tested.Order());
    }
}
