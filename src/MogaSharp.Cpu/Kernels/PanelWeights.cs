using System.Runtime.InteropServices;

namespace MogaSharp.Cpu.Kernels;

/// <summary>Depthwise weights by panels of one vector of channels: per panel one vector per tap, row by row. Native memory, aligned to 64 bytes.</summary>
internal sealed unsafe class PanelWeights : IDisposable
{
    private readonly int _panelFloats;
    private float* _data;

    /// <summary>Packs weights.</summary>
    /// <param name="channels">Channels in all.</param>
    /// <param name="taps">Taps of a channel.</param>
    /// <param name="lanes">Floats in a vector.</param>
    /// <param name="element">The weight of a channel and tap.</param>
    public PanelWeights(int channels, int taps, int lanes, Func<int, int, float> element)
    {
        // Whole cache lines of channels, since narrow vectors also run over the rounded ones.
        int panels = (channels + 15) / 16 * 16 / lanes;
        _panelFloats = taps * lanes;
        _data = (float*)NativeMemory.AlignedAlloc((nuint)(panels * _panelFloats * sizeof(float)), 64);
        for (int panel = 0; panel < panels; panel++)
            for (int tap = 0; tap < taps; tap++)
                for (int lane = 0; lane < lanes; lane++)
                {
                    int channel = (panel * lanes) + lane;
                    Panel(panel)[(tap * lanes) + lane] = channel < channels ? element(channel, tap) : 0;
                }
    }

    ~PanelWeights() => NativeMemory.AlignedFree(_data);

    /// <summary>The first vector of a panel.</summary>
    public float* Panel(int index) => _data + ((nint)index * _panelFloats);

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_data);
        _data = null;
        GC.SuppressFinalize(this);
    }
}
