using System.Diagnostics;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch.Tests;

/// <summary>Every op of the closed set: forward against the reference interpreter, gradients against finite differences, and timing when
/// asked for.</summary>
public sealed class OpTests
{
    public static TheoryData<string> Cases => [.. OpCases.All.Keys];

    public static TheoryData<string, DType, bool> ForwardCases =>
        new(
            from name in OpCases.All.Keys
            from variant in new[] { (DType.Float64, false), (DType.Float32, false), (DType.Float32, true) }
            select (name, variant.Item1, variant.Item2)
        );

    [Theory]
    [MemberData(nameof(ForwardCases))]
    public void Forward_gives_what_the_reference_gives(string name, DType type, bool channelsLast) =>
        Libtorch.WithoutLeaks(() =>
        {
            (OpCase one, ComputationGraph graph) = (OpCases.ByName[name], OpCases.All[name]);
            Tensor[] inputs = OpCase.Inputs(graph);
            using TorchNetwork network = Libtorch.Network(graph, new() { Type = type, ChannelsLast = channelsLast });
            TorchForward actual = network.Forward(Upload(inputs));
            foreach (
                (string output, ReferenceTensor expected) in new ReferenceInterpreter(graph, FormulaWeights.Create(graph.Parameters)).Run(
                    inputs
                )
            )
            {
                Assert.Equal(expected.Shape, actual[output].Shape);
                Assert.Equal(type, actual[output].DType == DType.Float32 && graph.Parameters.Count == 0 ? type : actual[output].DType);
                double[] values = Doubles(actual[output]);
                double largest = expected.Data.Max(Math.Abs),
                    difference = expected.Data.Zip(values, (a, b) => Math.Abs(a - b)).Max();
                Assert.InRange(difference, 0, (type == DType.Float64 ? one.DoubleTolerance : one.Tolerance) * largest);
            }
        });

    /// <summary>Eval mode: the reference interpreter itself is differentiated, with weights and inputs moved by exact float32
    /// steps.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Gradients_are_those_of_the_reference(string name) =>
        Libtorch.WithoutLeaks(() =>
        {
            (OpCase one, ComputationGraph graph) = (OpCases.ByName[name], OpCases.All[name]);
            Tensor[] inputs = OpCase.Inputs(graph);
            WeightSet weights = FormulaWeights.Create(graph.Parameters);
            using TorchNetwork network = Libtorch.Network(graph, new() { Type = DType.Float64 });
            (IReadOnlyDictionary<string, double[]> gradients, _) = Differentiate(
                network,
                inputs,
                TorchForwardOptions.Eval with
                {
                    RecordGradients = true,
                },
                default
            );
            foreach ((string tensor, double[] gradient) in gradients)
            {
                if ((graph.Inputs.Count == 1 && graph.Outputs.Any(output => output.Value.Op is Input)) || AreRegions(graph, tensor))
                    continue;
                Tensor moved = weights.TryGet(tensor, out Tensor? weight) ? weight : inputs[InputIndex(graph, tensor)];
                CompareProbes(
                    one,
                    tensor,
                    gradient,
                    i =>
                    {
                        float old = moved.Data[i];
                        (float up, float down) = (old + one.GradientStep, old - one.GradientStep);
                        moved.Data[i] = up;
                        double above = Objective(graph, weights, inputs);
                        moved.Data[i] = down;
                        double below = Objective(graph, weights, inputs);
                        moved.Data[i] = old;
                        return (above - below) / ((double)up - down);
                    }
                );
            }
        });

