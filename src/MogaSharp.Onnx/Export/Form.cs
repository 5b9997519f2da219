using MogaSharp.Graph;

namespace MogaSharp.Onnx.Export;

/// <summary>How the elements of a value of rank 4 lie in a tensor of the file; all other ranks are <see cref="Map"/>.</summary>
internal enum Form
{
    /// <summary>As the graph says: (N, C, H, W).</summary>
    Map,

    /// <summary>Channels last, for products over channels: (N, H, W, C).</summary>
    Last,

    /// <summary>A spectrum (N, 2 C, H, W) for products over its rows: (N, C, W, 2 H), real parts before imaginary ones.</summary>
    Spectrum,
}

/// <summary>
/// Which forms the readers of each value ask for, so that an op that can compute in either takes the one with fewer transposes.
/// </summary>
internal sealed class FormWishes
{
    private readonly List<(Value Reader, int Input)>[] _readers;
    private readonly bool[] _isOutput;

    public FormWishes(ComputationGraph graph)
    {
        _readers = [.. graph.Values.Select(_ => new List<(Value, int)>())];
        _isOutput = new bool[graph.Values.Count];
        foreach (Value value in graph.Values)
            for (int i = 0; i < value.Inputs.Count; i++)
                _readers[value.Inputs[i].Index].Add((value, i));
        foreach ((_, Value output) in graph.Outputs)
            _isOutput[output.Index] = true;
    }

    /// <summary>Whether some reader of a value can only use a form.</summary>
    public bool Asks(Value value, Form form) =>
        (form == Form.Map && _isOutput[value.Index]) || _readers[value.Index].Any(read => Asks(read.Reader, read.Input, form));

    private bool Asks(Value reader, int input, Form form) =>
        reader.Op switch
        {
            LayerNorm or Linear or AttentionScores or WindowPartition or PatchMerge => form == Form.Last,
            AttentionValues => form == (input == 0 ? Form.Map : Form.Last),
            WindowMerge => form == Form.Last && input == 0,
            // Only the size of the second input is read.
            WindowMask or InverseRealFft2d => form == Form.Map && input == 0,
            Activation or ChannelAffine or ScalarMultiply or ChannelSlice or ChannelShuffle => Asks(reader, form),
            // These take what they get. A sum's own readers are a stream of sums, each of which decides for itself.
            Binary or ChannelConcat or GlobalAveragePool or TokensToChannels or ChannelsToTokens => false,
            _ => form == Form.Map,
        };
}
