using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Torch;
using MogaSharp.Weights;

namespace MogaSharp.Training.Tests;

/// <summary>Weights trained here, loaded by PyTorch itself: /usr/bin/python3, or the program named by MOGA_PYTHON.</summary>
public sealed class PyTorchTests : IDisposable
{
    // The network in eval mode, written down from the paper on the official names, so that the file alone decides the result.
    private const string Script = """
        import json, sys
        import torch
        import torch.nn.functional as F

        w = torch.load(sys.argv[1], map_location="cpu")
        case = json.load(open(sys.argv[2]))
        x = torch.tensor(case["input"]).view(case["shape"])

        def norm(name, x):
            return F.batch_norm(x, w[name + ".running_mean"], w[name + ".running_var"], w[name + ".weight"], w[name + ".bias"])

        def conv(name, x, **options):
            weight = w[name + ".weight"]
            return F.conv2d(x, weight, w[name + ".bias"], groups=x.shape[1] // weight.shape[1], **options)

        def aggregate_space(p, x):
            y = conv(p + ".proj_1", x)
            y = y + w[p + ".sigma.scale"] * (y - y.mean((2, 3), keepdim=True))
            y = F.silu(y)
            gate = F.silu(conv(p + ".gate", y))
            v = conv(p + ".value.DW_conv0", y, padding=2)
            c = v.shape[1]
            c1, c2 = c * 3 // 8, c * 4 // 8
            c0 = c - c1 - c2
            v1 = conv(p + ".value.DW_conv1", v[:, c0:c0 + c1], padding=4, dilation=2)
            v2 = conv(p + ".value.DW_conv2", v[:, c0 + c1:], padding=9, dilation=3)
            context = F.silu(conv(p + ".value.PW_conv", torch.cat([v[:, :c0], v1, v2], 1)))
            return conv(p + ".proj_2", gate * context) + x

        def aggregate_channels(p, x):
            h = F.gelu(conv(p + ".dwconv", conv(p + ".fc1", x), padding=1))
            h = h + w[p + ".sigma.scale"] * (h - F.gelu(conv(p + ".decompose", h)))
            return conv(p + ".fc2", h)

        for stage in range(1, 5):
            p = f"patch_embed{stage}"
            if stage == 1:
                x = F.gelu(norm(p + ".projection.1", conv(p + ".projection.0", x, stride=2, padding=1)))
                x = norm(p + ".projection.4", conv(p + ".projection.3", x, stride=2, padding=1))
            else:
                x = norm(p + ".norm", conv(p + ".projection", x, stride=2, padding=1))
            block = 0
            while f"blocks{stage}.{block}.norm1.weight" in w:
                b = f"blocks{stage}.{block}"
                x = x + w[b + ".layer_scale_1"] * aggregate_space(b + ".attn", norm(b + ".norm1", x))
                x = x + w[b + ".layer_scale_2"] * aggregate_channels(b + ".mlp", norm(b + ".norm2", x))
                block += 1
            x = norm(f"norm{stage}", x)
        print(json.dumps(F.linear(x.mean((2, 3)), w["head.weight"], w["head.bias"]).flatten().tolist()))
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task PyTorch_computes_the_same_from_an_exported_model()
    {
        SmallRun.RequireTorch();
        Assert.SkipUnless(
            (
                await Python.Run(
                    TestContext.Current.CancellationToken,
                    "-c",
                    "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)"
                )
            ).ExitCode == 0,
            "PyTorch for Python is not installed."
        );
        SmallRun.WriteIdx(_folder.File("idx"));
        TrainingRecipe recipe = SmallRun.Recipe with { ImageSize = 32, LearningRate = 0.02 };
        using (ImageTrainingData data = SmallRun.Data(_folder.File("idx"), recipe))
        using (Trainer trainer = SmallRun.Start(_folder, "run", data, recipe))
            trainer.Run(TestContext.Current.CancellationToken);
        string model = RunExport.SaveModel(new CheckpointFolder(_folder.File("run")), [], DType.Float32, _ => { });

        Tensor input = FormulaWeights.Input(new Shape(3, 3, 32, 32), "input");
        ModelCard card = ModelCard.Load(Path.Combine(model, "card.json"));
        IModelDefinition definition = card.CreateDefinition();
        float[] ours = Logits(definition.Build(input.Shape), card.GetWeightsPath()!, input);

        string script = _folder.File("net.py"),
            inputs = _folder.File("input.json");
        await File.WriteAllTextAsync(script, Script, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            inputs,
            JsonSerializer.Serialize(new { input = input.Data, shape = input.Shape.Extents.ToArray() }),
            TestContext.Current.CancellationToken
        );
        (int exitCode, string output, string errors) = await Python.Run(
            TestContext.Current.CancellationToken,
            script,
            Path.Combine(model, "model.pth"),
            inputs
        );
        Assert.True(exitCode == 0, errors);
        float[] theirs = JsonSerializer.Deserialize<float[]>(output)!;
        Assert.Equal(ours.Length, theirs.Length);
        Assert.All(ours.Zip(theirs), pair => Assert.Equal(pair.Second, pair.First, 2e-5f));
        Assert.True(ours.Max() - ours.Min() > 1e-2);
    }

    // Scopes belong to a thread, and a test may go on with another after it waited.
    private static float[] Logits(ComputationGraph graph, string weights, Tensor input)
    {
        using Checkpoint file = Checkpoint.Open(weights);
        using var network = new TorchNetwork(graph, StateDict.From(file).Bind(graph.Parameters));
        using var scope = new TorchScope();
        return network.Forward(TorchTensor.From(input), cancellationToken: TestContext.Current.CancellationToken)["logits"].ToTensor().Data;
    }
}
