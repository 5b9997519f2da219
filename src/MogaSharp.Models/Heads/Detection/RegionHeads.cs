using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// What classifies a region and moves its box (MMDetection's <c>ConvFCBBoxHead</c>): 3x3 convolutions with batch normalization, fully
/// connected layers, then one to the classes, the background last, and one to the box.
/// </summary>
/// <param name="NumClasses">Classes, without the background.</param>
/// <param name="IsClassAgnostic">Whether all classes share one box.</param>
/// <param name="Convs">Convolutions.</param>
/// <param name="ConvChannels">Their channels.</param>
/// <param name="Layers">Fully connected layers.</param>
/// <param name="Features">Their features.</param>
internal sealed record BoxHead(int NumClasses, bool IsClassAgnostic, int Convs, int ConvChannels, int Layers, int Features)
{
    private const double InitialClasses = 0.01,
        InitialBoxes = 0.001;

    /// <summary>Adds the head.</summary>
    /// <param name="net">Where its modules stand.</param>
    /// <param name="regions">Maps of the regions, (R, C, P, P).</param>
    /// <returns>(R, classes + 1), and (R, 4) or (R, 4 x classes).</returns>
    public (Value Classes, Value Boxes) Build(Scope net, Value regions)
    {
        // The official code declares the last layers before the others.
        GraphModule classes = net.DeclaredLinear("fc_cls", Features, NumClasses + 1, new Initializer.Normal(InitialClasses)),
            boxes = net.DeclaredLinear("fc_reg", Features, IsClassAgnostic ? 4 : 4 * NumClasses, new Initializer.Normal(InitialBoxes));
        Value x = regions;
        for (int i = 0; i < Convs; i++)
            x = net["shared_convs"][i].ConvNormRelu(x, ConvChannels, 3);
        x = net.Add(new Flatten(x.Shape[2], x.Shape[3]), x);
        for (int i = 0; i < Layers; i++)
        {
            var initial = new Initializer.Uniform(Math.Sqrt(6.0 / (x.Channels + Features)));
            x = net.Activate(
                ActivationKind.Relu,
                net["shared_fcs"]
                    .DeclaredLinear(i.ToString(System.Globalization.CultureInfo.InvariantCulture), x.Channels, Features, initial)
                    .Apply(x)
            );
        }

        return (classes.Apply(x), boxes.Apply(x));
    }
}

/// <summary>
/// What makes a mask of a region for each class (MMDetection's <c>FCNMaskHead</c>): 3x3 convolutions with ReLU, a transposed 2x2
/// convolution that doubles the map, and a 1x1 convolution.
/// </summary>
/// <param name="NumClasses">Classes.</param>
/// <param name="Convs">Convolutions.</param>
/// <param name="Channels">Channels of all of them.</param>
internal sealed record MaskHead(int NumClasses, int Convs, int Channels)
{
    /// <summary>Adds the head.</summary>
    /// <param name="net">Where its modules stand.</param>
    /// <param name="regions">Maps of the regions, (R, C, P, P).</param>
    /// <returns>Before the sigmoid, (R, classes, 2P, 2P).</returns>
    public Value Build(Scope net, Value regions)
    {
        Value x = regions;
        for (int i = 0; i < Convs; i++)
        {
            GraphModule conv = net["convs"][i].Declared("conv", x.Channels, Channels, 3, FanOut(3, Channels));
            x = net.Activate(ActivationKind.Relu, conv.Apply(x));
        }

        Value enlarged = net.ConvTranspose("upsample", x, Channels, kernel: 2, stride: 2, initializer: FanOut(2, x.Channels));
        return net.Declared("conv_logits", Channels, NumClasses, 1, FanOut(1, NumClasses))
            .Apply(net.Activate(ActivationKind.Relu, enlarged));
    }

    private static Initializer FanOut(int kernel, int channels) => new Initializer.Normal(Math.Sqrt(2.0 / (kernel * kernel * channels)));
}
