using MogaSharp.Graph;

namespace MogaSharp.Cpu;

/// <content>Regions of maps.</content>
internal sealed partial class GradientKernels
{
    // Where regions lie has no gradient, as in the official code: which map and how many samples do not change smoothly.
    public bool Visit(RoiAlign op, GradientStep s)
    {
        int levels = s.Value.Inputs.Count - 1,
            channels = s.To[1],
            each = channels * op.Size * op.Size;
        double[]?[] targets = [.. Enumerable.Range(0, levels).Select(s.Into)];
        float[] regions = s.Input(levels);
        for (int r = 0; r < s.To[0]; r++)
        {
            ReadOnlySpan<float> region = regions.AsSpan(5 * r, 5);
            int level = op.LevelOf(region, levels);
            if (targets[level] is not { } target)
                continue;
            (int images, int height, int width) = (s.From(level)[0], s.From(level)[2], s.From(level)[3]);
            int image = RoiAlign.ImageOf(r, region[0], images);
            (RegionSide down, RegionSide across) = (op.SideOf(region[2], region[4], level), op.SideOf(region[1], region[3], level));
            double samples = (double)down.Samples * across.Samples;
            for (int i = 0; i < each; i++)
            {
                (int y, int x) = (i / op.Size % op.Size, i % op.Size);
                Span<double> plane = target.AsSpan(((image * channels) + (i / (op.Size * op.Size))) * height * width, height * width);
                for (int v = 0; v < down.Samples; v++)
                for (int u = 0; u < across.Samples; u++)
                    Spread(s.Gradient[(r * each) + i] / samples, plane, width, down.PixelsOf(y, v, height), across.PixelsOf(x, u, width));
            }
        }

        return true;
    }

    // What a bilinear sample gives back to the four pixels that it is made of; nothing where it lies outside of the map.
    private static void Spread(
        double gradient,
        Span<double> plane,
        int width,
        (int Low, int High, float Share) y,
        (int Low, int High, float Share) x
    )
    {
        if (y.Low < 0 || x.Low < 0)
            return;
        plane[(y.Low * width) + x.Low] += gradient * (1.0 - y.Share) * (1.0 - x.Share);
        plane[(y.Low * width) + x.High] += gradient * (1.0 - y.Share) * x.Share;
        plane[(y.High * width) + x.Low] += gradient * y.Share * (1.0 - x.Share);
        plane[(y.High * width) + x.High] += gradient * y.Share * x.Share;
    }
}
