using System.Text;
using MogaSharp.Graph;

namespace MogaSharp.Testing;

/// <summary>The fixtures' weights and inputs: every element is a function of the tensor's name and its index.</summary>
public static class FormulaWeights
{
    /// <summary>The weights of a network.</summary>
    /// <param name="specs">Its parameters and buffers.</param>
    /// <param name="prefix">The fixture's <c>name_prefix</c>.</param>
    public static WeightSet Create(IEnumerable<ParameterSpec> specs, string prefix = "") =>
        new(specs.Where(spec => Kind(spec) != "keep").Select(spec => KeyValuePair.Create(spec.Name, Weight(spec, prefix))));

    /// <summary>An input tensor: 2 v of its name.</summary>
    public static Tensor Input(Shape shape, string name = "input") => Fill(shape, name, u => 2 * ((2 * u) - 1));

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

    private static Tensor Weight(ParameterSpec spec, string prefix)
    {
        double fanIn = spec.Shape.Rank > 1 ? (double)spec.Shape.ElementCount / spec.Shape[0] : 1;
        double bound = Math.Sqrt(3 / fanIn);
        return Fill(
            spec.Shape,
            prefix + spec.Name,
            Kind(spec) switch
            {
                "running_var" => u => 0.5 + u,
                "running_mean" or "bias" => u => 0.2 * ((2 * u) - 1),
                "layer_scale" => u => 0.25 * ((2 * u) - 1),
                "sigma" or "rel_bias" or "complex_weight" => u => (2 * u) - 1,
                "norm_weight" => u => 0.75 + (0.5 * u),
                _ => u => ((2 * u) - 1) * bound,
            }
        );
    }

    private static Tensor Fill(Shape shape, string name, Func<double, double> value)
    {
        ulong seed = 0xcbf29ce484222325;
        foreach (byte b in Encoding.UTF8.GetBytes(name))
            seed = (seed ^ b) * 0x100000001b3;
        var tensor = new Tensor(shape);
        for (int i = 0; i < tensor.Data.Length; i++)
        {
            ulong z = seed + ((ulong)(i + 1) * 0x9E3779B97F4A7C15);
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            z ^= z >> 31;
            tensor.Data[i] = (float)value((z >> 40) * (1.0 / (1 << 24)));
        }

        return tensor;
    }
}
