using System.Text;
using System.Text.RegularExpressions;
using MogaSharp.Graph;

namespace MogaSharp.Testing;

/// <summary>The fixtures' weights and inputs: every element is a function of the tensor's name and its index.</summary>
public static class FormulaWeights
{
    /// <summary>The weights of a network.</summary>
    /// <param name="specs">Its parameters and buffers.</param>
    /// <param name="prefix">The fixture's <c>name_prefix</c>.</param>
    /// <param name="changes">The fixture's <c>head_rules</c>: what values of names are multiplied by and added to.</param>
    public static WeightSet Create(
        IEnumerable<ParameterSpec> specs,
        string prefix = "",
        params IReadOnlyList<(Regex Name, double Factor, double Addend)> changes
    ) =>
        new(
            specs
                .Where(spec => Kind(spec) != "keep")
                .Select(spec =>
                {
                    (_, double factor, double addend) = changes.FirstOrDefault(change => change.Name.IsMatch(spec.Name), (null!, 1.0, 0.0));
                    return KeyValuePair.Create(spec.Name, Weight(spec, prefix, value => (value * factor) + addend));
                })
        );

    /// <summary>An input tensor: 2 v of its name.</summary>
    public static Tensor Input(Shape shape, string name = "input") => Fill(shape, name, u => 2 * ((2 * u) - 1));

    /// <summary>An input of a graph: 2 v of a name, or where a <see cref="RoiAlign"/> reads it, regions of all kinds.</summary>
    public static Tensor Input(ComputationGraph graph, Value input, string name)
    {
        Value? reader = graph.Readers[input].Where(RoiAlign.ReadsRegions).Select(reader => reader.Value).FirstOrDefault();
        return reader is null ? Input(input.Shape, name) : Regions(input.Shape, name, (RoiAlign)reader.Op, reader.Inputs[0].Shape);
    }

    /// <summary>Regions (R, 5) of maps: mostly across an edge or inside, now and then empty, outside, larger than the image.</summary>
    /// <param name="shape">(R, 5).</param>
    /// <param name="name">Decides where they lie.</param>
    /// <param name="op">What reads them.</param>
    /// <param name="map">The shape of its first map.</param>
    public static Tensor Regions(Shape shape, string name, RoiAlign op, Shape map)
    {
        double[] u = [.. Uniform(shape.ElementCount, name)];
        var regions = new Tensor(shape);
        for (int r = 0; r < shape[0]; r++)
        {
            (double height, double width) = (map[2] * op.Stride, map[3] * op.Stride);
            // Sides from a thirtieth of the image's to all of it.
            (double tall, double wide) = (height * Math.Pow(30, u[(5 * r) + 3] - 1), width * Math.Pow(30, u[(5 * r) + 4] - 1));
            (double y, double x) = ((height * u[(5 * r) + 1]) - (tall / 2), (width * u[(5 * r) + 2]) - (wide / 2));
            (y, x, tall, wide) = (r % 7) switch
            {
                3 => (-height, -width, 3 * height, 3 * width),
                4 => (y, x, 0, wide),
                5 => (y, -2 * width, tall, width),
                6 => (y, x, -tall, wide),
                _ => (y, x, tall, wide),
            };
            float[] region = [(float)Math.Floor(u[5 * r] * map[0]), (float)x, (float)y, (float)(x + wide), (float)(y + tall)];
            region.CopyTo(regions.Data, 5 * r);
        }

        return regions;
    }

    /// <summary>An image with coarse and fine structure, as the fixtures of dense tasks have it.</summary>
    public static Tensor CoarseAndFine(Shape shape, string name = "input")
    {
        const int Block = 16;
        (int height, int width) = (shape[2], shape[3]);
        Shape blocks = shape.With(2, (height + Block - 1) / Block).With(3, (width + Block - 1) / Block);
        double[] coarse = Values(blocks.ElementCount, name + ".coarse"),
            fine = Values(shape.ElementCount, name + ".fine");
        var image = new Tensor(shape);
        for (int i = 0; i < image.Data.Length; i++)
        {
            int plane = i / (height * width),
                row = i / width % height / Block,
                column = i % width / Block;
            image.Data[i] = (float)((1.5 * coarse[(((plane * blocks[2]) + row) * blocks[3]) + column]) + (0.5 * fine[i]));
        }

        return image;

        double[] Values(long count, string of) => [.. Uniform(count, of).Select(u => (2 * u) - 1)];
    }

    /// <summary>The numbers u of a name, 0 to below 1.</summary>
    public static IEnumerable<double> Uniform(long count, string name)
    {
        ulong seed = 0xcbf29ce484222325;
        foreach (byte b in Encoding.UTF8.GetBytes(name))
            seed = (seed ^ b) * 0x100000001b3;
        for (long i = 0; i < count; i++)
        {
            ulong z = seed + ((ulong)(i + 1) * 0x9E3779B97F4A7C15);
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            z ^= z >> 31;
            yield return (z >> 40) * (1.0 / (1 << 24));
        }
    }

    /// <summary>The row of the README's table that a tensor falls under.</summary>
    public static string Kind(ParameterSpec spec)
    {
        string last = spec.Name[(spec.Name.LastIndexOf('.') + 1)..];
        return last switch
        {
            "num_batches_tracked" or "relative_position_index" or "attn_mask" => "keep",
            "running_var" or "running_mean" => last,
            _ when last.StartsWith("layer_scale", StringComparison.Ordinal) || last.StartsWith("gamma", StringComparison.Ordinal) =>
                "layer_scale",
            _ when last == "sigma" || spec.Name.EndsWith("sigma.scale", StringComparison.Ordinal) => "sigma",
            "relative_position_bias_table" => "rel_bias",
            "complex_weight" => "complex_weight",
            "weight" when spec.Shape.Rank == 1 => "norm_weight",
            _ when spec.Shape.Rank == 1 => "bias",
            _ => "weight",
        };
    }

    private static Tensor Weight(ParameterSpec spec, string prefix, Func<double, double> change)
    {
        double fanIn = spec.Shape.Rank > 1 ? (double)spec.Shape.ElementCount / spec.Shape[0] : 1;
        double bound = Math.Sqrt(3 / fanIn);
        Func<double, double> value = Kind(spec) switch
        {
            "running_var" => u => 0.5 + u,
            "running_mean" or "bias" => u => 0.2 * ((2 * u) - 1),
            "layer_scale" => u => 0.25 * ((2 * u) - 1),
            "sigma" or "rel_bias" or "complex_weight" => u => (2 * u) - 1,
            "norm_weight" => u => 0.75 + (0.5 * u),
            _ => u => ((2 * u) - 1) * bound,
        };
        return Fill(spec.Shape, prefix + spec.Name, u => change(value(u)));
    }

    private static Tensor Fill(Shape shape, string name, Func<double, double> value) =>
        new(shape, [.. Uniform(shape.ElementCount, name).Select(u => (float)value(u))]);
}
