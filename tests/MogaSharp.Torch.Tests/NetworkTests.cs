using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;

namespace MogaSharp.Torch.Tests;

/// <summary>Networks as wholes: modes, random numbers, checkpointing, autocast, and that nothing outlives its scope.</summary>
public sealed class NetworkTests
{
    private static readonly MogaNetOptions Options = new()
    {
        Arch = new([8, 16], [2, 1], [4, 4]),
        NumClasses = 10,
        PatchEmbeds = [PatchEmbedKind.ConvEmbed, PatchEmbedKind.Conv],
        DropPathRate = 0.3,
        DropRate = 0.2,
    };
    private static readonly Shape Input = new(4, 3, 24, 20);

    [Fact]
    public void Checkpointing_gives_the_same_bits() =>
        Libtorch.WithoutLeaks(() =>
        {
            foreach (DType? autocast in new DType?[] { null, DType.BFloat16 })
            {
                using TorchNetwork plain = Small(ModelOutputs.All),
                    again = Small(ModelOutputs.All);
                Assert.InRange(plain.Plan.Segments.Count, 4, 12);
                TorchTensor x = Picture(),
                    y = Picture();
                (x.RequiresGradient, y.RequiresGradient) = (true, true);
                for (int step = 0; step < 2; step++)
                {
                    using var scope = new TorchScope();
                    var options = TorchForwardOptions.Train with { Autocast = autocast };
                    TorchForward a = plain.Forward(x, options),
                        b = again.Forward(y, options with { Checkpointing = true });
                    TorchTensor lossA = Loss(a),
                        lossB = Loss(b);
                    Assert.Equal(lossA.Item(), lossB.Item());
                    a.Backward(lossA);
                    b.Backward(lossB);
                    Assert.Equal(plain.Generator.GetState(), again.Generator.GetState());
                }

                Assert.Equal(x.Gradient()!.ToArray<float>(), y.Gradient()!.ToArray<float>());
                IReadOnlyDictionary<string, Tensor> gradients = again.ReadGradients();
                Assert.Equal(plain.ParameterNames.Count, gradients.Count);
                foreach ((string name, Tensor gradient) in plain.ReadGradients())
                    Assert.Equal(gradient.Data, gradients[name].Data);
                foreach (string name in plain.ReadWeights().Names)
                    Assert.Equal(plain[name].ToTensor().Data, again[name].ToTensor().Data);
                Assert.Equal(2, again["norm1.num_batches_tracked"].Item());
            }

            static TorchTensor Loss(TorchForward forward) =>
                (TorchLoss.CrossEntropy(forward["logits"], Labels(), 0.1) * 3)
                + (forward["stage1"] * forward["stage1"]).Mean().To(type: DType.Float32);
        });

    [Fact]
    public void Checkpointing_keeps_fewer_values() =>
        Libtorch.WithoutLeaks(() =>
        {
            using TorchNetwork network = Small();
            long plain = Process(checkpointing: false),
                sparse = Process(checkpointing: true);
            Assert.True(sparse * 2 < plain, $"{sparse} bytes with checkpointing, {plain} without");

            // The process's memory between forward and backward; what the runs free, they free to malloc, hence the large input.
            long Process(bool checkpointing)
            {
                using var scope = new TorchScope();
                TorchTensor x = TorchTensor.From(FormulaWeights.Input(new Shape(16, 3, 224, 224)));
                long before = ResidentBytes();
                TorchForward forward = network.Forward(x, TorchForwardOptions.Train with { Checkpointing = checkpointing });
                long after = ResidentBytes();
                GC.KeepAlive(forward);
                return after - before;
            }
        });

    [Fact]
    public void A_generator_goes_on_from_its_state() =>
        Libtorch.WithoutLeaks(() =>
        {
            using TorchNetwork network = Small();
            byte[] state = network.Generator.GetState();
            float[] first = Logits(),
                second = Logits();
            Assert.NotEqual(first, second);
            network.Generator.SetState(state);
            Assert.Equal(first, Logits());
            Assert.Equal(second, Logits());
            using TorchNetwork same = Small(),
                other = Small(seed: 8);
            Assert.Equal(state, same.Generator.GetState());
            Assert.NotEqual(state, other.Generator.GetState());
            Assert.Throws<TorchException>(() => network.Generator.SetState([1, 2, 3]));

            float[] Logits()
            {
                using var scope = new TorchScope();
                return network.Forward(Picture(), TorchForwardOptions.Train)["logits"].ToArray<float>();
            }
        });

