using System.Numerics.Tensors;
using MogaSharp.Graph;

namespace MogaSharp.Tasks;

/// <summary>From a layer's maps and gradients to one map, and from that to the size of the image.</summary>
internal static class CamMaps
{
    private const double Tiny = 1e-7;

    /// <summary>The channels of a layer, each times its weight: what is summed to a map.</summary>
    /// <param name="method">The method.</param>
    /// <param name="a">The layer's maps of one image.</param>
    /// <param name="g">The gradients; empty for a method without.</param>
    /// <param name="pixels">Pixels of a map.</param>
    /// <param name="weights">The channels' weights, where the method has found them elsewhere.</param>
    public static double[] Weighted(CamMethod method, ReadOnlySpan<float> a, ReadOnlySpan<float> g, int pixels, double[]? weights = null)
    {
        var result = new double[a.Length];
        for (int first = 0; first < a.Length; first += pixels)
        {
            ReadOnlySpan<float> map = a.Slice(first, pixels),
                gradient = g.IsEmpty ? map : g.Slice(first, pixels);
            double weight = weights?[first / pixels] ?? Weight(method, map, gradient);
            for (int i = 0; i < pixels; i++)
                result[first + i] =
                    map[i]
                    * method switch
                    {
                        CamMethod.HiResCam or CamMethod.EigenGradCam => gradient[i],
                        CamMethod.GradCamElementWise => (double)gradient[i] * map[i] > 0 ? gradient[i] : 0,
                        CamMethod.LayerCam => Math.Max(gradient[i], 0),
                        _ => weight,
                    };
        }

        return result;
    }

    /// <summary>One map of weighted channels.</summary>
    public static double[] Combine(CamMethod method, double[] weighted, int pixels, bool isEigen)
    {
        if (isEigen || method is CamMethod.EigenCam or CamMethod.EigenGradCam)
            return PrincipalComponent.Project(weighted, pixels);
        var sum = new double[pixels];
        for (int first = 0; first < weighted.Length; first += pixels)
            TensorPrimitives.Add(sum, weighted.AsSpan(first, pixels), sum);
        return sum;
    }

    /// <summary>From 0 to 1, nearly: less the least, over the largest.</summary>
    public static double[] Scale(ReadOnlySpan<double> map)
    {
        var result = new double[map.Length];
        TensorPrimitives.Subtract(map, TensorPrimitives.Min(map), result);
        TensorPrimitives.Divide(result, Tiny + TensorPrimitives.Max<double>(result), result);
        return result;
    }

    /// <summary>Bilinear resizing.</summary>
    /// <param name="map">Rows of pixels.</param>
    /// <param name="from">Height and width.</param>
    /// <param name="to">Height and width that are wanted.</param>
    /// <param name="alignCorners">Whether the outermost pixels stay where they are.</param>
    public static double[] Resize(
        ReadOnlySpan<double> map,
        (int Height, int Width) from,
        (int Height, int Width) to,
        bool alignCorners = false
    )
    {
        var op = new Resize(Interpolation.Bilinear, 1, alignCorners);
        var result = new double[to.Height * to.Width];
        for (int i = 0; i < result.Length; i++)
        {
            (int top, int bottom, double down) = op.Source(i / to.Width, from.Height, to.Height);
            (int left, int right, double across) = op.Source(i % to.Width, from.Width, to.Width);
            double upper = map[(top * from.Width) + left] + (across * (map[(top * from.Width) + right] - map[(top * from.Width) + left])),
                lower =
                    map[(bottom * from.Width) + left] + (across * (map[(bottom * from.Width) + right] - map[(bottom * from.Width) + left]));
            result[i] = upper + (down * (lower - upper));
        }

        return result;
    }

    private static double Weight(CamMethod method, ReadOnlySpan<float> map, ReadOnlySpan<float> gradient)
    {
        double sum = 0,
            weight = 0;
        foreach (float x in map)
            sum += x;
        switch (method)
        {
            case CamMethod.GradCam:
                foreach (float g in gradient)
                    weight += g;
                return weight / gradient.Length;
            case CamMethod.GradCamPlusPlus:
                foreach (float g in gradient)
                    if (g > 0)
                        weight += g * ((double)g * g / ((2.0 * g * g) + (sum * g * g * g) + 1e-6));
                return weight;
            case CamMethod.XGradCam:
                for (int i = 0; i < map.Length; i++)
                    weight += (double)gradient[i] * map[i];
                return weight / (sum + Tiny);
            default:
                return 1;
        }
    }
}
