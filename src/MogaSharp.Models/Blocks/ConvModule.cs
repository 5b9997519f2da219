using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>The layers that heads and necks are made of (MMCV's <c>ConvModule</c> and plain convolutions), with their official names and
/// the way that fresh weights are drawn there.</summary>
internal static class ConvModule
{
    /// <summary>A convolution that keeps the size, batch normalization and ReLU: <c>NAME.conv</c>, <c>NAME.bn</c>.</summary>
    public static Value ConvNormRelu(this Scope at, Value x, int channels, int kernel)
    {
        // MMCV's kaiming_init: normal, by the fan-out.
        Scope fresh = at with
        {
            Initialization = ConvInitialization.FanOutOfAll,
        };
        Value y = fresh.Conv("conv", x, channels, kernel, padding: kernel / 2, hasBias: false);
        return at.Activate(ActivationKind.Relu, at.BatchNorm("bn", y));
    }

    /// <summary>A convolution with bias, with fresh weights uniform by fan-in and fan-out (Xavier): <c>NAME.conv</c>.</summary>
    public static Value PlainConv(this Scope at, Value x, int channels, int kernel, int stride = 1)
    {
        double fans = (double)kernel * kernel * (x.Channels + channels);
        return at.Declared("conv", x.Channels, channels, kernel, new Initializer.Uniform(Math.Sqrt(6 / fans)), stride: stride).Apply(x);
    }

    /// <summary>A convolution with bias that keeps the size, with fresh weights drawn as said; biases are 0 unless told.</summary>
    public static GraphModule Declared(
        this Scope at,
        string name,
        int inChannels,
        int channels,
        int kernel,
        Initializer initializer,
        Initializer? biases = null,
        int stride = 1
    )
    {
        Scope conv = at[name];
        string weight = conv.Declare("weight", new Shape(channels, inChannels, kernel, kernel), initializer),
            bias = conv.Declare("bias", new Shape(channels), biases ?? Initializer.Zeros);
        return new(conv, new Conv2d(inChannels, channels, kernel, weight, bias, stride, kernel / 2));
    }

    /// <summary>A fully connected layer with fresh weights drawn as said and biases 0.</summary>
    public static GraphModule DeclaredLinear(this Scope at, string name, int inFeatures, int features, Initializer initializer)
    {
        Scope linear = at[name];
        string weight = linear.Declare("weight", new Shape(features, inFeatures), initializer),
            bias = linear.Declare("bias", new Shape(features), Initializer.Zeros);
        return new(linear, new Linear(inFeatures, features, weight, bias));
    }
}
