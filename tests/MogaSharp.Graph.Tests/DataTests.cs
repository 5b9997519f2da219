namespace MogaSharp.Graph.Tests;

public sealed class DataTests
{
    [Fact]
    public void Shapes_compare_by_extents()
    {
        var shape = new Shape(2, 3, 4);
        Assert.True(shape == new Shape(2, 3, 4));
        Assert.True(shape != new Shape(2, 3));
        Assert.True(shape != new Shape(2, 3, 5));
        Assert.Equal(shape.GetHashCode(), new Shape(2, 3, 4).GetHashCode());
        Assert.Equal(default, new Shape());
        Assert.False(shape.Equals("2x3x4"));
        Assert.Equal("2x3x4", shape.ToString());
        Assert.Equal("scalar", default(Shape).ToString());
        Assert.Equal(24, shape.ElementCount);
        Assert.Equal(1, default(Shape).ElementCount);
        Assert.Equal(0, new Shape(2, 0).ElementCount);
        Assert.Equal(new Shape(2, 7, 4), shape.With(1, 7));
        Assert.Equal(3, shape[1]);
    }

    [Fact]
    public void A_shape_does_not_follow_the_array_it_was_made_from()
    {
        long[] extents = [2, 3];
        var shape = new Shape(extents);
        extents[0] = 9;
        Assert.Equal(new Shape(2, 3), shape);
    }

    [Fact]
    public void Shapes_without_sense_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new Shape(2, -1));
        Assert.Throws<OverflowException>(() => new Shape(1L << 32, 1L << 32).ElementCount);
        Assert.Throws<OverflowException>(() => new Shape(1L << 32)[0]);
    }

    [Fact]
    public void A_tensor_wraps_its_array()
    {
        float[] data = [1, 2, 3, 4, 5, 6];
        var tensor = new Tensor(new Shape(2, 3), data);
        tensor.Span[5] = 7;
        Assert.Same(data, tensor.Data);
        Assert.Equal(7, data[5]);
        Assert.Equal(new float[6], new Tensor(new Shape(2, 3)).Data);
        ArgumentException e = Assert.Throws<ArgumentException>(() => new Tensor(new Shape(2, 2), data));
        Assert.StartsWith("A tensor of shape 2x2 has 4 elements, the array has 6.", e.Message);
        Assert.Throws<OverflowException>(() => new Tensor(new Shape(1L << 31)));
    }

    [Fact]
    public void A_weight_set_finds_by_exact_name_and_is_not_changed_by_its_source()
    {
        var tensor = new Tensor(new Shape(1));
        var source = new Dictionary<string, Tensor> { ["a.weight"] = tensor };
        var set = new WeightSet(source);
        source.Clear();
        Assert.Same(tensor, set["a.weight"]);
        Assert.True(set.TryGet("a.weight", out _));
        Assert.False(set.TryGet("A.weight", out _));
        Assert.Equal("The weights hold no tensor 'a.bias'.", Assert.Throws<KeyNotFoundException>(() => set["a.bias"]).Message);
    }

    [Fact]
    public void A_weight_set_with_changes_leaves_the_first_alone()
    {
        (Tensor a, Tensor b, Tensor c) = (new(new Shape(1)), new(new Shape(2)), new(new Shape(3)));
        var first = new WeightSet([new("a", a), new("b", b)]);
        WeightSet second = first.With([new("b", c), new("c", c)]);
        Assert.Equal(["a", "b"], first.Names.Order(StringComparer.Ordinal));
        Assert.Same(b, first["b"]);
        Assert.Equal(["a", "b", "c"], second.Names.Order(StringComparer.Ordinal));
        Assert.Same(a, second["a"]);
        Assert.Same(c, second["b"]);
    }

    [Theory]
    [InlineData(DType.Float32, 4, true)]
    [InlineData(DType.Float64, 8, true)]
    [InlineData(DType.Float16, 2, true)]
    [InlineData(DType.BFloat16, 2, true)]
    [InlineData(DType.UInt8, 1, false)]
    [InlineData(DType.Int8, 1, false)]
    [InlineData(DType.Int16, 2, false)]
    [InlineData(DType.Int32, 4, false)]
    [InlineData(DType.Int64, 8, false)]
    [InlineData(DType.Bool, 1, false)]
    public void Element_types_know_their_size(DType type, int size, bool isFloatingPoint)
    {
        Assert.Equal(size, type.Size());
        Assert.Equal(isFloatingPoint, type.IsFloatingPoint());
    }

    [Fact]
    public void Every_element_type_is_tested_above() => Assert.Equal(10, Enum.GetValues<DType>().Length);
}
