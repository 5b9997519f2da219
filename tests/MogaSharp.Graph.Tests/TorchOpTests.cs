using System.Text.Json;
using MogaSharp.Testing;

namespace MogaSharp.Graph.Tests;

/// <summary>The reference interpreter, op by op, against PyTorch in double precision.</summary>
public sealed class TorchOpTests
{
    private static readonly FixtureFile Torch = new(Repository.Fixture("graph", "ops.safetensors"));

    public static TheoryData<string> Cases => [.. Torch.Metadata.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_reference_gives_what_PyTorch_gives(string name)
    {
        JsonElement settings = JsonDocument.Parse(Torch.Metadata[name]).RootElement;
        var builder = new GraphBuilder();
        var weights = new Dictionary<string, Tensor>();
        Value x = builder.Input("x", Torch.ShapeOf($"{name}/x"));
        Value y = builder.Add("", MakeOp(settings, x.Channels), x);
        ReferenceTensor result = new ReferenceInterpreter(builder.Build(new GraphOutput("y", y)), new WeightSet(weights)).Run(
            new Tensor(x.Shape, Torch.Floats($"{name}/x"))
        )["y"];
        double[] expected = Torch.Doubles($"{name}/result");
        Assert.Equal(Torch.ShapeOf($"{name}/result"), result.Shape);
        for (int i = 0; i < expected.Length; i++)
            Assert.InRange(result.Data[i] - expected[i], -1e-12, 1e-12);

        Op MakeOp(JsonElement s, int channels) =>
            s.GetProperty("op").GetString() switch
            {
                "conv" => new Conv2d(
                    channels,
                    Torch.ShapeOf($"{name}/weight")[0],
                    Torch.ShapeOf($"{name}/weight")[2],
                    Declare("weight"),
                    Torch.Has($"{name}/bias") ? Declare("bias") : null,
                    Setting("stride", 1),
                    Setting("padding", 0),
                    Setting("dilation", 1),
                    Setting("groups", 1)
                ),
                "linear" => new Linear(channels, Torch.ShapeOf($"{name}/weight")[0], Declare("weight"), Declare("bias")),
                "group_norm" => new GroupNorm(
                    channels,
                    Setting("groups", 1),
                    Declare("weight"),
                    Declare("bias"),
                    s.GetProperty("epsilon").GetDouble()
                ),
                "batch_norm" => DeclareBatchNorm(channels, s.GetProperty("epsilon").GetDouble()),
                "gelu" => new Activation(ActivationKind.Gelu),
                "silu" => new Activation(ActivationKind.Silu),
                "relu" => new Activation(ActivationKind.Relu),
                string other => throw new InvalidOperationException($"Unknown op {other}."),
                null => throw new InvalidOperationException("A case without op."),
            };

        int Setting(string key, int absent) => settings.TryGetProperty(key, out JsonElement value) ? value.GetInt32() : absent;

        string Declare(string fixture, string? key = null, ParameterKind kind = ParameterKind.Parameter)
        {
            Shape shape = Torch.ShapeOf($"{name}/{fixture}");
            weights[key ?? fixture] = new Tensor(shape, Torch.Floats($"{name}/{fixture}"));
            return builder.Declare(new ParameterSpec(key ?? fixture, shape, kind, Initializer.Zeros));
        }

        BatchNorm2d DeclareBatchNorm(int channels, double epsilon)
        {
            var op = new BatchNorm2d(channels, "n", epsilon);
            Declare("weight", op.Weight);
            Declare("bias", op.Bias);
            Declare("mean", op.RunningMean, ParameterKind.Buffer);
            Declare("variance", op.RunningVariance, ParameterKind.Buffer);
            builder.Declare(new ParameterSpec(op.BatchesTracked, default, ParameterKind.Buffer, Initializer.Zeros, IsOptional: true));
            return op;
        }
    }
}
