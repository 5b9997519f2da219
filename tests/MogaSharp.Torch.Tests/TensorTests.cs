using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Torch.Tests;

/// <summary>Tensors and scopes: contents, owners, and calls that must not end the process.</summary>
public sealed class TensorTests
{
    [Fact]
    public void Contents_survive_all_types() =>
        Libtorch.WithoutLeaks(() =>
        {
            RoundTrip<float>([1.5f, float.NaN, -0f], DType.Float32);
            RoundTrip<double>([1e-300, double.PositiveInfinity, 2], DType.Float64);
            RoundTrip<Half>([(Half)0.1, Half.MaxValue, Half.NegativeZero], DType.Float16);
            RoundTrip<long>([long.MinValue, 0, long.MaxValue], DType.Int64);
            RoundTrip<byte>([0, 1, 255], DType.UInt8);
            RoundTrip<bool>([true, false, true], DType.Bool);

            static void RoundTrip<T>(T[] data, DType type)
                where T : unmanaged
            {
                TorchTensor tensor = TorchTensor.From<T>(data, new Shape(3, 1));
                Assert.Equal((type, new Shape(3, 1), TorchDevice.Cpu), (tensor.DType, tensor.Shape, tensor.Device));
                Assert.Equal(data, tensor.ToArray<T>());
            }
        });

