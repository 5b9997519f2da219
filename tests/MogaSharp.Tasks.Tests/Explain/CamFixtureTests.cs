using System.Text.Json;
using MogaSharp.Cpu;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;

namespace MogaSharp.Tasks.Tests.Explain;

/// <summary>Class activation maps against those that were computed from their definitions with PyTorch.</summary>
public sealed class CamFixtureTests : IDisposable
{
    private readonly CpuEngine _engine = new(new(Threads: 2));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, string> Cases
    {
        get
        {
            var data = new TheoryData<string, string, string>();
            foreach (string model in new[] { "cam_moganet_custom", "cam_hornet_custom_7x7" })
            foreach (string name in File(model).Names.Where(name => name.StartsWith("map/", StringComparison.Ordinal)))
                if (name.EndsWith(".sample", StringComparison.Ordinal))
                    data.Add(model, name.Split('/')[1], name.Split('/')[2][..^".sample".Length]);
            return data;
        }
    }

    public void Dispose() => _engine.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void Maps_are_those_of_the_definitions(string model, string layer, string method)
    {
        FixtureFile official = File(model);
        (string name, string smooth) = method.Split('.') is [var plain, var suffix] ? (plain, suffix) : (method, "");
        CamResult result = Explain(
            model,
            new CamOptions
            {
                Method = CamMethods.Parse(name),
                Layers = layer == "input" ? [] : layer.Split('+'),
                EigenSmooth = smooth == "eigen_smooth",
                AugmentationSmooth = smooth == "aug_smooth",
                Batch = 7,
            }
        );
        Assert.InRange(official.Difference("logits", result.Logits.Data), 0, 20 * official.Noise("logits"));
        foreach ((string at, Tensor raw) in result.Raw.Where(_ => !layer.Contains('+', StringComparison.Ordinal)))
        {
            string key = $"raw/{at}/{method}";
            bool isPrincipal = method.Contains("eigen", StringComparison.Ordinal);
            double bound =
                isPrincipal ? 1e-3 * raw.Data.Max(Math.Abs)
                : name == "fullgrad" ? 5e-3 * raw.Data.Max(Math.Abs)
                : 20 * official.Noise(key);
            Assert.InRange(official.Difference(key, raw.Data), 0, bound);
        }

        foreach ((string at, Tensor activation) in result.Activations)
            Assert.InRange(official.Difference($"activation/{at}", activation.Data), 0, 20 * official.Noise($"activation/{at}"));
        foreach ((string at, Tensor gradient) in result.Gradients)
            Assert.InRange(official.Difference($"gradient/{at}", gradient.Data), 0, 20 * official.Noise($"gradient/{at}"));
        foreach ((string at, Tensor weights) in result.Weights)
            Assert.InRange(official.Difference($"{name}.weights", weights.Data), 0, 20 * official.Noise($"{name}.weights"));
        string map = $"map/{layer}/{method}";
        Assert.InRange(official.Difference(map, result.Map.Data), 0, MapBound(official, map, name));
    }

    [Fact]
    public void A_layer_norm_over_channels_behind_a_layer_leaves_hirescam_nothing_but_rounding()
    {
        CamResult result = Explain("cam_hornet_custom_7x7", new() { Method = CamMethod.HiResCam, Layers = ["stages.2.1"] });
        Tensor a = result.Activations["stages.2.1"],
            g = result.Gradients["stages.2.1"];
        double size = a.Data.Zip(g.Data, (x, y) => Math.Abs((double)x * y)).Max();
        Assert.All(result.Raw["stages.2.1"].Data, x => Assert.InRange(Math.Abs(x), 0, 1e-4 * size));
    }

    [Fact]
    public void The_last_map_before_pooling_is_looked_at_unless_another_is_named()
    {
        Assert.Equal("norm4", Explain("cam_moganet_custom", new()).Raw.Keys.Single());
        Assert.Equal("stages.3.0", Explain("cam_hornet_custom_7x7", new()).Raw.Keys.Single());
    }

