using FsCheck;
using FsCheck.Fluent;
using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Weights.Tests;

public sealed class PropertyTests : IDisposable
{
    private static readonly Gen<float> AnyFloat =
        from high in Gen.Choose(0, 0xFFFF)
        from low in Gen.OneOf(Gen.Choose(0, 0xFFFF), Gen.Elements(0, 0x1000, 0x7FFF, 0x8000, 0x8001, 0xFFFF))
        select BitConverter.UInt32BitsToSingle(((uint)high << 16) | (uint)low);

    private static readonly Gen<TensorEntry> AnyTensor =
        from name in ArbMap.Default.GeneratorFor<NonNull<string>>()
        from type in Gen.Elements(Enum.GetValues<DType>())
        from rank in Gen.Choose(0, 4)
        from extents in Gen.Choose(0, 4).ArrayOf(rank)
        from seed in Gen.Choose(0, int.MaxValue)
        select RandomTensor(name.Item, type, new Shape(Array.ConvertAll(extents, extent => (long)extent)), seed);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_written_reads_back_in_both_formats() =>
        Prop.ForAll(
                AnyTensor.NonEmptyListOf().ToArbitrary(),
                tensors =>
                {
                    TensorEntry[] unique = [.. tensors.Select((tensor, i) => tensor.WithName($"{i}:{tensor.Name}"))];
                    string safetensors = _folder.File("a.safetensors");
                    string pytorch = _folder.File("a.pth");
                    CheckpointWriter.SaveSafetensors(safetensors, unique);
                    CheckpointWriter.SavePyTorch(pytorch, unique);
                    return ReadsBack(safetensors, unique) && ReadsBack(pytorch, unique);
                }
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Float16_is_the_nearest_with_ties_to_even() =>
        CheckRounding(DType.Float16, bits => (double)BitConverter.UInt16BitsToHalf(bits), maxFiniteBits: 0x7BFF, maxRounded: 65520);

    [Fact]
    public void Bfloat16_is_the_nearest_with_ties_to_even() =>
        CheckRounding(
            DType.BFloat16,
            bits => BitConverter.UInt32BitsToSingle((uint)bits << 16),
            maxFiniteBits: 0x7F7F,
            maxRounded: Math.ScaleB(511, 119)
        );

    [Theory]
    [InlineData(DType.Float16)]
    [InlineData(DType.BFloat16)]
    public void All_16_bit_numbers_survive_float32(DType type)
    {
        byte[] bytes = [.. Enumerable.Range(0, 1 << 16).SelectMany(bits => BitConverter.GetBytes((ushort)bits))];
        TensorEntry source = TensorEntry.FromBytes("all", type, new Shape(1 << 16), bytes);
        Tensor wide = source.ToTensor();
        byte[] back = TensorEntry.FromTensor("all", wide).ConvertTo(type).ToBytes();
        for (int i = 0; i < 1 << 16; i++)
        {
            // A signalling NaN becomes quiet; every other number stays as it is.
            if (float.IsNaN(wide.Data[i]))
                Assert.True(float.IsNaN(TensorEntry.FromBytes("one", type, new Shape(), back[(2 * i)..((2 * i) + 2)]).ToTensor().Data[0]));
            else
                Assert.Equal(BitConverter.ToUInt16(bytes, 2 * i), BitConverter.ToUInt16(back, 2 * i));
        }
    }

    [Fact]
    public void Float64_holds_every_float32() =>
        Prop.ForAll(
                AnyFloat.ToArbitrary(),
                value =>
                {
                    Tensor back = TensorEntry.FromBytes("x", DType.Float64, new Shape(), Convert(value, DType.Float64)).ToTensor();
                    return back.Data[0].Equals(value) && BitConverter.ToDouble(Convert(value, DType.Float64)).Equals(value);
                }
            )
            .QuickCheckThrowOnFailure();

    /// <summary>
    /// Compares a rounded number with both its neighbours, all as doubles, which hold them exactly. Patterns of positive
    /// numbers are ordered as the numbers are, so the neighbours are one pattern away.
    /// </summary>
    private static void CheckRounding(DType type, Func<ushort, double> value, int maxFiniteBits, double maxRounded) =>
        Prop.ForAll(
                AnyFloat.ToArbitrary(),
                x =>
                {
                    ushort bits = BitConverter.ToUInt16(Convert(x, type));
                    double rounded = value(bits);
                    if (float.IsNaN(x))
                        return double.IsNaN(rounded);
                    if (double.IsNegative(rounded) != float.IsNegative(x))
                        return false;
                    int magnitude = bits & 0x7FFF;
                    double exact = Math.Abs((double)x);
                    if (magnitude > maxFiniteBits)
                        return double.IsInfinity(rounded) && exact >= maxRounded;
                    double error = Math.Abs(exact - value((ushort)magnitude));
                    bool beatsBelow = magnitude == 0 || Beats(error, Math.Abs(exact - value((ushort)(magnitude - 1))), magnitude);
                    bool beatsAbove =
                        magnitude == maxFiniteBits
                            ? exact < maxRounded
                            : Beats(error, Math.Abs(exact - value((ushort)(magnitude + 1))), magnitude);
                    return beatsBelow && beatsAbove;
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(20_000));

    private static bool Beats(double error, double other, int magnitude) => error < other || (error == other && magnitude % 2 == 0);

    private static byte[] Convert(float value, DType type) =>
        TensorEntry.FromTensor("x", new Tensor(new Shape(), [value])).ConvertTo(type).ToBytes();

    private static bool ReadsBack(string path, TensorEntry[] tensors)
    {
        using Checkpoint read = Checkpoint.Open(path);
        return tensors.Length == read.Tensors.Count
            && tensors
                .Zip(read.Tensors)
                .All(pair =>
                    pair.First.ToString() == pair.Second.ToString() && pair.First.ToBytes().AsSpan().SequenceEqual(pair.Second.ToBytes())
                );
    }

    private static TensorEntry RandomTensor(string name, DType type, Shape shape, int seed)
    {
        byte[] bytes = new byte[shape.ElementCount * type.Size()];
        new Random(seed).NextBytes(bytes);
        return TensorEntry.FromBytes(name, type, shape, bytes);
    }
}