    /// <summary>Train mode: batch statistics and masks have no reference, so the float64 forward pass is differentiated, with the same
    /// masks.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Gradients_in_train_mode_are_those_of_the_forward_pass(string name) =>
        Libtorch.WithoutLeaks(() =>
        {
            (OpCase one, ComputationGraph graph) = (OpCases.ByName[name], OpCases.All[name]);
            Tensor[] inputs = OpCase.Inputs(graph);
            using TorchNetwork network = Libtorch.Network(graph, new() { Type = DType.Float64 });
            byte[] random = network.Generator.GetState();
            (IReadOnlyDictionary<string, double[]> gradients, TorchTensor[] given) = Differentiate(
                network,
                inputs,
                TorchForwardOptions.Train,
                random
            );
            foreach ((string tensor, double[] gradient) in gradients.Where(pair => !AreRegions(graph, pair.Key)))
            {
                TorchTensor moved = network.ParameterNames.Contains(tensor) ? network[tensor] : given[InputIndex(graph, tensor)];
                double[] values = Doubles(moved);
                CompareProbes(
                    one,
                    tensor,
                    gradient,
                    i =>
                    {
                        double above = At(values[i] + one.TrainingStep),
                            below = At(values[i] - one.TrainingStep);
                        return (above - below) / (2 * one.TrainingStep);

                        double At(double value)
                        {
                            using var scope = new TorchScope();
                            using TorchRuntime.GradientSwitch off = TorchRuntime.NoGradient();
                            double[] changed = [.. values];
                            changed[i] = value;
                            moved.CopyFrom(TorchTensor.From<double>(changed, moved.Shape));
                            network.Generator.SetState(random);
                            double objective = Objective(network.Forward(given, TorchForwardOptions.Train)).Item();
                            moved.CopyFrom(TorchTensor.From<double>(values, moved.Shape));
                            return objective;
                        }
                    }
                );
            }
        });

