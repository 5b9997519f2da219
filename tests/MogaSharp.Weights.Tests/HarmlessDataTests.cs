using System.Text;
using System.Text.Json.Nodes;
using MogaSharp.Testing;

namespace MogaSharp.Weights.Tests;

/// <summary>What training scripts leave beside weights: it stays inert, shows its name, and does not keep anyone from the
/// weights.</summary>
public sealed class HarmlessDataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Objects_of_unknown_classes_are_inert()
    {
        AssertReads("""{"__MogaNet__":["x"]}""", p => p.Call("models.moganet", "MogaNet", q => q.Text("x")));
        AssertReads(
            """{"__Color__":["RED"]}""",
            p => p.Call("builtins", "getattr", q => q.Global("fieldlib", "Color"), q => q.Text("RED"))
        );
        AssertReads(
            """{"__Trainer__":{"epochs":3}}""",
            p =>
                p.Global("my.lib", "Trainer")
                    .Op(Opcode.EmptyTuple)
                    .Op(Opcode.NewObj)
                    .Op(Opcode.Mark)
                    .Text("epochs")
                    .Number(3)
                    .Op(Opcode.Dict)
                    .Op(Opcode.Build)
        );
        AssertReads(
            """{"__Slots__":{"a":1}}""",
            p =>
                p.Call("my", "Slots")
                    .Tuple(q => q.Op(Opcode.None), q => q.Op(Opcode.Mark).Text("a").Number(1).Op(Opcode.Dict))
                    .Op(Opcode.Build)
        );
        AssertReads("""{"__State__":[[1,2]]}""", p => p.Call("my", "State").Numbers([1, 2]).Op(Opcode.Build));
        AssertReads(
            """{"__partial__":["torch.nn.modules.normalization.LayerNorm"]}""",
            p => p.Call("functools", "partial", q => q.Global("torch.nn.modules.normalization", "LayerNorm"))
        );
    }

    [Fact]
    public void Dictionaries_and_lists_of_their_own_classes_keep_their_entries()
    {
        AssertReads(
            """{"__AttributeDict__":{"lr":1}}""",
            p =>
                p.Global("pytorch_lightning.utilities.parsing", "AttributeDict")
                    .Op(Opcode.EmptyTuple)
                    .Op(Opcode.NewObj)
                    .Text("lr")
                    .Number(1)
                    .Op(Opcode.SetItem)
        );
        AssertReads(
            """{"__ListConfig__":[1,2]}""",
            p => p.Call("omegaconf", "ListConfig").Op(Opcode.Mark).Number(1).Number(2).Op(Opcode.Appends)
        );
    }

    [Fact]
    public void Objects_may_refer_to_what_holds_them() =>
        AssertReads(
            """{"__Node__":{"parent":"(within itself)"}}""",
            p =>
                p.Call("my", "Node")
                    .Op(Opcode.BinPut)
                    .Byte(0)
                    .Op(Opcode.Mark)
                    .Text("parent")
                    .Op(Opcode.BinGet)
                    .Byte(0)
                    .Op(Opcode.Dict)
                    .Op(Opcode.Build)
        );

    [Fact]
    public void Arrays_of_names_and_objects_are_read()
    {
        byte[] names = [.. Encoding.UTF32.GetBytes("ab\0"), .. Encoding.UTF32.GetBytes("cde")];
        AssertReads(
            """{"__ndarray__":["ab","cde"]}""",
            p => Array(p, "U3", "<", [2], q => q.Op(Opcode.ShortBinBytes).Byte(24).Bytes(names))
        );
        AssertReads(
            """{"__ndarray__":["ab","c"]}""",
            p => Array(p, "S2", "|", [2], q => q.Op(Opcode.ShortBinBytes).Byte(4).Bytes("abc\0"u8))
        );
        AssertReads(
            """{"__ndarray__":["x",null]}""",
            p => Array(p, "O8", "|", [2], q => q.Op(Opcode.EmptyList).Op(Opcode.Mark).Text("x").Op(Opcode.None).Op(Opcode.Appends))
        );
        AssertReads("\"numpy array of M8 2\"", p => Array(p, "M8", "<", [2], q => q.Op(Opcode.ShortBinBytes).Byte(16).Bytes(new byte[16])));
    }

    [Fact]
    public void Arrays_of_other_orders_are_read_in_order()
    {
        AssertReads(
            """{"__ndarray__":[1,2]}""",
            p => Array(p, "i2", ">", [2], q => q.Op(Opcode.ShortBinBytes).Byte(4).Bytes([0, 1, 0, 2]))
        );
        // [[1, 2, 3], [4, 5, 6]], column by column.
        AssertReads(
            """{"__ndarray__":[1,2,3,4,5,6]}""",
            p => Array(p, "i1", "|", [2, 3], q => q.Op(Opcode.ShortBinBytes).Byte(6).Bytes([1, 4, 2, 5, 3, 6]), isColumnMajor: true)
        );
    }

    [Fact]
    public void An_array_of_more_dimensions_than_numpy_has_is_refused()
    {
        string path = _folder.File("test", PickleBuilder.FileWith(p => Array(p, "M8", "<", new int[65], q => q.Op(Opcode.None))));
        Assert.Contains(
            "A numpy array has 65 dimensions.",
            Assert.Throws<CheckpointFormatException>(() => Checkpoint.Open(path)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Arrays_of_pickle_protocol_5_are_read() =>
        AssertReads(
            """{"__ndarray__":[7,8]}""",
            p =>
                p.Call(
                    "numpy.core.numeric",
                    "_frombuffer",
                    q => q.Op(Opcode.ByteArray8).Byte(2).Bytes([0, 0, 0, 0, 0, 0, 0, 7, 8]),
                    q => q.Call("numpy", "dtype", r => r.Text("u1")).Tuple(r => r.Number(3), r => r.Text("|")).Op(Opcode.Build),
                    q => q.Numbers([2]),
                    q => q.Text("C")
                )
        );

    [Fact]
    public async Task What_PyTorch_itself_writes_beside_weights_is_read()
    {
        string path = _folder.File("a.pth");
        await PyTorchScript.RunAsync(
            """
            import enum, pathlib, datetime, argparse, collections, functools, uuid, decimal, re, numpy as np
            class Color(enum.Enum): RED = 1
            class Config(dict): pass
            torch.save({
                'state_dict': {'w': torch.ones(2)}, 'names': np.array(['cat', 'dog']), 'objects': np.array(['a', None], dtype=object),
                'scalar': np.float32(1.5), 'color': Color.RED, 'by_color': {Color.RED: 1, (1, 2): 3},
                'config': Config(a=1), 'path': pathlib.Path('a/b'),
                'time': datetime.datetime.now(),
                'args': argparse.Namespace(lr=1, layer=functools.partial(torch.nn.LayerNorm, eps=1e-6)), 'text': np.str_('x'),
                'dtype': np.dtype('f4'), 'counter': collections.Counter('aab'),
                'default': collections.defaultdict(list, a=[1]), 'deque': collections.deque([1], 3),
                'set': {1}, 'frozen': frozenset([1]), 'complex': 1 + 2j, 'size': torch.Size([1, 2]),
                'device': torch.device('cuda', 0), 'type': torch.float16,
                'layout': torch.strided, 'uuid': uuid.uuid4(), 'decimal': decimal.Decimal('1.5'),
                'regex': re.compile('a'), 'range': range(3), 'slice': slice(1, 2),
                'bytes': b'ab', 'array': bytearray(b'ab'), 'random': np.random.RandomState(1), 'generator': np.random.default_rng(1),
                'masked': np.ma.array([1, 2], mask=[0, 1]), 'record': np.zeros(2, dtype=[('a', 'f4')]), 'loss': torch.nn.CrossEntropyLoss(),
            }, sys.argv[1])
            """,
            path
        );
        using Checkpoint checkpoint = Checkpoint.Open(path);
        Assert.Equal(["state_dict/w"], checkpoint.Tensors.Select(tensor => tensor.Name));
        JsonNode root = JsonNode.Parse(checkpoint.Root.ToJson())!;
        Assert.Equal("""{"__ndarray__":["cat","dog"]}""", root["names"]!.ToJsonString());
        Assert.Equal("x", (string?)root["text"]);
        // Python 3.11 writes a member of an enumeration by its name, others by its value.
        Assert.Matches(
            @"^\(1, 2\);__main__\.Color\((1|RED)\)$",
            string.Join(';', root["by_color"]!.AsObject().Select(entry => entry.Key).Order(StringComparer.Ordinal))
        );
    }

    private static void Array(
        PickleBuilder pickle,
        string type,
        string order,
        int[] shape,
        Action<PickleBuilder> data,
        bool isColumnMajor = false
    ) =>
        pickle
            .Call("numpy.core.multiarray", "_reconstruct", p => p.Global("numpy", "ndarray"))
            .Tuple(
                p => p.Number(1),
                p => p.Numbers(shape),
                p => p.Call("numpy", "dtype", q => q.Text(type)).Tuple(q => q.Number(3), q => q.Text(order)).Op(Opcode.Build),
                p => p.Op(isColumnMajor ? Opcode.NewTrue : Opcode.NewFalse),
                data
            )
            .Op(Opcode.Build);

    private void AssertReads(string json, Action<PickleBuilder> value)
    {
        using Checkpoint checkpoint = Checkpoint.Open(_folder.File("test", PickleBuilder.FileWith(value)));
        Assert.Equal(json, ((CheckpointMap)checkpoint.Root)["x"]!.ToJson());
    }
}