    [Fact]
    public void Generators_give_the_numbers_of_PyTorch() =>
        Libtorch.WithoutLeaks(() =>
        {
            float[] expected = new FixtureFile(Repository.Fixture("torch", "random.safetensors")).Floats("uniform");
            using TorchGenerator own = TorchGenerator.Create(TorchDevice.Cpu, 2024),
                shared = TorchGenerator.Shared(TorchDevice.Cpu);
            TorchTensor numbers = TorchTensor.Full(0, new Shape(100));
            foreach (TorchGenerator generator in new[] { own, shared })
            {
                generator.Seed(2024);
                generator.FillUniform(numbers);
                Assert.Equal(expected, numbers.ToArray<float>());
            }
        });

    [Fact]
    public void Stochastic_depth_drops_images_and_dropout_elements() =>
        Libtorch.WithoutLeaks(() =>
        {
            var builder = new GraphBuilder();
            Value input = builder.Input("input", new Shape(1000, 4, 5, 5));
            ComputationGraph graph = builder.Build(
                new("path", builder.Root.DropPath(0.25, input)),
                new("element", builder.Root.Dropout(0.25, input))
            );
            using TorchNetwork network = Libtorch.Network(graph);
            TorchTensor ones = TorchTensor.Full(1, input.Shape);
            TorchForward results = network.Forward(ones, TorchForwardOptions.Train);
            float[] path = results["path"].ToArray<float>(),
                element = results["element"].ToArray<float>();
            Assert.All(path.Chunk(100), image => Assert.True(image.All(x => x == 0) || image.All(x => x == 4f / 3)));
            Assert.All(element, x => Assert.True(x is 0 or 4f / 3));
            // 1000 and 100,000 draws: within five deviations of the mean.
            Assert.InRange(path.Average(), 1 - (5 * 0.0183), 1 + (5 * 0.0183));
            Assert.InRange(element.Average(), 1 - (5 * 0.00183), 1 + (5 * 0.00183));
            Assert.Contains(element.Chunk(100), image => image.Contains(0) && image.Contains(4f / 3));
            TorchForward evaluated = network.Forward(ones);
            Assert.All(evaluated["path"].ToArray<float>().Concat(evaluated["element"].ToArray<float>()), x => Assert.Equal(1, x));
        });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Autocast_is_close_to_float32(bool channelsLast) =>
        Libtorch.WithoutLeaks(() =>
        {
            MogaNetOptions still = Options with { DropPathRate = 0, DropRate = 0 };
            using TorchNetwork full = Small(options: still),
                low = Small(options: still, channelsLast: channelsLast);
            TorchForward a = full.Forward(Picture(), TorchForwardOptions.Train),
                b = low.Forward(Picture(), TorchForwardOptions.Train with { Autocast = DType.BFloat16 });
            Assert.Equal(DType.Float32, a["logits"].DType);
            Assert.Equal(DType.BFloat16, b["logits"].DType);
            TorchTensor lossA = TorchLoss.CrossEntropy(a["logits"], Labels()),
                lossB = TorchLoss.CrossEntropy(b["logits"], Labels());
            Assert.Equal(DType.Float32, lossB.DType);
            Assert.NotEqual(lossA.Item(), lossB.Item());
            Assert.InRange(lossB.Item() / lossA.Item(), 0.98, 1.02);
            a.Backward(lossA);
            b.Backward(lossB);
            double[] exact = Flat(full),
                rounded = Flat(low);
            double cosine = exact.Zip(rounded, (x, y) => x * y).Sum() / (Norm(exact) * Norm(rounded));
            // bfloat16 has 8 bits of mantissa: 0.4 % in each factor.
            Assert.InRange(cosine, 0.999, 1.0000001);
            Assert.All(low.ParameterNames, name => Assert.Equal(DType.Float32, low.Gradient(name)!.DType));
            Assert.All(
                low.ReadWeights().Names.Where(name => name.Contains("running", StringComparison.Ordinal)),
                name =>
                {
                    Assert.Equal(DType.Float32, low[name].DType);
                    Assert.InRange(Libtorch.Difference(full[name].ToTensor().Data, low[name].ToTensor().Data), 0, 0.02);
                }
            );

            static double[] Flat(TorchNetwork network) =>
                [.. network.ParameterNames.SelectMany(name => network.Gradient(name)!.ToTensor().Data).Select(x => (double)x)];
            static double Norm(double[] values) => Math.Sqrt(values.Sum(x => x * x));
        });

