using Arguments = (MogaSharp.Graph.ReferenceTensor[] Inputs, MogaSharp.Graph.ReferenceTensor Output);

namespace MogaSharp.Graph;

/// <summary>Regions of a pyramid.</summary>
internal sealed partial class ReferenceKernels
{
    public ReferenceTensor Visit(RoiAlign op, Arguments a)
    {
        ReferenceTensor[] maps = a.Inputs[..^1];
        int channels = a.Output.Shape[1],
            each = channels * op.Size * op.Size;
        float[] regions = Array.ConvertAll(a.Inputs[^1].Data, x => (float)x);
        for (int r = 0; r < a.Output.Shape[0]; r++)
        {
            ReadOnlySpan<float> region = regions.AsSpan(5 * r, 5);
            int level = op.LevelOf(region, maps.Length),
                image = RoiAlign.ImageOf(r, region[0], maps[0].Shape[0]);
            ReferenceTensor map = maps[level];
            (int height, int width) = (map.Shape[2], map.Shape[3]);
            (RegionSide down, RegionSide across) = (op.SideOf(region[2], region[4], level), op.SideOf(region[1], region[3], level));
            for (int i = 0; i < each; i++)
            {
                (int y, int x) = (i / op.Size % op.Size, i % op.Size);
                Span<double> plane = map.Data.AsSpan(((image * channels) + (i / (op.Size * op.Size))) * height * width, height * width);
                double sum = 0;
                for (int v = 0; v < down.Samples; v++)
                for (int u = 0; u < across.Samples; u++)
                    sum += Sample(plane, width, down.PixelsOf(y, v, height), across.PixelsOf(x, u, width));
                a.Output.Data[(r * each) + i] = sum / Math.Max(1, (long)down.Samples * across.Samples);
            }
        }

        return a.Output;
    }

    private static double Sample(
        ReadOnlySpan<double> plane,
        int width,
        (int Low, int High, float Share) y,
        (int Low, int High, float Share) x
    ) =>
        y.Low < 0 || x.Low < 0
            ? 0
            : ((1.0 - y.Share) * (((1.0 - x.Share) * plane[(y.Low * width) + x.Low]) + (x.Share * plane[(y.Low * width) + x.High])))
                + (y.Share * (((1.0 - x.Share) * plane[(y.High * width) + x.Low]) + (x.Share * plane[(y.High * width) + x.High])));
}
