namespace MogaSharp.Graph.Tests;

/// <summary>Every op on numbers that a reader can check in the head.</summary>
public sealed class ReferenceInterpreterTests
{
    private readonly GraphBuilder _builder = new();
    private readonly Dictionary<string, Tensor> _weights = [];

    [Fact]
    public void Convolution_adds_taps_in_the_picture_and_the_bias()
    {
        Value x = _builder.Input("x", new Shape(1, 1, 2, 3));
        Value y = _builder.Add(
            "",
            new Conv2d(1, 1, 3, Declare("w", [1, 2, 3, 4, 5, 6, 7, 8, 9], 1, 1, 3, 3), Declare("b", [100], 1), Padding: 1),
            x
        );
        // Top left: 5 * 1 + 6 * 2 + 8 * 4 + 9 * 5.
        Assert.Equal([100 + 94, 100 + 154, 100 + 106, 100 + 58, 100 + 91, 100 + 58], Run(y, [1, 2, 3, 4, 5, 6]));
    }

    [Fact]
    public void Convolution_strides_dilates_and_groups()
    {
        Value x = _builder.Input("x", new Shape(1, 2, 1, 5));
        Value y = _builder.Add("", new Conv2d(2, 2, 1, Declare("w", [10, 1000], 2, 1, 1, 1), null, Stride: 2, Groups: 2), x);
        Assert.Equal([10, 30, 50, 6000, 8000, 10000], Run(y, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
        Value square = _builder.Input("square", new Shape(1, 1, 3, 3));
        Value z = _builder.Add("", new Conv2d(1, 1, 2, Declare("v", [1, 10, 100, 1000], 1, 1, 2, 2), null, Dilation: 2), square);
        Assert.Equal([1 + 30 + 700 + 9000], Run(z, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6, 7, 8, 9]));
    }

    [Fact]
    public void Linear_multiplies_rows()
    {
        Value x = _builder.Input("x", new Shape(2, 2));
        Value y = _builder.Add("", new Linear(2, 3, Declare("w", [1, 2, 3, 4, 5, 6], 3, 2), Declare("b", [0.5f, 0, 0], 3)), x);
        Assert.Equal([21.5, 43, 65, 2.5, 4, 6], Run(y, [1, 10, 0, 1]));
        Value z = _builder.Add("", new Linear(2, 1, "w", null), x);
        Assert.Equal([21, 2], Run(z, [1, 10, 0, 1]));
    }

    [Fact]
    public void Norms_shift_and_scale_per_channel()
    {
        Value x = _builder.Input("x", new Shape(1, 2, 1, 2));
        var norm = new BatchNorm2d(2, "n", Epsilon: 1);
        Declare(norm.Weight, [2, 1], 2);
        Declare(norm.Bias, [0, 10], 2);
        Declare(norm.RunningMean, [1, 5], 2);
        Declare(norm.RunningVariance, [3, 0], 2);
        _builder.Declare(new ParameterSpec(norm.BatchesTracked, default, ParameterKind.Buffer, Initializer.Zeros, IsOptional: true));
        Assert.Equal([0, 4, 10, 8], Run(_builder.Add("", norm, x), [1, 5, 5, 3]));
        // One group of 1, 5, 5, 5: mean 4, variance 3.
        Value group = _builder.Add("", new GroupNorm(2, 1, norm.Weight, norm.Bias, Epsilon: 1), x);
        Assert.Equal([-3, 1, 10.5, 10.5], Run(group, [1, 5, 5, 5]));
        Value each = _builder.Add("", new GroupNorm(2, 2, norm.Weight, norm.Bias, Epsilon: 0), x);
        Assert.Equal([-2, 2, 11, 9], Run(each, [1, 5, 3, 1]));
    }

    [Fact]
    public void Activations_apply_to_every_element()
    {
        Value x = _builder.Input("x", new Shape(1, 3));
        Assert.Equal([0, 0, 2], Run(_builder.Root.Activate(ActivationKind.Relu, x), [-1, 0, 2]));
        Assert.True(double.IsNaN(Run(_builder.Root.Activate(ActivationKind.Relu, x), [float.NaN, 0, 2])[0]));
        Assert.Equal(
            [SpecialFunctions.Gelu(-1), 0, SpecialFunctions.Gelu(2)],
            Run(_builder.Root.Activate(ActivationKind.Gelu, x), [-1, 0, 2])
        );
        Assert.Equal(
            [SpecialFunctions.Silu(-1), 0, SpecialFunctions.Silu(2)],
            Run(_builder.Root.Activate(ActivationKind.Silu, x), [-1, 0, 2])
        );
    }

    [Fact]
    public void Pooling_means_each_channel_of_each_image()
    {
        Value x = _builder.Input("x", new Shape(2, 2, 1, 2));
        Assert.Equal([1.5, 3.5, 5.5, 7.5], Run(_builder.Root.GlobalAveragePool(x), [1, 2, 3, 4, 5, 6, 7, 8]));
        Assert.Equal([1.5, 3.5, 5.5, 7.5], Run(_builder.Root.SpatialMean(x), [1, 2, 3, 4, 5, 6, 7, 8]));
    }

    [Fact]
    public void Binary_functions_broadcast_both_sides()
    {
        Value a = _builder.Input("a", new Shape(1, 2, 1, 2)),
            b = _builder.Input("b", new Shape(1, 1, 2, 1));
        float[] left = [1, 2, 3, 4],
            right = [10, 20];
        Assert.Equal([11, 12, 21, 22, 13, 14, 23, 24], Run(a + b, left, right));
        Assert.Equal([-9, -8, -19, -18, -7, -6, -17, -16], Run(a - b, left, right));
        Assert.Equal([9, 8, 19, 18, 7, 6, 17, 16], Run(b - a, left, right));
        Assert.Equal([10, 20, 20, 40, 30, 40, 60, 80], Run(a * b, left, right));
    }

    [Fact]
    public void Affine_maps_may_lack_either_part()
    {
        Value x = _builder.Input("x", new Shape(1, 2, 1, 1));
        (string s, string t) = (Declare("s", [2, 3], 2), Declare("t", [10, 20], 1, 2, 1, 1));
        Assert.Equal([12, 26], Run(_builder.Add("", new ChannelAffine(2, s, t), x), [1, 2]));
        Assert.Equal([2, 6], Run(_builder.Add("", new ChannelAffine(2, s), x), [1, 2]));
        Assert.Equal([11, 22], Run(_builder.Add("", new ChannelAffine(2, null, t), x), [1, 2]));
    }

    [Fact]
    public void Slices_and_joins_keep_images_apart()
    {
        Value x = _builder.Input("x", new Shape(2, 3, 1, 1));
        Scope s = _builder.Root;
        Assert.Equal([2, 3, 5, 6], Run(s.Slice(x, 1, 2), [1, 2, 3, 4, 5, 6]));
        Assert.Equal([3, 1, 2, 6, 4, 5], Run(s.Concat(s.Slice(x, 2, 1), s.Slice(x, 0, 2)), [1, 2, 3, 4, 5, 6]));
    }

    [Fact]
    public void Dropout_and_drop_path_do_nothing()
    {
        Value x = _builder.Input("x", new Shape(1, 3, 1, 1));
        Assert.Equal([1, 2, 3], Run(_builder.Root.Dropout(0.9, _builder.Root.DropPath(0.9, x)), [1, 2, 3]));
    }

    [Fact]
    public void A_missing_weight_is_named_and_optional_ones_may_lack()
    {
        Value y = _builder.Root.BatchNorm("norm", _builder.Input("x", new Shape(1, 1, 1, 1)));
        ComputationGraph graph = _builder.Build(new GraphOutput("y", y));
        WeightSet all = WeightInitializer.Create(graph.Parameters, seed: 0);
        KeyNotFoundException e = Assert.Throws<KeyNotFoundException>(() =>
            new ReferenceInterpreter(graph, Without(all, "norm.running_var"))
        );
        Assert.Equal("The weights hold no tensor 'norm.running_var'.", e.Message);
        Assert.NotNull(new ReferenceInterpreter(graph, Without(all, "norm.num_batches_tracked")));
    }

    [Fact]
    public void An_input_of_another_shape_is_refused()
    {
        Value x = _builder.Input("x", new Shape(1, 2, 3, 3));
        var reference = new ReferenceInterpreter(_builder.Build(new GraphOutput("y", x)), new WeightSet([]));
        Assert.Throws<GraphException>(() => reference.Run(new Tensor(new Shape(1, 3, 3, 3))));
        Assert.Throws<GraphException>(() => reference.Run());
        Assert.Equal(new Shape(4, 2, 5, 1), reference.Run(new Tensor(new Shape(4, 2, 5, 1)))["y"].Shape);
    }

    private static WeightSet Without(WeightSet set, string name) =>
        new(set.Names.Where(n => n != name).Select(n => KeyValuePair.Create(n, set[n])));

    private string Declare(string name, float[] elements, params long[] shape)
    {
        _weights[name] = new Tensor(new Shape(shape), elements);
        return _builder.Declare(new ParameterSpec(name, new Shape(shape), ParameterKind.Parameter, Initializer.Zeros));
    }

    private double[] Run(Value y, params float[][] inputs)
    {
        ComputationGraph graph = _builder.Build(new GraphOutput("y", y));
        Tensor[] tensors = [.. graph.Inputs.Select((input, i) => new Tensor(input.Shape, inputs[i]))];
        return new ReferenceInterpreter(graph, new WeightSet(_weights)).Run(tensors)["y"].Data;
    }
}