    /// <summary>libtorch 1.13 by itself gives wrong gradients where a GELU and what comes back to it lie differently in memory.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Gelu_takes_gradients_in_any_layout(bool channelsLast, bool gradientChannelsLast) =>
        Libtorch.WithoutLeaks(() =>
        {
            ComputationGraph graph = OpCases.All["gelu"];
            Tensor input = OpCase.Inputs(graph)[0];
            using TorchNetwork exact = Libtorch.Network(graph, new() { Type = DType.Float64 }),
                network = Libtorch.Network(graph, new() { ChannelsLast = channelsLast });
            float[] expected = Gradient(exact, false),
                actual = Gradient(network, gradientChannelsLast);
            Assert.InRange(Libtorch.Difference(expected, actual), 0, 1e-6);

            float[] Gradient(TorchNetwork of, bool last)
            {
                TorchTensor x = TorchTensor.From(input);
                x.RequiresGradient = true;
                TorchTensor seed = TorchTensor
                    .From(FormulaWeights.Input(input.Shape, "seed"))
                    .To(type: of.Options.Type, channelsLast: last);
                of.Forward(x, TorchForwardOptions.Train)["output"].Backward(seed);
                return x.Gradient()!.ToArray<float>();
            }
        });

    [Fact]
    public void Frozen_norms_keep_their_statistics() =>
        Libtorch.WithoutLeaks(() =>
        {
            using TorchNetwork network = Small();
            network.Freeze(name => name.StartsWith("patch_embed1.", StringComparison.Ordinal));
            float[] before = network["patch_embed1.projection.1.running_mean"].ToArray<float>(),
                other = network["norm1.running_mean"].ToArray<float>();
            TorchForward forward = network.Forward(Picture(), TorchForwardOptions.Train);
            forward.Backward(TorchLoss.CrossEntropy(forward["logits"], Labels()));
            Assert.Equal(before, network["patch_embed1.projection.1.running_mean"].ToArray<float>());
            Assert.Equal(0, network["patch_embed1.projection.1.num_batches_tracked"].Item());
            Assert.NotEqual(other, network["norm1.running_mean"].ToArray<float>());
            Assert.Null(network.Gradient("patch_embed1.projection.0.weight"));
            Assert.NotNull(network.Gradient("head.weight"));
            Assert.All(
                network.ParameterNames,
                name => Assert.Equal(name.StartsWith("patch_embed1.", StringComparison.Ordinal), !network.TrainableNames.Contains(name))
            );
            using TorchNetwork copy = network.Clone();
            Assert.Equal(network.TrainableNames, copy.TrainableNames);
            Assert.True(copy.HasFrozenStatistics("patch_embed1.projection.1"));
            network.Unfreeze(_ => true);
            network.Forward(Picture(), TorchForwardOptions.Train);
            Assert.NotEqual(before, network["patch_embed1.projection.1.running_mean"].ToArray<float>());
        });

