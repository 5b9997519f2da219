using MogaSharp.Graph;

namespace MogaSharp.Torch.Tests;

/// <summary>Transposed convolutions of many channels, other ones in than out, and their gradients, against libtorch's in double
/// precision.</summary>
public sealed class TransposedConvTests
{
    [Theory]
    [InlineData(4, 2, 1, null, 3e-6)]
    [InlineData(2, 2, 0, null, 3e-6)]
    [InlineData(3, 1, 1, null, 3e-6)]
    // Weights and inputs are rounded to 8 bits; a mix-up of channels is off by the values themselves.
    [InlineData(4, 2, 1, DType.BFloat16, 0.03)]
    public void Values_and_gradients_are_libtorchs(int kernel, int stride, int padding, DType? autocast, double share)
    {
        var builder = new GraphBuilder();
        Value x = builder.Input("input", new Shape(4, 96, 4, 3));
        Value y = builder.Root.ConvTranspose("deconv", x, 32, kernel, stride, padding);
        KernelCheck.AgreesWithDouble(builder.Build(new GraphOutput("output", y)), 1, autocast, share);
    }
}
