namespace MogaSharp.Cpu.Kernels;

/// <summary>One float per channel, filled up with zeros to whole panels of the widest vectors.</summary>
internal sealed unsafe class VectorConstant : NativeFloats
{
    private const int PanelFloats = 32;

    /// <summary>Copies the elements.</summary>
    public VectorConstant(ReadOnlySpan<float> elements)
        : base((elements.Length + PanelFloats - 1) / PanelFloats * PanelFloats)
    {
        var all = new Span<float>(Data, (int)(Bytes / sizeof(float)));
        elements.CopyTo(all);
        all[elements.Length..].Clear();
    }
}