    [Fact]
    public void Weights_come_back_under_their_names() =>
        Libtorch.WithoutLeaks(() =>
        {
            foreach (bool channelsLast in new[] { false, true })
            {
                using TorchNetwork network = Small(channelsLast: channelsLast);
                Assert.Equal(channelsLast, network["patch_embed1.projection.0.weight"].IsChannelsLast);
                WeightSet given = FormulaWeights.Create(network.Graph.Parameters),
                    read = network.ReadWeights();
                Assert.Equal(network.Graph.Parameters.Select(spec => spec.Name).Order(), read.Names.Order());
                foreach (string name in given.Names)
                    Assert.Equal(given[name].Data, read[name].Data);
                WeightSet fresh = WeightInitializer.Create(network.Graph.Parameters, 5);
                network.LoadWeights(fresh);
                WeightSet reread = network.ReadWeights();
                foreach (string name in fresh.Names)
                    Assert.Equal(fresh[name].Data, reread[name].Data);
                Assert.Contains(
                    "'head.weight'",
                    Assert
                        .Throws<GraphException>(() => network.LoadWeights(fresh.With([new("head.weight", new Tensor(new Shape(1)))])))
                        .Message,
                    StringComparison.Ordinal
                );
                Assert.Throws<KeyNotFoundException>(() => network.LoadWeights(new WeightSet([])));
            }
        });

    [Fact]
    public void Hundreds_of_steps_keep_memory_flat()
    {
        Libtorch.Require();
        long start = TorchRuntime.LiveTensors;
        using (TorchNetwork network = Tiny())
        using (var optimizer = new AdamW(network, [new(network.ParameterNames, 1e-3, 0.05)]))
        using (TorchNetwork average = network.Clone())
        {
            long live = TorchRuntime.LiveTensors,
                resident = 0;
            double first = 0,
                last = 0;
            for (int step = 0; step < 400; step++)
            {
                using var scope = new TorchScope();
                TorchForward forward = network.Forward(
                    TorchTensor.From(FormulaWeights.Input(new Shape(4, 3, 96, 96))),
                    TorchForwardOptions.Train with
                    {
                        Checkpointing = step % 3 == 0,
                    }
                );
                TorchTensor loss = TorchLoss.CrossEntropy(forward["logits"], Labels());
                network.ZeroGradients();
                forward.Backward(loss);
                network.ClipGradients(5);
                optimizer.Step();
                average.AverageFrom(network, 0.99);
                last = loss.Item();
                if (step == 0)
                    first = last;
                if (step == 60)
                    resident = ResidentBytes();
            }

            Assert.Equal(live, TorchRuntime.LiveTensors);
            Assert.InRange(last, 0, first / 10);
            // The managed heap breathes by some megabytes; a leak of one map of 4 x 8 x 24 x 24 floats per step would be 25 MB.
            Assert.InRange(ResidentBytes() - resident, long.MinValue, 16L << 20);
        }

        Assert.Equal(start, TorchRuntime.LiveTensors);
    }

    [Fact]
    public void Results_do_not_depend_on_who_made_the_scope() =>
        Libtorch.WithoutLeaks(() =>
        {
            using TorchNetwork network = Small();
            float[] expected = network.Forward(Picture())["logits"].ToArray<float>();
            // Eval mode may run on several threads at once.
            float[][] results = new float[4][];
            Thread[] threads =
            [
                .. Enumerable
                    .Range(0, 4)
                    .Select(i => new Thread(() =>
                    {
                        using var scope = new TorchScope();
                        results[i] = network.Forward(Picture())["logits"].ToArray<float>();
                    })),
            ];
            foreach (Thread thread in threads)
                thread.Start();
            foreach (Thread thread in threads)
                thread.Join();
            Assert.All(results, result => Assert.Equal(expected, result));
        });

    private static TorchNetwork Small(
        ModelOutputs outputs = ModelOutputs.Head,
        ulong seed = 7,
        bool channelsLast = false,
        MogaNetOptions? options = null
    )
    {
        ComputationGraph graph = (options ?? Options).CreateDefinition().Build(Input, outputs);
        return Libtorch.Network(graph, new() { Seed = seed, ChannelsLast = channelsLast });
    }

    private static TorchNetwork Tiny()
    {
        MogaNetOptions options = Options with
        {
            Arch = new([8], [1], [2]),
            PatchEmbeds = [PatchEmbedKind.ConvEmbed],
            DropRate = 0,
            DropPathRate = 0,
        };
        return Libtorch.Network(options.CreateDefinition().Build(new Shape(4, 3, 8, 8)));
    }

    private static TorchTensor Picture() => TorchTensor.From(FormulaWeights.Input(Input));

    private static TorchTensor Labels() => TorchTensor.From<long>([0, 1, 2, 3], new Shape(4));

    private static long ResidentBytes()
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
