using System.Text.Json.Nodes;
using MogaSharp.Testing;

namespace MogaSharp.Weights.Tests;

/// <summary>Pickles that the corpus does not hold: bombs that are well-formed otherwise, and rarer plain data.</summary>
public sealed class PickleTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Lists_that_double_are_refused_without_walking_them()
    {
        AssertRefused(
            "more than 1000000 values",
            pickle =>
            {
                pickle.Op(Opcode.EmptyList);
                for (int i = 0; i < 40; i++)
                    pickle.Op(Opcode.Dup).Op(Opcode.Tuple2);
            }
        );
    }

    [Fact]
    public void A_long_text_named_often_counts_by_its_length() =>
        AssertRefused(
            "more than 1000000 values",
            pickle =>
            {
                pickle.Op(Opcode.Mark).Text(new string('x', 1_000_000));
                for (int i = 0; i < 100; i++)
                    pickle.Op(Opcode.Dup);
                pickle.Op(Opcode.Tuple);
            }
        );

    [Fact]
    public void A_long_key_named_often_counts_by_its_length() =>
        AssertRefused(
            "more than 1000000 values",
            pickle =>
            {
                pickle.Op(Opcode.Mark).Op(Opcode.EmptyDict).Text(new string('x', 1_000_000)).Op(Opcode.None).Op(Opcode.SetItem);
                for (int i = 0; i < 100; i++)
                    pickle.Op(Opcode.Dup);
                pickle.Op(Opcode.Tuple);
            }
        );

    [Fact]
    public void A_long_class_name_repeated_often_counts_by_its_length() =>
        AssertRefused(
            "more than 1000000 values",
            pickle =>
            {
                pickle.Op(Opcode.Mark).Call("my", new string('x', 960));
                for (int i = 0; i < 100_000; i++)
                    pickle.Op(Opcode.Dup);
                pickle.Op(Opcode.Tuple);
            }
        );

    [Fact]
    public void A_key_of_long_parts_is_refused() =>
        AssertRefused(
            "A key of the dictionary at 'x' has more than 65536 characters",
            pickle => pickle.Op(Opcode.Mark).Tuple(p => p.Text(new string('x', 40_000)), p => p.Op(Opcode.Dup)).Number(1).Op(Opcode.Dict)
        );

    [Fact]
    public void A_text_encoded_often_is_refused() =>
        AssertRefused(
            "copies values",
            pickle =>
            {
                pickle.Op(Opcode.EmptyList).Op(Opcode.Mark).Text(new string('x', 1_000_000)).Op(Opcode.BinPut).Byte(0);
                for (int i = 0; i < 100; i++)
                    pickle.Call("_codecs", "encode", p => p.Op(Opcode.BinGet).Byte(0), p => p.Text("latin1")).Op(Opcode.Pop);
                pickle.Op(Opcode.Appends);
            }
        );

    [Fact]
    public void A_list_copied_often_is_refused() =>
        AssertRefused(
            "copies values",
            pickle =>
            {
                pickle.Op(Opcode.EmptyList).Op(Opcode.BinPut).Byte(0).Op(Opcode.Mark);
                for (int i = 0; i < 100_000; i++)
                    pickle.Op(Opcode.None);
                pickle.Op(Opcode.Appends);
                for (int i = 0; i < 100; i++)
                    pickle.Call("builtins", "set", p => p.Op(Opcode.BinGet).Byte(0)).Op(Opcode.Pop);
            }
        );

    [Fact]
    public void Too_many_instructions_are_refused() =>
        AssertRefused(
            "more than 2000000 instructions",
            pickle =>
            {
                for (int i = 0; i < 1_000_001; i++)
                    pickle.Op(Opcode.None).Op(Opcode.Pop);
            }
        );

    [Fact]
    public void Views_that_repeat_their_storage_without_end_are_refused() =>
        AssertRefused(
            "their storage is repeated",
            pickle =>
            {
                pickle.Op(Opcode.Mark);
                for (int i = 0; i < 10; i++)
                    pickle.Tensor("FloatStorage", 4, [10_000_000], [0]);
                pickle.Op(Opcode.Tuple);
            }
        );

    [Fact]
    public void A_value_within_itself_is_refused() =>
        AssertRefused(
            "'x/0' contains itself",
            pickle => pickle.Op(Opcode.EmptyList).Op(Opcode.BinPut).Byte(0).Op(Opcode.BinGet).Byte(0).Op(Opcode.Append)
        );

    [Fact]
    public void A_key_that_is_there_twice_is_refused() =>
        AssertRefused(
            "'k' is there twice at 'x'",
            pickle => pickle.Op(Opcode.Mark).Text("k").Number(1).Text("k").Number(2).Op(Opcode.Dict)
        );

    [Fact]
    public void A_key_that_is_a_container_is_refused() =>
        AssertRefused("not a text or number", pickle => pickle.Op(Opcode.Mark).Op(Opcode.EmptyList).Number(1).Op(Opcode.Dict));

    // Such keys stand in what training scripts leave beside weights.
    [Fact]
    public void Keys_of_other_kinds_become_texts()
    {
        AssertReads(
            """{"(1, a)":1}""",
            pickle => pickle.Op(Opcode.Mark).Tuple(p => p.Number(1), p => p.Text("a")).Number(1).Op(Opcode.Dict)
        );
        AssertReads(
            """{"00ff":1}""",
            pickle => pickle.Op(Opcode.Mark).Op(Opcode.ShortBinBytes).Byte(2).Bytes([0, 255]).Number(1).Op(Opcode.Dict)
        );
        AssertReads(
            """{"my.Split(2)":1,"my.Split(2) #1":5}""",
            pickle =>
                pickle
                    .Op(Opcode.Mark)
                    .Call("my", "Split", p => p.Number(2))
                    .Number(1)
                    .Call("my", "Split", p => p.Number(2))
                    .Number(5)
                    .Op(Opcode.Dict)
        );
    }

    [Fact]
    public void A_class_name_of_any_length_is_refused() =>
        AssertRefused("too long", pickle => pickle.Text(new string('a', 2000)).Text("b").Op(Opcode.StackGlobal));

    [Fact]
    public void A_storage_described_in_two_ways_is_refused() =>
        AssertRefused("two ways", pickle => pickle.Tensor("IntStorage", 4, [4], [1]));

    [Fact]
    public void A_storage_with_a_view_is_refused() =>
        AssertRefused(
            "before 0.4",
            pickle =>
                pickle
                    .Tuple(
                        p => p.Text("storage"),
                        p => p.Global("torch", "FloatStorage"),
                        p => p.Text("0"),
                        p => p.Text("cpu"),
                        p => p.Number(4),
                        p => p.Number(0)
                    )
                    .Op(Opcode.BinPersistentId)
        );

    [Theory]
    [InlineData("torch.load")]
    [InlineData("builtins.getattr")]
    [InlineData("numpy.load")]
    [InlineData("torch.storage._load_from_bytes")]
    [InlineData("torch._utils._rebuild_qtensor")]
    [InlineData("os.system")]
    [InlineData("subprocess.Popen")]
    [InlineData("importlib.import_module")]
    [InlineData("numpy.fromfile")]
    [InlineData("torch.hub.load")]
    public void Any_other_call_is_refused_by_name(string function)
    {
        int dot = function.LastIndexOf('.');
        AssertRefused($"asks to call {function}.", pickle => pickle.Call(function[..dot], function[(dot + 1)..], p => p.Text("x")));
        AssertRefused(
            $"asks to call {function}.",
            pickle => pickle.Global(function[..dot], function[(dot + 1)..]).Op(Opcode.EmptyTuple).Op(Opcode.NewObj)
        );
        AssertRefused(
            $"asks to call {function}.",
            pickle =>
                pickle.Call(
                    "copyreg",
                    "_reconstructor",
                    p => p.Global(function[..dot], function[(dot + 1)..]),
                    p => p.Global("builtins", "object"),
                    p => p.Op(Opcode.None)
                )
        );
    }

    [Theory]
    [InlineData("torch._utils", "_rebuild_parameter")]
    [InlineData("torch", "device")]
    [InlineData("torch", "Size")]
    [InlineData("_codecs", "encode")]
    [InlineData("numpy", "dtype")]
    [InlineData("numpy.core.multiarray", "_reconstruct")]
    [InlineData("numpy.core.multiarray", "scalar")]
    [InlineData("collections", "Counter")]
    [InlineData("builtins", "set")]
    [InlineData("torch._tensor", "_rebuild_from_type_v2")]
    public void Known_names_with_wrong_arguments_are_refused(string module, string name) =>
        AssertRefused($"{module}.{name} is called with arguments", pickle => pickle.Call(module, name, p => p.Number(1)));

    [Fact]
    public void Named_arguments_become_attributes() =>
        AssertReads(
            """{"__Namespace__":{"a":1}}""",
            pickle =>
                pickle
                    .Global("argparse", "Namespace")
                    .Op(Opcode.EmptyTuple)
                    .Op(Opcode.Mark)
                    .Text("a")
                    .Number(1)
                    .Op(Opcode.Dict)
                    .Op(Opcode.NewObjEx)
        );

    [Fact]
    public void A_state_for_something_without_state_is_refused() =>
        AssertRefused("state of something", pickle => pickle.Number(1).Op(Opcode.EmptyDict).Op(Opcode.Build));

    [Fact]
    public void Damaged_instructions_are_refused()
    {
        AssertRefused("key without a value", pickle => pickle.Op(Opcode.Mark).Number(1).Op(Opcode.Dict));
        AssertRefused("not a list", pickle => pickle.Number(1).Number(2).Op(Opcode.Append));
        AssertRefused("not a dictionary", pickle => pickle.Number(1).Number(2).Number(3).Op(Opcode.SetItem));
        AssertRefused("no class", pickle => pickle.Op(Opcode.Mark).Number(1).Op(Opcode.Obj));
        AssertRefused("needs a PickleTuple", pickle => pickle.Global("a", "b").Number(1).Op(Opcode.Reduce));
        AssertRefused("more than 1024 bytes", pickle => pickle.Global(new string('m', 1025), "b"));
        AssertRefused("stack empty", pickle => pickle.Op(Opcode.Mark).Op(Opcode.Pop));
    }

    [Fact]
    public void Damaged_tensors_are_refused()
    {
        AssertRefused("not made from a storage", pickle => pickle.Call("torch._utils", "_rebuild_tensor_v2", p => p.Number(1)));
        AssertRefused("reaches element 4 of storage 0, which has 4", pickle => pickle.Tensor("FloatStorage", 4, [5], [1]));
        AssertRefused(
            "not an integer",
            pickle =>
                pickle.Call(
                    "torch._utils",
                    "_rebuild_tensor_v2",
                    p => p.Storage("FloatStorage", 4),
                    p => p.Number(0),
                    p => p.Tuple(q => q.Text("a")),
                    p => p.Numbers([1])
                )
        );
        AssertRefused("65 and a stride of 65", pickle => pickle.Tensor("FloatStorage", 4, new int[65], new int[65]));
        AssertRefused("storage without a tensor", pickle => pickle.Storage("FloatStorage", 4));
        AssertRefused("claims -1 elements", pickle => pickle.Storage("FloatStorage", -1));
        AssertRefused(
            "name has more than 1024 characters",
            pickle => pickle.Op(Opcode.Mark).Text(new string('k', 1025)).Tensor("FloatStorage", 4, [4], [1]).Op(Opcode.Dict)
        );
    }

    [Theory]
    [InlineData("f8", "<", 1, 7, false, "does not fit its bytes")]
    [InlineData("O8", "<", 1, 8, false, "'O8' is not supported")]
    [InlineData("i1", "<", 1, 4, true, null)]
    public void Numpy_arrays_of_other_forms_are_refused(string type, string order, int rank, int bytes, bool isColumnMajor, string? reason)
    {
        void Array(PickleBuilder pickle) =>
            pickle
                .Call("numpy.core.multiarray", "_reconstruct", p => p.Global("numpy", "ndarray"))
                .Tuple(
                    p => p.Number(1),
                    p => p.Numbers([.. Enumerable.Repeat(rank == 1 ? bytes / (type[1] - '0') : 2, rank)]),
                    p => p.Call("numpy", "dtype", q => q.Text(type)).Tuple(q => q.Number(3), q => q.Text(order)).Op(Opcode.Build),
                    p => p.Op(isColumnMajor ? Opcode.NewTrue : Opcode.NewFalse),
                    p => p.Op(Opcode.ShortBinBytes).Byte((byte)bytes).Bytes(new byte[bytes])
                )
                .Op(Opcode.Build);
        if (reason is null)
            AssertReads("""{"__ndarray__":[0,0,0,0]}""", Array);
        else
            AssertRefused(reason, Array);
    }

    [Fact]
    public void A_hostile_name_cannot_write_to_the_terminal()
    {
        var refusal = Refused(PickleBuilder.FileWith(pickle => pickle.Call("os.evil\u001b[2J", new string('n', 900))));
        Assert.DoesNotContain('\u001b', refusal.Message);
        Assert.InRange(refusal.Problem.Length, 0, 700);
    }

    [Fact]
    public void Rarer_plain_data_is_read()
    {
        AssertReads("""{"__PosixPath__":["a","b"]}""", pickle => pickle.Call("pathlib", "PosixPath", p => p.Text("a"), p => p.Text("b")));
        AssertReads(
            """{"a":1}""",
            pickle => pickle.Call("collections", "Counter", p => p.Op(Opcode.Mark).Text("a").Number(1).Op(Opcode.Dict))
        );
        AssertReads(
            """{"a":1}""",
            pickle =>
                pickle.Call(
                    "collections",
                    "OrderedDict",
                    p => p.Op(Opcode.EmptyList).Tuple(q => q.Text("a"), q => q.Number(1)).Op(Opcode.Append)
                )
        );
        AssertReads(
            """{"__deque__":[1]}""",
            pickle => pickle.Call("collections", "deque", p => p.Tuple(q => q.Number(1)), p => p.Number(5))
        );
        AssertReads("""{"__frozenset__":[1]}""", pickle => pickle.Op(Opcode.Mark).Number(1).Op(Opcode.FrozenSet));
        AssertReads(
            """{"__SimpleNamespace__":{"a":1}}""",
            pickle =>
                pickle
                    .Call(
                        "copyreg",
                        "_reconstructor",
                        p => p.Global("types", "SimpleNamespace"),
                        p => p.Global("builtins", "object"),
                        p => p.Op(Opcode.None)
                    )
                    .Op(Opcode.Mark)
                    .Text("a")
                    .Number(1)
                    .Op(Opcode.Dict)
                    .Op(Opcode.Build)
        );
        AssertReads("\"device(type='cuda', index=1)\"", pickle => pickle.Call("torch", "device", p => p.Text("cuda"), p => p.Number(1)));
        AssertReads("\"torch.optim.adamw.AdamW\"", pickle => pickle.Global("torch.optim.adamw", "AdamW"));
        AssertReads("\"Infinity\"", pickle => pickle.Op(Opcode.BinFloat).Bytes([0x7F, 0xF0, 0, 0, 0, 0, 0, 0]));
        AssertReads("""{"__bytes_hex__":"0102"}""", pickle => pickle.Op(Opcode.ByteArray8).Byte(2).Bytes([0, 0, 0, 0, 0, 0, 0, 1, 2]));
        AssertReads("\"py2\"", pickle => pickle.Op(Opcode.ShortBinString).Byte(3).Bytes("py2"u8));
        AssertReads("-256", pickle => pickle.Op(Opcode.Long1).Byte(2).Bytes([0x00, 0xFF]));
    }

    [Fact]
    public void A_tensor_with_attributes_is_read()
    {
        using Checkpoint checkpoint = Open(
            PickleBuilder.FileWith(pickle =>
                pickle.Call(
                    "torch._tensor",
                    "_rebuild_from_type_v2",
                    p => p.Global("torch._utils", "_rebuild_tensor_v2"),
                    p => p.Global("torch", "Tensor"),
                    p => p.Tuple(q => q.Storage("FloatStorage", 4), q => q.Number(1), q => q.Numbers([3]), q => q.Numbers([1])),
                    p => p.Op(Opcode.EmptyDict)
                )
            )
        );
        Assert.Equal(["w: Float32 2x2", "x: Float32 3"], checkpoint.Tensors.Select(tensor => tensor.ToString()));
    }

    [Fact]
    public void A_tensor_at_two_places_has_both_names()
    {
        using Checkpoint checkpoint = Open(
            PickleBuilder.FileWith(pickle => pickle.Tensor("FloatStorage", 4, [4], [1]).Op(Opcode.Dup).Op(Opcode.Tuple2))
        );
        Assert.Equal(["w", "x/0", "x/1"], checkpoint.Tensors.Select(tensor => tensor.Name));
    }

    [Fact]
    public void Keys_that_give_two_tensors_one_name_are_refused()
    {
        var pickle = new PickleBuilder();
        pickle.Op(Opcode.EmptyDict).Op(Opcode.Mark);
        pickle.Text("a/b").Tensor("FloatStorage", 4, [4], [1]);
        pickle.Text("a").Op(Opcode.Mark).Text("b").Tensor("FloatStorage", 4, [4], [1]).Op(Opcode.Dict);
        byte[] file = PickleBuilder.Zip(pickle.Op(Opcode.SetItems).Op(Opcode.Stop).ToArray());
        Assert.Contains("Two tensors are named 'a/b'", Refused(file).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Limits_can_be_set()
    {
        byte[] file = PickleBuilder.FileWith(pickle => pickle.Op(Opcode.None));
        Assert.Contains("instructions", Refused(file, new CheckpointLimits { MaxPickleOpcodes = 10 }).Problem, StringComparison.Ordinal);
        Assert.Contains("at most 10", Refused(file, new CheckpointLimits { MaxPickleBytes = 10 }).Problem, StringComparison.Ordinal);
        Assert.Contains("at most 10", Refused(file, new CheckpointLimits { MaxHeaderBytes = 10 }).Problem, StringComparison.Ordinal);
        Assert.Contains("more than 1 values", Refused(file, new CheckpointLimits { MaxValues = 1 }).Problem, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new CheckpointLimits { MaxNesting = 201 });
        Assert.Contains("0 deep", Refused(file, new CheckpointLimits { MaxNesting = 0 }).Problem, StringComparison.Ordinal);
    }

    private void AssertReads(string json, Action<PickleBuilder> value)
    {
        using Checkpoint checkpoint = Open(PickleBuilder.FileWith(value));
        JsonNode? actual = JsonNode.Parse(checkpoint.Root.ToJson())!["x"];
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(json), actual), $"Read {actual?.ToJsonString()} in place of {json}.");
    }

    private void AssertRefused(string reason, Action<PickleBuilder> value) =>
        Assert.Contains(reason, Refused(PickleBuilder.FileWith(value)).Problem, StringComparison.Ordinal);

    private CheckpointFormatException Refused(byte[] file, CheckpointLimits? limits = null) =>
        Assert.Throws<CheckpointFormatException>(() => Open(file, limits).Dispose());

    private Checkpoint Open(byte[] file, CheckpointLimits? limits = null) => Checkpoint.Open(_folder.File("test.pth", file), limits);
}