    [Fact]
    public void The_cases_use_all_ops()
    {
        IEnumerable<Type> closedSet = typeof(Op).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(Op)) && !type.IsAbstract);
        Assert.Equal(
            closedSet.Select(type => type.Name).Order(),
            OpCases.All.Values.SelectMany(graph => graph.Values).Select(value => value.Op.GetType().Name).Distinct().Order()
        );
    }

    /// <summary>Prints milliseconds for each op, forward and with backward, on maps of MogaNet's size: MOGA_OP_TIMES=1, and the output
    /// shown.</summary>
    [Fact]
    public void Times_are_printed_when_asked_for()
    {
        Libtorch.Require();
        Assert.SkipUnless(Environment.GetEnvironmentVariable("MOGA_OP_TIMES") == "1", "Set MOGA_OP_TIMES=1 to print the time of each op.");
        foreach (OpCase one in OpCases.ByName.Values)
        {
            ComputationGraph graph = one.Build(new Shape(32, 64, 28, 28));
            using var scope = new TorchScope();
            using TorchNetwork network = Libtorch.Network(graph);
            TorchTensor[] inputs = Upload(OpCase.Inputs(graph));
            double forward = Milliseconds(() => network.Forward(inputs));
            foreach (TorchTensor input in inputs)
                input.RequiresGradient = true;
            TensorHandle[] seeds = [.. network.Forward(inputs).Outputs.Values.Select(output => TorchTensor.Full(1, output.Shape).Handle)];
            double both = Milliseconds(() =>
                TorchTensor.Backward(
                    [.. network.Forward(inputs, TorchForwardOptions.Train).Outputs.Values.Select(output => output.Handle)],
                    seeds
                )
            );
            TestContext.Current.TestOutputHelper?.WriteLine($"{one.Name, -40} forward {forward, 8:F3} ms   with backward {both, 8:F3} ms");
        }
    }

    /// <summary>Prints milliseconds for a training step of MogaNet-XT in each way: MOGA_OP_TIMES=1, and the output shown.</summary>
    [Fact]
    public void Steps_are_timed_when_asked_for()
    {
        Libtorch.Require();
        Assert.SkipUnless(
            Environment.GetEnvironmentVariable("MOGA_OP_TIMES") == "1",
            "Set MOGA_OP_TIMES=1 to print the time of training steps."
        );
        TorchRuntime.Threads = Environment.ProcessorCount;
        Tensor input = FormulaWeights.Input(new Shape(32, 3, 64, 64));
        ComputationGraph graph = new MogaNetOptions
        {
            Arch = MogaNetArch.Parse("x-tiny"),
            NumClasses = 10,
            DropPathRate = 0.05,
        }
            .CreateDefinition()
            .Build(input.Shape);
        foreach (
            (string name, bool channelsLast, TorchForwardOptions options) in new (string, bool, TorchForwardOptions)[]
            {
                ("float32", false, TorchForwardOptions.Train),
                ("float32, channels last", true, TorchForwardOptions.Train),
                ("float32, checkpointing", false, TorchForwardOptions.Train with { Checkpointing = true }),
                ("bfloat16", false, TorchForwardOptions.Train with { Autocast = DType.BFloat16 }),
            }
        )
        {
            using var scope = new TorchScope();
            using TorchNetwork network = Libtorch.Network(graph, new() { ChannelsLast = channelsLast });
            using var optimizer = new AdamW(network, [new(network.ParameterNames, 1e-3, 0.05)]);
            TorchTensor x = TorchTensor.From(input),
                labels = TorchTensor.From<long>([.. Enumerable.Range(0, 32).Select(i => (long)(i % 10))], new Shape(32));
            double forward = Milliseconds(() => network.Forward(x));
            double step = Milliseconds(() =>
            {
                TorchForward result = network.Forward(x, options);
                network.ZeroGradients();
                result.Backward(TorchLoss.CrossEntropy(result["logits"], labels, 0.1));
                optimizer.Step();
            });
            double update = Milliseconds(optimizer.Step);
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"{name, -30} eval {forward, 8:F1} ms   step {step, 8:F1} ms   of it the optimiser {update, 6:F1} ms"
            );
        }
    }

    private static double Milliseconds(Action body)
    {
        var times = new List<double>();
        var whole = Stopwatch.StartNew();
        while (times.Count < 5 || (whole.ElapsedMilliseconds < 300 && times.Count < 100))
        {
            using var scope = new TorchScope();
            long start = Stopwatch.GetTimestamp();
            body();
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        return times.Order().ElementAt(times.Count / 2);
    }

    private static (IReadOnlyDictionary<string, double[]> Gradients, TorchTensor[] Inputs) Differentiate(
        TorchNetwork network,
        Tensor[] inputs,
        TorchForwardOptions options,
        byte[]? random
    )
    {
        TorchTensor[] given = [.. inputs.Select(input => TorchTensor.From(input).To(type: DType.Float64))];
        foreach (TorchTensor input in given)
            input.RequiresGradient = true;
        if (random is not null)
            network.Generator.SetState(random);
        TorchForward forward = network.Forward(given, options);
        forward.Backward(Objective(forward));
        var gradients = network.ParameterNames.ToDictionary(name => name, name => Doubles(network.Gradient(name)!));
        // An input of which only the size is read has no gradient, and no slope.
        for (int i = 0; i < given.Length; i++)
            gradients.Add(
                ((Input)network.Graph.Inputs[i].Op).Name,
                given[i].Gradient() is { } gradient ? Doubles(gradient) : new double[given[i].Shape.ElementCount]
            );
        return (gradients, given);
    }

    // A weighted sum of all outputs, so that every gradient is of another size.
    private static TorchTensor Objective(TorchForward forward) =>
        forward
            .Outputs.Select(output =>
                (output.Value * TorchTensor.From(Seed(output.Key, output.Value.Shape)).To(type: output.Value.DType)).Sum()
            )
            .Aggregate((a, b) => a + b);

    private static double Objective(ComputationGraph graph, WeightSet weights, Tensor[] inputs) =>
        new ReferenceInterpreter(graph, weights)
            .Run(inputs)
            .Sum(output => output.Value.Data.Zip(Seed(output.Key, output.Value.Shape).Data, (y, seed) => y * seed).Sum());

    private static Tensor Seed(string output, Shape shape) => FormulaWeights.Input(shape, "seed/" + output);

    private static void CompareProbes(OpCase one, string tensor, double[] gradient, Func<int, double> slope)
    {
        double largest = gradient.Max(Math.Abs);
        for (int k = 0; k < Math.Min(one.GradientProbes, gradient.Length); k++)
        {
            int i = (int)((long)k * gradient.Length / Math.Min(one.GradientProbes, gradient.Length));
            double expected = slope(i);
            Assert.True(
                Math.Abs(gradient[i] - expected) <= (one.GradientTolerance * largest) + 1e-8,
                $"{tensor}[{i}]: gradient {gradient[i]:R}, slope {expected:R}"
            );
        }
    }

    // Results move with their regions, but no gradient goes there.
    private static bool AreRegions(ComputationGraph graph, string name) =>
        InputIndex(graph, name) is >= 0 and int i && graph.Readers[graph.Inputs[i]].Any(RoiAlign.ReadsRegions);

    private static int InputIndex(ComputationGraph graph, string name) =>
        graph.Inputs.Select(value => ((Input)value.Op).Name).ToList().IndexOf(name);

    private static TorchTensor[] Upload(Tensor[] inputs) => [.. inputs.Select(input => TorchTensor.From(input))];

    private static double[] Doubles(TorchTensor tensor) => tensor.To(type: DType.Float64).ToArray<double>();
}
