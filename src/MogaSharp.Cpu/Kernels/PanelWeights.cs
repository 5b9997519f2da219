namespace MogaSharp.Cpu.Kernels;

/// <summary>Depthwise weights by panels of one vector of channels: per panel one vector per tap, row by row.</summary>
internal sealed unsafe class PanelWeights : NativeFloats
{
    private readonly int _panelFloats;

    /// <summary>Packs weights.</summary>
    /// <param name="channels">Channels in all.</param>
    /// <param name="taps">Taps of a channel.</param>
    /// <param name="lanes">Floats in a vector.</param>
    /// <param name="element">The weight of a channel and tap.</param>
    public PanelWeights(int channels, int taps, int lanes, Func<int, int, float> element)
        : base((long)Rounded(channels) * taps)
    {
        int panels = Rounded(channels) / lanes;
        _panelFloats = taps * lanes;
        for (int panel = 0; panel < panels; panel++)
            for (int tap = 0; tap < taps; tap++)
                for (int lane = 0; lane < lanes; lane++)
                {
                    int channel = (panel * lanes) + lane;
                    Panel(panel)[(tap * lanes) + lane] = channel < channels ? element(channel, tap) : 0;
                }
    }

    /// <summary>The first vector of a panel.</summary>
    public float* Panel(int index) => Data + ((nint)index * _panelFloats);

    // Whole cache lines of channels, since narrow vectors also run over the rounded ones.
    private static int Rounded(int channels) => (channels + 15) / 16 * 16;
}