    [Fact]
    public void Without_classes_the_likeliest_is_looked_at()
    {
        (ComputationGraph graph, WeightSet weights) = Network("cam_moganet_custom");
        using var cam = new ClassActivation(graph, weights, CamOptions.Default, _engine);
        Tensor input = Input("cam_moganet_custom");
        // Of the fixture's classes, the first is its image's likeliest and the other one is not.
        Assert.Equal(6, cam.Explain(input, cancellationToken: Token).Targets[0]);
        Assert.NotEqual(3, cam.Explain(input, cancellationToken: Token).Targets[1]);
    }

    [Fact]
    public void What_does_not_fit_is_told()
    {
        (ComputationGraph graph, WeightSet weights) = Network("cam_moganet_custom");
        using var cam = new ClassActivation(graph, weights, CamOptions.Default, _engine);
        Tensor input = Input("cam_moganet_custom");
        Refused("There is no class 10; the network has 10, from 0 on.", () => cam.Explain(input, [1, 10], Token));
        Refused("There is no class -1; the network has 10, from 0 on.", () => cam.Explain(input, [-1, 1], Token));
        Refused("1 classes were named for 2 images.", () => cam.Explain(input, [1], Token));
        Refused(
            "The network has no layer 'norm5' with a feature map. Near to it are norm1, norm2, norm3.",
            () => new ClassActivation(graph, weights, new() { Layers = ["norm5"] }, _engine).Dispose()
        );
        Refused(
            "A channel of 'blocks3.0.attn.gate' cannot be taken away: what follows reads more than it.",
            () =>
            {
                using var ablation = new ClassActivation(
                    graph,
                    weights,
                    new() { Method = CamMethod.AblationCam, Layers = ["blocks3.0.attn.gate"] },
                    _engine
                );
                ablation.Explain(input, [1, 1], Token);
            }
        );

        static void Refused(string message, Action act) => Assert.Equal(message, Assert.Throws<ExplainException>(act).Message);
    }

    [Fact]
    public void A_channel_that_is_the_same_everywhere_counts_for_nothing_and_gives_no_NaN()
    {
        (ComputationGraph graph, WeightSet weights) = Network("cam_moganet_custom");
        var blank = new Tensor(new Shape(1, 3, 64, 64));
        foreach (CamMethod method in Enum.GetValues<CamMethod>())
        {
            using var cam = new ClassActivation(graph, weights, new() { Method = method }, _engine);
            CamResult result = cam.Explain(blank, cancellationToken: Token);
            Assert.All(result.Map.Data, x => Assert.InRange(x, 0, 1));
        }
    }

    private static double MapBound(FixtureFile official, string map, string method) =>
        method == "fullgrad" ? 5e-3 : Math.Max(1e-4, 20 * official.Noise(map));

    private CamResult Explain(string model, CamOptions options)
    {
        (ComputationGraph graph, WeightSet weights) = Network(model);
        using var cam = new ClassActivation(graph, weights, options, _engine);
        return cam.Explain(Input(model), JsonSerializer.Deserialize<int[]>(File(model).Metadata["targets"]), Token);
    }

    private static FixtureFile File(string model) => new(Repository.Fixture("explain", model + ".safetensors"));

    private static Tensor Input(string model) =>
        FormulaWeights.CoarseAndFine(new Shape(JsonSerializer.Deserialize<long[]>(File(model).Metadata["input_shape"])!));

    private static (ComputationGraph Graph, WeightSet Weights) Network(string model)
    {
        IModelDefinition definition =
            model == "cam_moganet_custom"
                ? MogaNetFixture.Load("custom_64_b2").Options.CreateDefinition()
                : new HorNetOptions
                {
                    Depths = [1, 1, 2, 1],
                    BaseDim = 16,
                    NumClasses = 10,
                    Orders = [2, 3, 4, 5],
                }.CreateDefinition();
        ComputationGraph graph = definition.Build(new Shape(2, 3, 96, 128));
        return (graph, FormulaWeights.Create(graph.Parameters));
    }
}
