using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MogaSharp.TorchSharpPeer;

/// <summary>One update of a network: the loss and optimiser of <c>benchmarks/pytorch_train.py</c>.</summary>
internal sealed class Trainer : IDisposable
{
    private readonly jit.ScriptModule<Tensor, Tensor> _network;
    private readonly optim.Optimizer _optimizer;
    private readonly Func<Tensor, Tensor, Tensor> _loss;
    private readonly Tensor _targets;

    /// <param name="network">A network that was traced in train mode.</param>
    /// <param name="shape">The input's shape.</param>
    /// <param name="classes">The classes; 0 for video.</param>
    public Trainer(jit.ScriptModule<Tensor, Tensor> network, long[] shape, int classes)
    {
        _network = network;
        network.train();
        if (classes == 0)
        {
            _optimizer = optim.Adam(network.parameters(), lr: 1e-3);
            _targets = randn(shape);
            _loss = (output, target) => nn.functional.mse_loss(output, target);
            return;
        }

        ILookup<bool, Parameter> parameters = network
            .named_parameters()
            .ToLookup(
                named => named.parameter.dim() <= 1 || named.name.EndsWith(".bias", StringComparison.Ordinal),
                named => named.parameter
            );
        _optimizer = optim.AdamW(
            [
                new AdamW.ParamGroup(parameters[true], new AdamW.Options { LearningRate = 1e-3, weight_decay = 0 }),
                new AdamW.ParamGroup(parameters[false], new AdamW.Options { LearningRate = 1e-3, weight_decay = 0.05 }),
            ],
            lr: 1e-3
        );
        _targets = arange(shape[0]).remainder(classes);
        _loss = SmoothedCrossEntropy;
    }

    public void Step(Tensor input)
    {
        Tensor loss = _loss(_network.forward(input), _targets);
        _optimizer.zero_grad();
        loss.backward();
        _optimizer.step();
        loss.item<float>();
    }

    // TorchSharp's own takes no label smoothing.
    private static Tensor SmoothedCrossEntropy(Tensor logits, Tensor targets)
    {
        const double Smoothing = 0.1;
        Tensor logarithms = nn.functional.log_softmax(logits, 1);
        return ((1 - Smoothing) * nn.functional.nll_loss(logarithms, targets)) - (Smoothing * logarithms.mean());
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _targets.Dispose();
    }
}
