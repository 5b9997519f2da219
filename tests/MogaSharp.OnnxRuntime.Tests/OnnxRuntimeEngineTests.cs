using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;

namespace MogaSharp.OnnxRuntime.Tests;

/// <summary>ONNX Runtime as an inference engine, against the official outputs, and what it refuses.</summary>
public sealed class OnnxRuntimeEngineTests
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("MOGA_LONG_TESTS") == "1";

    private static readonly OnnxRuntimeEngine Engine = new();

    private static bool IsLarge(string name) =>
        new[] { "_small", "_base", "_large", "base", "large", "x-large" }.Any(size =>
            size[0] == '_' ? name.Contains(size, StringComparison.Ordinal) : name.StartsWith(size, StringComparison.Ordinal)
        );

    // The larger sizes use no op that the others do not.
    public static TheoryData<string> Cases => [.. MogaNetFixture.Names.Where(name => IsLong || !IsLarge(name))];

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_engine_gives_the_official_outputs(string name)
    {
        MogaNetFixture official = MogaNetFixture.Load(name);
        using IInferenceSession session = Engine.CreateSession(official.Build(), official.Weights());
        foreach ((string output, Tensor tensor) in session.Run(official.Input, TestContext.Current.CancellationToken))
        {
            Assert.Equal(official.Expected.StatedShape(output), tensor.Shape);
            // The fixtures' README: within about 20 times the official float32 noise.
            Assert.InRange(official.Expected.Difference(output, tensor.Data), 0, 20 * official.Expected.Noise(output));
        }
    }

    public static TheoryData<string> Networks => [.. NetworkFixture.Names.Where(name => IsLong || !IsLarge(name))];

    [Theory]
    [MemberData(nameof(Networks))]
    public void The_engine_gives_the_official_outputs_of_other_networks(string name)
    {
        NetworkFixture official = NetworkFixture.Load(name);
        using IInferenceSession session = Engine.CreateSession(official.Build(), official.Weights());
        foreach ((string output, Tensor tensor) in session.Run(official.Input, TestContext.Current.CancellationToken))
            Assert.InRange(official.Difference(output, tensor), 0, official.Tolerance(output));
    }

    public static TheoryData<string> Predictors =>
        [.. IsLong ? SimVpFixture.SmallNames.Concat(SimVpFixture.MovingMnistNames) : SimVpFixture.SmallNames];

    [Theory]
    [MemberData(nameof(Predictors))]
    public void The_engine_gives_the_official_clips(string name)
    {
        SimVpFixture official = SimVpFixture.Load(name);
        using IInferenceSession session = Engine.CreateSession(official.Build(), official.Weights());
        IReadOnlyDictionary<string, Tensor> results = session.Run(official.Input, TestContext.Current.CancellationToken);
        foreach ((string output, string fixture) in official.Outputs)
        {
            Assert.Equal(official.Expected.StatedShape(fixture), results[output].Shape);
            Assert.InRange(official.Expected.Difference(fixture, results[output].Data), 0, official.ToleranceOf(fixture));
        }
    }

    public static TheoryData<string> Ops => [.. OpCases.All.Keys];

    // Other shapes than the graph declares, more of them than are kept, so the first is loaded again.
    [Theory]
    [MemberData(nameof(Ops))]
    public void Any_batch_runs(string op)
    {
        ComputationGraph graph = OpCases.All[op];
        WeightSet weights = FormulaWeights.Create(graph.Parameters);
        using IInferenceSession session = Engine.CreateSession(graph, weights);
        foreach (int factor in new[] { 2, 3, 4, 1, 5, 6, 2 })
        {
            ComputationGraph larger = graph.WithInputs([.. graph.Inputs.Select(input => input.Shape.With(0, input.Shape[0] * factor))]);
            Tensor[] inputs = OpCase.Inputs(larger),
                outputs = session.CreateOutputs([.. inputs.Select(input => input.Shape)]);
            session.Run(inputs, outputs, TestContext.Current.CancellationToken);
            ReferenceTensor[] expected = [.. new ReferenceInterpreter(graph, weights).Run(inputs).Values];
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.Equal(expected[i].Shape, outputs[i].Shape);
                Assert.InRange(
                    expected[i].Data.Zip(outputs[i].Data, (a, b) => Math.Abs(a - b)).Max(),
                    0,
                    1e-6 * expected[i].Data.Max(Math.Abs)
                );
            }
        }
    }

    [Theory]
    [InlineData(7)]
    [InlineData(14)]
    public void Regions_are_those_of_the_official_code_whatever_their_number(int size)
    {
        using IInferenceSession session = Engine.CreateSession(RegionFixture.Graph(size), new WeightSet([]));
        float[] expected = RegionFixture.File.Floats($"out{size}");
        (Tensor map, Tensor regions) = (RegionFixture.Inputs[0], RegionFixture.Inputs[1]);
        int all = regions.Shape[0],
            each = expected.Length / all;
        foreach (int count in Enumerable.Range(1, all))
        {
            var some = new Tensor(new Shape(count, 5), regions.Data[..(5 * count)]);
            Tensor[] outputs = session.CreateOutputs(map.Shape, some.Shape);
            session.Run([map, some], outputs, TestContext.Current.CancellationToken);
            Assert.Equal(new Shape(count, 4, size, size), outputs[0].Shape);
            Assert.InRange(expected.Take(count * each).Zip(outputs[0].Data, (a, b) => Math.Abs(a - b)).Max(), 0, 2e-6f);
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-1)]
    public void A_region_of_no_image_is_refused(int image)
    {
        using IInferenceSession session = Engine.CreateSession(RegionFixture.Graph(7), new WeightSet([]));
        (Tensor map, Tensor regions) = (RegionFixture.Inputs[0], RegionFixture.Inputs[1]);
        var bad = new Tensor(regions.Shape, [image, .. regions.Data.Skip(1)]);
        Assert.Throws<OnnxRuntimeException>(() =>
            session.Run([map, bad], session.CreateOutputs(map.Shape, bad.Shape), TestContext.Current.CancellationToken)
        );
    }

    [Fact]
    public void Clips_of_any_size_agree_with_the_declared_graph()
    {
        SimVpFixture official = SimVpFixture.Load(SimVpFixture.SmallNames[0]);
        Shape half = official.Input.Shape.With(3, official.Input.Shape[3] / 2).With(4, official.Input.Shape[4] / 2);
        Tensor input = FormulaWeights.Input(half);
        ComputationGraph graph = official.Build();
        using IInferenceSession declared = Engine.CreateSession(graph.WithInputs(half), official.Weights()),
            session = Engine.CreateSession(graph, official.Weights());
        Assert.Equal(
            declared.Run(input, TestContext.Current.CancellationToken).Values.First().Data,
            session.Run(input, TestContext.Current.CancellationToken).Values.First().Data
        );
    }

    [Fact]
    public void Several_outputs_and_any_size_agree_with_the_reference()
    {
        ComputationGraph graph = Small(32);
        WeightSet weights = FormulaWeights.Create(graph.Parameters);
        using IInferenceSession session = Engine.CreateSession(graph, weights);
        Tensor input = FormulaWeights.Input(new Shape(2, 3, 48, 40));
        IReadOnlyDictionary<string, Tensor> actual = session.Run(input, TestContext.Current.CancellationToken);
        foreach ((string name, ReferenceTensor expected) in new ReferenceInterpreter(graph, weights).Run(input))
            Assert.InRange(expected.Data.Zip(actual[name].Data, (a, b) => Math.Abs(a - b)).Max(), 0, 1e-5 * expected.Data.Max(Math.Abs));
    }

    [Fact]
    public async Task Threads_share_a_session()
    {
        ComputationGraph graph = Small(32);
        using IInferenceSession session = new OnnxRuntimeEngine(new() { Threads = 1 }).CreateSession(
            graph,
            FormulaWeights.Create(graph.Parameters)
        );
        Shape[] shapes = [.. Enumerable.Range(1, 6).Select(batch => new Shape(batch, 3, 32, 32))];
        float[][] expected = [.. shapes.Select(shape => session.Run(FormulaWeights.Input(shape))["logits"].Data)];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, 48),
            TestContext.Current.CancellationToken,
            (i, token) =>
            {
                int at = i % shapes.Length;
                Assert.Equal(expected[at], session.Run(FormulaWeights.Input(shapes[at]), token)["logits"].Data);
                return ValueTask.CompletedTask;
            }
        );
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        MogaNetFixture official = MogaNetFixture.Load("custom_64_b2");
        ComputationGraph graph = official.Build();
        Assert.Equal("onnxruntime", Engine.Name);
        Assert.Throws<KeyNotFoundException>(() => Engine.CreateSession(graph, new WeightSet([])));
        WeightSet wrong = official.Weights().With([new("head.bias", new Tensor(new Shape(11)))]);
        Assert.Contains(
            "'head.bias' has shape 11, the graph needs 10",
            Assert.Throws<GraphException>(() => Engine.CreateSession(graph, wrong)).Message,
            StringComparison.Ordinal
        );
        IInferenceSession session = Engine.CreateSession(graph, official.Weights());
        Tensor[] outputs = session.CreateOutputs(official.InputShape);
        Assert.Throws<GraphException>(() => session.Run([], outputs, token));
        Assert.Throws<GraphException>(() => session.Run([new Tensor(new Shape(1, 4, 8, 8))], outputs, token));
        Assert.Contains(
            "0 tensor(s)",
            Assert.Throws<GraphException>(() => session.Run([official.Input], [], token)).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<GraphException>(() => session.Run([official.Input], [.. outputs.Reverse()], token));
        Assert.Throws<OperationCanceledException>(() => session.Run([official.Input], outputs, new CancellationToken(canceled: true)));
        session.Dispose();
        session.Dispose();
        Assert.Throws<ObjectDisposedException>(() => session.Run([official.Input], outputs, token));
    }

    [Fact]
    public void A_run_is_cancelled_between_nodes()
    {
        MogaNetFixture official = MogaNetFixture.Load("small_224_b2");
        using IInferenceSession session = new OnnxRuntimeEngine(new() { Threads = 1 }).CreateSession(official.Build(), official.Weights());
        Tensor[] outputs = session.CreateOutputs(official.InputShape);
        session.Run([official.Input], outputs, TestContext.Current.CancellationToken);
        using var source = new CancellationTokenSource(TimeSpan.FromMilliseconds(10));
        Assert.Throws<OperationCanceledException>(() => session.Run([official.Input], outputs, source.Token));
        session.Run([official.Input], outputs, TestContext.Current.CancellationToken);
    }

    public static TheoryData<string> Others =>
        [
            .. OnnxRuntimeProvider
                .All.Select(provider => provider.Name)
                .Where(name => name != "cpu" && !(OperatingSystem.IsMacOS() && name == "coreml")),
        ];

    [Theory]
    [MemberData(nameof(Others))]
    public void A_provider_that_is_not_there_is_named_with_its_package(string name)
    {
        OnnxRuntimeProvider provider = OnnxRuntimeProvider.All.Single(known => known.Name == name);
        var refused = Assert.Throws<OnnxRuntimeUnavailableException>(() => new OnnxRuntimeEngine(new() { Provider = provider }));
        Assert.Contains(
            $"has no provider {name} ({provider.NativeName}), only CPUExecutionProvider",
            refused.Message,
            StringComparison.Ordinal
        );
        Assert.Contains($"The NuGet package {provider.Package}", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_that_do_not_fit_into_a_model_are_refused()
    {
        var builder = new GraphBuilder();
        Value x = builder.Input("input", new Shape(1, 30_000));
        ComputationGraph graph = builder.Build(new GraphOutput("output", builder.Root.Linear("head", x, 30_000)));
        var refused = Assert.Throws<OnnxRuntimeException>(() => Engine.CreateSession(graph, new WeightSet([])));
        Assert.Equal("A model in memory holds at most 2,000,000,000 bytes of weights; this graph has 3,600,120,000.", refused.Message);
    }

    [Fact]
    public void Numbers_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new OnnxRuntimeEngine(new() { Threads = -1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new OnnxRuntimeEngine(new() { Threads = 1025 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new OnnxRuntimeEngine(new() { DeviceId = -1 }));
    }

    private static ComputationGraph Small(int side) =>
        new MogaNetOptions
        {
            Arch = new([16, 32], [1, 1], [4, 2]),
            NumClasses = 7,
            PatchEmbeds = [PatchEmbedKind.ConvEmbed, PatchEmbedKind.Conv],
        }
            .CreateDefinition()
            .Build(new Shape(1, 3, side, side), ModelOutputs.All);
}