    [Fact]
    public void Layout_changes_nothing_that_is_read() =>
        Libtorch.WithoutLeaks(() =>
        {
            Tensor source = FormulaWeights.Input(new Shape(2, 5, 3, 4));
            TorchTensor last = TorchTensor.From(source).To(channelsLast: true);
            Assert.True(last.IsChannelsLast);
            Assert.Equal(source.Data, last.ToArray<float>());
            Assert.False(last.To(channelsLast: false).IsChannelsLast);
            Assert.Equal(source.Data, last.To(type: DType.Float64).ToTensor().Data);
            Assert.Equal(
                [.. source.Data.Select(x => BitConverter.UInt32BitsToSingle(Round(BitConverter.SingleToUInt32Bits(x))))],
                last.To(type: DType.BFloat16).ToTensor().Data
            );

            static uint Round(uint bits) => (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000;
        });

    [Fact]
    public void Empty_tensors_and_scalars_are_tensors() =>
        Libtorch.WithoutLeaks(() =>
        {
            Assert.Equal(7, TorchTensor.From<float>([7], default).Item());
            TorchTensor empty = TorchTensor.From<float>([], new Shape(0, 3));
            Assert.Equal(new Shape(0, 3), empty.Shape);
            Assert.Empty(empty.ToArray<float>());
            Assert.True(empty.IsFinite());
        });

    [Fact]
    public void Arithmetic_is_what_it_says() =>
        Libtorch.WithoutLeaks(() =>
        {
            TorchTensor a = Row(1, 2, 4),
                b = Row(3, 5, -8);
            Equal(a + b, 4, 7, -4);
            Equal(a - b, -2, -3, 12);
            Equal(a * b, 3, 10, -32);
            Equal(b / a, 3, 2.5f, -2);
            Equal(a * 2, 2, 4, 8);
            Equal(a + 0.5, 1.5f, 2.5f, 4.5f);
            Equal(a.Affine(2, -1), 1, 3, 7);
            Equal(a.Flip(1), 4, 2, 1);
            Equal(a.Narrow(1, 1, 2), 2, 4);
            Equal(TorchTensor.Concat([a, b], 1), 1, 2, 4, 3, 5, -8);
            Equal(TorchTensor.Concat([a, b]).Select(TorchTensor.From<long>([1, 0, 1], new Shape(3))), 3, 5, -8, 1, 2, 4, 3, 5, -8);
            Assert.Equal(7, a.Sum().Item());
            Assert.Equal(8, b.MaxAbs().Item());
            Assert.Equal(7.0 / 3, a.Mean().Item(), 6);
            Assert.Equal([1, 0], b.TopK(2).ToArray<long>());
            Equal(Row(0, 0).Softmax(1), 0.5f, 0.5f);
            Assert.True(a.IsFinite());
            Assert.False(Row(1, float.NaN).IsFinite());
            Assert.False(Row(float.NegativeInfinity).IsFinite());
            TorchTensor written = a.Clone();
            written.Narrow(1, 0, 2).CopyFrom(Row(9));
            Equal(written, 9, 9, 4);
            written.Fill(3);
            Equal(written, 3, 3, 3);
            Equal(a, 1, 2, 4);
            Assert.Equal(new Shape(3, 1), a.Reshape(new Shape(3, 1)).Shape);

            static TorchTensor Row(params float[] values) => TorchTensor.From<float>(values, new Shape(1, values.Length));
            static void Equal(TorchTensor actual, params float[] expected) => Assert.Equal(expected, actual.ToArray<float>());
        });

    [Fact]
    public void Gradients_flow_and_stop() =>
        Libtorch.WithoutLeaks(() =>
        {
            TorchTensor x = TorchTensor.From<float>([3], new Shape(1));
            Assert.False(x.RequiresGradient);
            x.RequiresGradient = true;
            Assert.Null(x.Gradient());
            TorchTensor y = x * x;
            y.Backward(keepGraph: true);
            y.Backward(TorchTensor.From<float>([10], new Shape(1)));
            Assert.Equal(66, x.Gradient()!.Item());
            Assert.Throws<TorchException>(() => y.Backward());
            Assert.Throws<TorchException>(() => x.Detach().Backward());
            Assert.Throws<TorchException>(() => y.RequiresGradient = false);
            Assert.Throws<TorchException>(() => TorchTensor.From<long>([1], new Shape(1)).RequiresGradient = true);
            using (TorchRuntime.NoGradient())
                Assert.False((x * x).RequiresGradient);
            Assert.True((x * x).RequiresGradient);
        });

    [Fact]
    public void Scopes_free_what_is_not_moved_out()
    {
        Libtorch.Require();
        long before = TorchRuntime.LiveTensors;
        TorchTensor kept,
            moved;
        using (var outer = new TorchScope())
        {
            using (var inner = new TorchScope())
            {
                TorchTensor freed = One();
                kept = inner.Keep(One());
                moved = inner.MoveOut(One());
                One().Dispose();
                Assert.Equal((1, 1), (inner.Count, outer.Count));
                Assert.Throws<InvalidOperationException>(() => inner.Keep(kept));
                Assert.Throws<InvalidOperationException>(outer.Dispose);
                inner.Dispose();
                inner.Dispose();
                Assert.Throws<ObjectDisposedException>(() => freed.Item());
                Assert.Equal("freed", freed.ToString());
            }

            Assert.Equal(1, moved.Item());
            Assert.Equal(before + 2, TorchRuntime.LiveTensors);
            // The first of three leaves, the last takes its place, and all are freed once.
            TorchTensor a = One(),
                b = One();
            moved.Dispose();
            Assert.Equal(2, outer.Count);
            b.Dispose();
            a.Dispose();
            a.Dispose();
            Assert.Equal(0, outer.Count);
        }

        Assert.Equal(before + 1, TorchRuntime.LiveTensors);
        Assert.Equal("Float32 scalar on cpu", kept.ToString());
        kept.Dispose();
        Assert.Equal(before, TorchRuntime.LiveTensors);

        static TorchTensor One() => TorchTensor.From<float>([1], default);
    }

    [Fact]
    public void A_scope_belongs_to_its_thread()
    {
        Libtorch.Require();
        using var scope = new TorchScope();
        Exception? problem = null;
        long inThread = 0;
        TorchTensor owned = TorchTensor.Full(0, new Shape(1));
        var other = new Thread(() =>
        {
            using (TorchTensor.Full(0, new Shape(1)))
                inThread = scope.Count;
            problem = Record.Exception(owned.Dispose);
        });
        other.Start();
        other.Join();
        Assert.Equal(1, inThread);
        Assert.IsType<InvalidOperationException>(problem);
    }

    [Fact]
    public void A_forgotten_tensor_is_freed_by_the_collector()
    {
        Libtorch.Require();
        long before = TorchRuntime.LiveTensors;
        Forget();
        for (int i = 0; i < 10 && TorchRuntime.LiveTensors > before; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Equal(before, TorchRuntime.LiveTensors);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Forget() => _ = TorchTensor.Full(0, new Shape(1));
    }

    [Fact]
    public void Hostile_calls_throw() =>
        Libtorch.WithoutLeaks(() =>
        {
            TorchTensor a = TorchTensor.Full(1, new Shape(2, 3)),
                b = TorchTensor.Full(1, new Shape(2, 4));
            Assert.Throws<TorchException>(() => a + b);
            Assert.Throws<TorchException>(() => a.Item());
            Assert.Throws<TorchException>(() => a.Reshape(new Shape(7)));
            Assert.Throws<TorchException>(() => a.Narrow(0, 1, 2));
            Assert.Throws<TorchException>(() => a.Narrow(5, 0, 1));
            Assert.Throws<TorchException>(() => a.Flip(2));
            Assert.Throws<TorchException>(() => a.TopK(4));
            Assert.Throws<TorchException>(() => a.CopyFrom(b));
            Assert.Throws<TorchException>(() => a.To(channelsLast: true));
            Assert.Throws<TorchException>(() => TorchTensor.Concat([a, b]));
            Assert.Throws<TorchException>(() => TorchTensor.Concat([]));
            Assert.Throws<TorchException>(() => a.Select(TorchTensor.From<long>([2], new Shape(1))));
            Assert.Throws<TorchException>(() => a.Select(a));
            Assert.Throws<TorchException>(() => TorchTensor.From<long>([1], new Shape(1)).Mean());
            Assert.Throws<TorchException>(() => TorchTensor.From<float>([], new Shape(0)).MaxAbs());
            Assert.Throws<TorchException>(() => a.Gradient()?.Item() ?? a.Item());
            Assert.Throws<ArgumentException>(() => a.CopyTo<double>(new double[6]));
            Assert.Throws<ArgumentException>(() => a.CopyTo<float>(new float[5]));
            Assert.Throws<ArgumentException>(() => TorchTensor.From<float>(new float[5], new Shape(2, 3)));
            Assert.Throws<ArgumentException>(() => TorchTensor.From<int>(new int[6], new Shape(2, 3)));
            Assert.Throws<ArgumentException>(() => a.To(type: DType.Int8));
            Assert.Throws<ArgumentException>(() => TorchTensor.Full(1, new Shape(1), (DType)77));
            TorchTensor low = a.To(type: DType.BFloat16);
            Assert.Throws<ArgumentException>(() => low.ToArray<float>());
            Assert.ThrowsAny<Exception>(() => a + null!);
            a.Dispose();
            a.Dispose();
            Assert.Throws<ObjectDisposedException>(() => a + b);
            Assert.Throws<ObjectDisposedException>(() => b + a);
            Assert.Throws<ObjectDisposedException>(() => a.Shape);
            Assert.Throws<ObjectDisposedException>(() => TorchTensor.Concat([b, a]));
            Assert.Throws<ObjectDisposedException>(() => b.CopyFrom(a));
            Assert.Throws<ObjectDisposedException>(() => a.Backward());
            Assert.Throws<ObjectDisposedException>(() => a.RequiresGradient);
        });

    [Fact]
    public void Hostile_networks_throw() =>
        Libtorch.WithoutLeaks(() =>
        {
            ComputationGraph graph = OpCases.All["batch norm"];
            using TorchNetwork network = Libtorch.Network(graph);
            TorchTensor x = TorchTensor.From(OpCase.Inputs(graph)[0]);
            Assert.Throws<GraphException>(() => network.Forward([]));
            Assert.Throws<GraphException>(() => network.Forward([x, x]));
            Assert.Throws<GraphException>(() => network.Forward(TorchTensor.Full(0, new Shape(2, 7, 6, 5))));
            Assert.Contains(
                "more than one value per channel",
                Assert
                    .Throws<GraphException>(() => network.Forward(TorchTensor.Full(0, new Shape(1, 8, 1, 1)), TorchForwardOptions.Train))
                    .Message,
                StringComparison.Ordinal
            );
            Assert.Contains(
                "not in Int64",
                Assert.Throws<ArgumentException>(() => network.Forward(x, new() { Autocast = DType.Int64 })).Message,
                StringComparison.Ordinal
            );
            Assert.Contains(
                "output 'logits'; it has output",
                Assert.Throws<KeyNotFoundException>(() => network.Forward(x)["logits"]).Message,
                StringComparison.Ordinal
            );
            TorchForward evaluated = network.Forward(x);
            Assert.Throws<TorchException>(() => evaluated.Backward(evaluated["output"].Sum()));
            TorchForward trained = network.Forward(x, TorchForwardOptions.Train);
            Assert.Throws<TorchException>(() => trained.Backward(trained["output"]));
            TorchTensor loss = trained["output"].Sum();
            trained.Backward(loss);
            Assert.Throws<TorchException>(() => trained.Backward(loss));
            Assert.Throws<KeyNotFoundException>(() => network["norm"]);
            Assert.Throws<KeyNotFoundException>(() => network.Gradient("norm"));
            Assert.Throws<ArgumentOutOfRangeException>(() => network.AverageFrom(network, 1.1));
            using TorchNetwork other = Libtorch.Network(OpCases.ByName["batch norm"].Build(new Shape(2, 16, 6, 5)));
            Assert.Contains(
                "different shapes",
                Assert.Throws<TorchException>(() => network.CopyFrom(other)).Message,
                StringComparison.Ordinal
            );
            Assert.Throws<ArgumentException>(() =>
                new TorchNetwork(graph, FormulaWeights.Create(graph.Parameters), new() { Type = DType.Float16 })
            );
            network.Dispose();
            network.Dispose();
            Assert.Throws<ObjectDisposedException>(() => network.Forward(x));
            Assert.Throws<ObjectDisposedException>(network.ReadWeights);
            Assert.Throws<ObjectDisposedException>(() => network.ZeroGradients());
            Assert.Throws<ObjectDisposedException>(() => network.Generator.GetState());
        });
}
