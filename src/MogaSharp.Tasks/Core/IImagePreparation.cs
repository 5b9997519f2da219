using System.Collections.Immutable;
using System.Drawing;
using MogaSharp.Graph;
using MogaSharp.Imaging;

namespace MogaSharp.Tasks;

/// <summary>Makes inputs of a network of images: on several threads at once, and before there is a network.</summary>
public interface IImagePreparation
{
    /// <summary>Prepares an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="name">What names it.</param>
    PreparedImage Prepare(RgbImage image, string name);
}

/// <summary>An image as a network takes it.</summary>
/// <param name="Size">Its pixels before preprocessing.</param>
/// <param name="Inputs">The inputs, each (1, C, H, W); one for most tasks.</param>
public sealed record PreparedImage(Size Size, ImmutableArray<Tensor> Inputs)
{
    /// <summary>What the preparation tells the one who reads the outputs, such as where in the image each input was; null for
    /// nothing.</summary>
    public object? Detail { get; init; }
}

/// <summary>One input for each image, all of the size that a model's card states.</summary>
/// <param name="preprocessor">Makes the inputs.</param>
public sealed class FixedSizePreparation(Preprocessor preprocessor) : IImagePreparation
{
    /// <summary>Makes the inputs.</summary>
    public Preprocessor Preprocessor => preprocessor;

    /// <inheritdoc/>
    public PreparedImage Prepare(RgbImage image, string name)
    {
        var input = new Tensor(new Shape(1, 3, preprocessor.Options.Height, preprocessor.Options.Width));
        preprocessor.Process(image, input.Span);
        return new(new(image.Width, image.Height), [input]);
    }
}

/// <summary>The outputs of a network for one input.</summary>
public readonly struct NetworkOutputs
{
    private readonly IReadOnlyDictionary<string, Tensor> _batch;
    private readonly int _index;

    internal NetworkOutputs(IReadOnlyDictionary<string, Tensor> batch, int index) => (_batch, _index) = (batch, index);

    /// <summary>The names of the outputs.</summary>
    public IEnumerable<string> Names => _batch.Keys;

    /// <summary>The values of an output.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="KeyNotFoundException">There is none of this name.</exception>
    public ReadOnlySpan<float> this[string name] => MemoryOf(name).Span;

    /// <inheritdoc cref="this[string]"/>
    public ReadOnlyMemory<float> MemoryOf(string name)
    {
        Tensor output = _batch[name];
        int length = output.Data.Length / output.Shape[0];
        return output.Data.AsMemory(_index * length, length);
    }

    /// <summary>The shape of an output, with a first extent of 1.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="KeyNotFoundException">There is none of this name.</exception>
    public Shape ShapeOf(string name) => _batch[name].Shape.With(0, 1);

    /// <summary>An output as a tensor with a first extent of 1, not to be written to.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="KeyNotFoundException">There is none of this name.</exception>
    public Tensor TensorOf(string name) =>
        _batch[name] is { } output && output.Shape[0] == 1 ? output : new Tensor(ShapeOf(name), this[name].ToArray());
}
