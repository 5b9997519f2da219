namespace MogaSharp.Weights.Tests;

/// <summary>
/// Values made of the instructions and names that the reader knows, nested at random and mostly, but not always, as they
/// should be. Gets further into the reader than damage to bytes does.
/// </summary>
internal sealed class RandomPickle(Random random)
{
    private static readonly string[] Names =
    [
        "torch._utils._rebuild_tensor_v2",
        "torch._utils._rebuild_parameter",
        "torch._tensor._rebuild_from_type_v2",
        "torch.Size",
        "torch.device",
        "torch.FloatStorage",
        "torch.float32",
        "_codecs.encode",
        "builtins.bytearray",
        "builtins.set",
        "builtins.dict",
        "collections.OrderedDict",
        "collections.defaultdict",
        "collections.Counter",
        "collections.deque",
        "argparse.Namespace",
        "pathlib.PosixPath",
        "copyreg._reconstructor",
        "builtins.object",
        "numpy.dtype",
        "numpy.ndarray",
        "numpy.core.multiarray.scalar",
        "numpy.core.multiarray._reconstruct",
    ];

    private static readonly string[] Texts = ["storage", "0", "cpu", "latin1", "f8", "i4", "<", ">", "w", "__class__", "", "a/b"];

    private int _budget = random.Next(1, 60);
    private byte _memo;

    public void WriteTo(PickleBuilder pickle) => Value(pickle, 0);

    private void Value(PickleBuilder pickle, int depth)
    {
        int kind = _budget-- > 0 && depth < 80 ? random.Next(20) : random.Next(6);
        switch (kind)
        {
            case 0:
                pickle.Number(random.Next(-2, 6));
                break;
            case 1:
                pickle.Text(Texts[random.Next(Texts.Length)]);
                break;
            case 2:
                pickle.Op(random.Next(2) == 0 ? Opcode.None : Opcode.NewTrue);
                break;
            case 3:
                Name(pickle, random.Next(Names.Length));
                break;
            case 4:
                pickle.Op(Opcode.ShortBinBytes).Byte(8).Bytes([0, 1, 2, 3, 4, 5, 6, 7]);
                break;
            case 5 when _memo > 0:
                pickle.Op(Opcode.BinGet).Byte((byte)random.Next(_memo));
                break;
            case 5:
                pickle.Op(Opcode.EmptyDict);
                break;
            case 6 or 7:
                Items(pickle, depth, Opcode.Tuple, 1);
                break;
            case 8:
                Items(pickle, depth, Opcode.List, 1);
                break;
            case 9:
                Items(pickle, depth, Opcode.Dict, 2);
                break;
            case 10:
                Items(pickle, depth, Opcode.FrozenSet, 1);
                break;
            case 11:
                pickle.Storage("FloatStorage", random.Next(3, 6));
                break;
            case 12:
                pickle.Tensor("FloatStorage", 4, [random.Next(-1, 5), random.Next(3)], [random.Next(-1, 3), random.Next(2)]);
                break;
            case 13 or 14 or 15:
                Name(pickle, random.Next(Names.Length));
                Items(pickle, depth, Opcode.Tuple, 1);
                pickle.Op(random.Next(3) == 0 ? Opcode.NewObj : Opcode.Reduce);
                break;
            case 16:
                Value(pickle, depth + 1);
                Value(pickle, depth + 1);
                pickle.Op(Opcode.Build);
                break;
            case 17:
                // Into the memo before it is filled, so that values can hold themselves.
                pickle.Op(Opcode.EmptyList).Op(Opcode.BinPut).Byte(_memo++);
                Value(pickle, depth + 1);
                pickle.Op(Opcode.Append);
                break;
            case 18:
                Value(pickle, depth + 1);
                pickle.Op(Opcode.Dup).Op(Opcode.Tuple2);
                break;
            default:
                pickle.Op((Opcode)random.Next(256));
                break;
        }
    }

    private void Items(PickleBuilder pickle, int depth, Opcode end, int each)
    {
        pickle.Op(Opcode.Mark);
        for (int i = random.Next(4) * each; i > 0; i--)
            Value(pickle, depth + 1);
        pickle.Op(end);
    }

    private static void Name(PickleBuilder pickle, int index)
    {
        int dot = Names[index].LastIndexOf('.');
        pickle.Global(Names[index][..dot], Names[index][(dot + 1)..]);
    }
}
