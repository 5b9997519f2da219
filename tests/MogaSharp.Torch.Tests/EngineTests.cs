using MogaSharp.Graph;
using MogaSharp.Testing;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch.Tests;

/// <summary>libtorch as an inference engine, and what is said where it is missing.</summary>
public sealed class EngineTests
{
    // The large ones take long and use no op that the others do not.
    public static TheoryData<string> Cases =>
        [
            .. MogaNetFixture.Names.Where(name =>
                !name.StartsWith("x-large", StringComparison.Ordinal)
                && !name.StartsWith("large", StringComparison.Ordinal)
                && !name.StartsWith("base", StringComparison.Ordinal)
            ),
        ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_engine_gives_the_official_outputs(string name) =>
        Libtorch.WithoutLeaks(() =>
        {
            MogaNetFixture official = MogaNetFixture.Load(name);
            bool channelsLast = name.Contains("x-tiny", StringComparison.Ordinal) || name.StartsWith("custom_33", StringComparison.Ordinal);
            using IInferenceSession session = new TorchEngine(new() { ChannelsLast = channelsLast }).CreateSession(
                official.Build(),
                official.Weights()
            );
            foreach ((string output, Tensor tensor) in session.Run(official.Input, TestContext.Current.CancellationToken))
            {
                Assert.Equal(official.Expected.StatedShape(output), tensor.Shape);
                // The fixtures' README: within about 20 times the official float32 noise.
                Assert.InRange(official.Expected.Difference(output, tensor.Data), 0, 20 * official.Expected.Noise(output));
            }
        });

    private static readonly bool IsLong = Environment.GetEnvironmentVariable("MOGA_LONG_TESTS") == "1";

    // The larger sizes use no op that the others do not.
    public static TheoryData<string> Networks =>
        [
            .. NetworkFixture.Names.Where(name =>
                IsLong
                || !(
                    name.Contains("_small", StringComparison.Ordinal)
                    || name.Contains("_base", StringComparison.Ordinal)
                    || name.Contains("_large", StringComparison.Ordinal)
                )
            ),
        ];

    [Theory]
    [MemberData(nameof(Networks))]
    public void The_engine_gives_the_official_outputs_of_other_networks_in_either_layout(string name) =>
        Libtorch.WithoutLeaks(() =>
        {
            NetworkFixture official = NetworkFixture.Load(name);
            ComputationGraph graph = official.Build();
            WeightSet weights = official.Weights();
            foreach (bool channelsLast in new[] { false, true })
            {
                using IInferenceSession session = new TorchEngine(new() { ChannelsLast = channelsLast }).CreateSession(graph, weights);
                foreach ((string output, Tensor tensor) in session.Run(official.Input, TestContext.Current.CancellationToken))
                    Assert.InRange(official.Difference(output, tensor), 0, official.Tolerance(output));
            }
        });

    public static TheoryData<string, bool> Predictors =>
        new(
            from name in IsLong ? SimVpFixture.SmallNames.Concat(SimVpFixture.MovingMnistNames) : SimVpFixture.SmallNames
            from channelsLast in new[] { false, true }
            select (name, channelsLast)
        );

    [Theory]
    [MemberData(nameof(Predictors))]
    public void The_engine_gives_the_official_clips(string name, bool channelsLast) =>
        Libtorch.WithoutLeaks(() =>
        {
            SimVpFixture official = SimVpFixture.Load(name);
            using IInferenceSession session = new TorchEngine(new() { ChannelsLast = channelsLast }).CreateSession(
                official.Build(),
                official.Weights()
            );
            IReadOnlyDictionary<string, Tensor> results = session.Run(official.Input, TestContext.Current.CancellationToken);
            foreach ((string output, string fixture) in official.Outputs)
            {
                Assert.Equal(official.Expected.StatedShape(fixture), results[output].Shape);
                Assert.InRange(official.Expected.Difference(fixture, results[output].Data), 0, official.ToleranceOf(fixture));
            }
        });

    [Fact]
    public void Autocast_answers_in_float32() =>
        Libtorch.WithoutLeaks(() =>
        {
            MogaNetFixture official = MogaNetFixture.Load("custom_64_b2");
            using IInferenceSession session = new TorchEngine(new() { Autocast = DType.BFloat16 }).CreateSession(
                official.Build(),
                official.Weights()
            );
            double difference = official.Expected.Difference(
                "logits",
                session.Run(official.Input, TestContext.Current.CancellationToken)["logits"].Data
            );
            Assert.InRange(difference, 1e-5, 0.1);
        });

    [Fact]
    public void What_does_not_fit_is_refused() =>
        Libtorch.WithoutLeaks(() =>
        {
            MogaNetFixture official = MogaNetFixture.Load("custom_64_b2");
            ComputationGraph graph = official.Build();
            var engine = new TorchEngine();
            Assert.Equal("torch", engine.Name);
            Assert.Throws<KeyNotFoundException>(() => engine.CreateSession(graph, new WeightSet([])));
            WeightSet wrong = official.Weights().With([new("head.bias", new Tensor(new Shape(11)))]);
            Assert.Contains(
                "'head.bias' has shape 11, the graph needs 10",
                Assert.Throws<GraphException>(() => engine.CreateSession(graph, wrong)).Message,
                StringComparison.Ordinal
            );
            using IInferenceSession session = engine.CreateSession(graph, official.Weights());
            Tensor[] outputs = session.CreateOutputs(official.InputShape);
            Assert.Throws<GraphException>(() => session.Run([], outputs));
            Assert.Throws<GraphException>(() => session.Run([new Tensor(new Shape(1, 4, 8, 8))], outputs));
            Assert.Contains(
                "0 tensor(s)",
                Assert.Throws<GraphException>(() => session.Run([official.Input], [])).Message,
                StringComparison.Ordinal
            );
            Assert.Throws<GraphException>(() => session.Run([official.Input], [.. outputs.Reverse()]));
            Assert.Throws<OperationCanceledException>(() => session.Run([official.Input], outputs, new CancellationToken(canceled: true)));
            session.Dispose();
            session.Dispose();
            Assert.Throws<ObjectDisposedException>(() => session.Run([official.Input], outputs));
        });

    [Fact]
    public void A_run_is_cancelled_between_values() =>
        Libtorch.WithoutLeaks(() =>
        {
            MogaNetFixture official = MogaNetFixture.Load("small_224_b2");
            using IInferenceSession session = new TorchEngine().CreateSession(official.Build(), official.Weights());
            Tensor[] outputs = session.CreateOutputs(official.InputShape);
            using var source = new CancellationTokenSource(TimeSpan.FromMilliseconds(30));
            Assert.Throws<OperationCanceledException>(() => session.Run([official.Input], outputs, source.Token));
        });

    [Fact]
    public void An_impossible_size_is_a_matter_of_memory() =>
        Libtorch.WithoutLeaks(() =>
        {
            var refused = Assert.Throws<InsufficientMemoryException>(() => TorchTensor.Full(0, new Shape(1L << 40, 1L << 10)));
            Assert.Contains("libtorch has not enough memory", refused.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', refused.Message);
        });

    [Fact]
    public void A_missing_library_is_named_with_the_way_to_install_it()
    {
        Assert.Contains("sudo apt-get install -y libtorch-dev cmake g++", TorchLibrary.TryLoad(null).Failure, StringComparison.Ordinal);
        (nint library, string failure) = TorchLibrary.TryLoad("/nonexistent/libmogatorch.so");
        Assert.Equal(0, library);
        Assert.Contains("'/nonexistent/libmogatorch.so'", failure, StringComparison.Ordinal);
        Assert.Contains("sudo apt-get install", failure, StringComparison.Ordinal);
        Assert.Contains(
            "is not the shim",
            TorchLibrary.TryLoad(OperatingSystem.IsWindows() ? "kernel32.dll" : "libc.so.6").Failure,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void The_library_is_found_from_folders_below()
    {
        using var folder = new TemporaryFolder();
        string below = Directory.CreateDirectory(folder.File("a/b")).FullName;
        Assert.Null(TorchLibrary.Find(null, below));
        Directory.CreateDirectory(folder.File("artifacts/native/0123"));
        File.WriteAllText(folder.File("artifacts/native/current"), "0123\n");
        Assert.Null(TorchLibrary.Find(null, below));
        string name =
            OperatingSystem.IsWindows() ? "mogatorch.dll"
            : OperatingSystem.IsMacOS() ? "libmogatorch.dylib"
            : "libmogatorch.so";
        string library = folder.File("artifacts/native/0123/" + name);
        File.WriteAllBytes(library, []);
        Assert.Equal(library, TorchLibrary.Find(null, below));
        Assert.Equal(library, TorchLibrary.Find("", below));
        Assert.Equal("/elsewhere.so", TorchLibrary.Find("/elsewhere.so", below));
    }

    [Fact]
    public void The_runtime_says_what_it_is() =>
        Libtorch.WithoutLeaks(() =>
        {
            Assert.Matches(@"^\d+\.\d+", TorchRuntime.Version);
            Assert.Equal("", TorchRuntime.Unavailability);
            Assert.InRange(TorchRuntime.CudaDeviceCount, 0, 128);
            int threads = TorchRuntime.Threads;
            try
            {
                TorchRuntime.Threads = 1;
                Assert.Equal(1, TorchRuntime.Threads);
                int elsewhere = 0;
                var other = new Thread(() => elsewhere = TorchRuntime.Threads);
                other.Start();
                other.Join();
                Assert.Equal(1, elsewhere);
                Assert.Throws<ArgumentOutOfRangeException>(() => TorchRuntime.Threads = 0);
            }
            finally
            {
                TorchRuntime.Threads = threads;
            }
        });

    [Theory]
    [InlineData("cpu")]
    [InlineData("cuda:0")]
    [InlineData("cuda:127")]
    public void Devices_are_written_as_they_are_read(string text) => Assert.Equal(text, TorchDevice.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("gpu")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("cuda:128")]
    [InlineData("CUDA")]
    public void Other_devices_are_refused(string text) =>
        Assert.Contains(
            "cpu, cuda or cuda:N",
            Assert.Throws<FormatException>(() => TorchDevice.Parse(text)).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void A_device_that_is_not_there_is_refused() =>
        Libtorch.WithoutLeaks(() =>
        {
            TorchDevice beyond = TorchDevice.Cuda(TorchRuntime.CudaDeviceCount);
            Assert.Throws<TorchException>(() => TorchTensor.Full(0, new Shape(1), device: beyond));
            Assert.Throws<TorchException>(() => TorchTensor.From<float>([1], new Shape(1), beyond));
            Assert.Throws<TorchException>(() => TorchGenerator.Create(beyond, 1));
            Assert.Throws<TorchException>(() =>
                new TorchEngine(new() { Device = beyond }).CreateSession(
                    OpCases.All["linear"],
                    FormulaWeights.Create(OpCases.All["linear"].Parameters)
                )
            );
        });
}
