namespace MogaSharp.Graph;

/// <summary>
/// Multiply-adds, counted as the papers count them: convolutions, linear layers and attention without bias; what fvcore would add
/// for normalization (2 per output element of batch norm, 5 of group and layer norm) and adaptive pooling (1 per input element) is
/// kept apart. Activations, element-wise sums and products and plain means are not counted.
/// </summary>
/// <param name="Convolution">Output elements x input channels per group x kernel area.</param>
/// <param name="Linear">Output elements x input features.</param>
/// <param name="Normalization">fvcore's count for norms.</param>
/// <param name="Pooling">fvcore's count for adaptive average pooling.</param>
/// <param name="MatrixProduct">The two products of attention: 2 x windows x tokens^2 x channels.</param>
public readonly record struct Cost(long Convolution = 0, long Linear = 0, long Normalization = 0, long Pooling = 0, long MatrixProduct = 0)
{
    /// <summary>Multiply-adds of convolutions, linear layers and attention: the number to compare models by.</summary>
    public long MultiplyAdds => Convolution + Linear + MatrixProduct;

    /// <summary>With norms and pooling, comparable with the numbers that papers print.</summary>
    public long MultiplyAddsWithNormAndPool => MultiplyAdds + Normalization + Pooling;

    /// <summary>The sum, entry by entry.</summary>
    public static Cost operator +(Cost a, Cost b) =>
        new(
            a.Convolution + b.Convolution,
            a.Linear + b.Linear,
            a.Normalization + b.Normalization,
            a.Pooling + b.Pooling,
            a.MatrixProduct + b.MatrixProduct
        );
}
