using MogaSharp.Graph;

namespace MogaSharp.Onnx.Export;

/// <summary>How the elements of a value of rank 4 lie in a tensor of the file; all other ranks are <see cref="Map"/>.</summary>
internal enum Layout
{
    /// <summary>As the graph says: (N, C, H, W).</summary>
    Map,

    /// <summary>Channels last, for products over channels: (N, H, W, C).</summary>
    Last,

    /// <summary>A spectrum (N, 2 C, H, W) for products over its rows: (N, C, W, 2 H), real parts before imaginary ones.</summary>
    Spectrum,
}

/// <summary>
/// Which layouts the readers of each value ask for, so that an op that can compute in either takes the one with fewer transposes.
/// </summary>
internal sealed class LayoutRequests(ComputationGraph graph)
{
    /// <summary>Whether some reader of a value can only use a layout.</summary>
    public bool Asks(Value value, Layout layout) =>
        (layout == Layout.Map && graph.Readers.IsOutput(value))
        || graph.Readers[value].Any(reader => Asks(reader.Value, reader.Input, layout));

    private bool Asks(Value reader, int input, Layout layout) =>
        reader.Op switch
        {
            LayerNorm or Linear or QueryKeyProduct or WindowPartition or PatchMerge => layout == Layout.Last,
            AttentionOutput => layout == (input == 0 ? Layout.Map : Layout.Last),
            WindowMerge => layout == Layout.Last && input == 0,
            // Only the size of the second input is read.
            WindowMask or InverseRealFft2d or Resize => layout == Layout.Map && input == 0,
            Activation or ChannelAffine or ScalarMultiply or ChannelSlice or ChannelShuffle => Asks(reader, layout),
            // These take what they get. A sum's own readers are a stream of sums, each of which decides for itself.
            Binary or ChannelConcat or GlobalAveragePool or TokensToChannels or ChannelsToTokens => false,
            _ => layout == Layout.Map,
        };
}
