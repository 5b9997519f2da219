using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <content>A Fourier transform, a filter and the inverse transform.</content>
internal sealed partial class PatternMatcher
{
    public GlobalFilterPattern? GlobalFilter(Value root)
    {
        if (root.Op is not InverseRealFft2d)
            return null;
        Value filtered = root.Inputs[0],
            spectrum = filtered.Inputs.Count > 0 ? filtered.Inputs[0] : filtered;
        const string Block = "global filter";
        if (filtered.Op is not SpectralFilter filter || spectrum.Op is not RealFft2d)
            return Reject<GlobalFilterPattern>(root, root, Block, "no filter of a spectrum comes before the inverse transform");
        if (Uses(filtered) > 1 || Uses(spectrum) > 1)
            return Reject<GlobalFilterPattern>(root, root, Block, "a spectrum is read by others");
        Value map = spectrum.Inputs[0];
        if (ShapeOf(map) != ShapeOf(root))
            return Reject<GlobalFilterPattern>(root, root, Block, "the result has another size than the map");
        Fuse([filtered, spectrum]);
        return new GlobalFilterPattern(View(map), filter);
    }
}
