using MogaSharp.Graph;

namespace MogaSharp.Tasks;

/// <summary>An image of which some patches are shown.</summary>
/// <param name="Image">(C, H, W), as the network takes it.</param>
/// <param name="Present">The patches that are shown.</param>
internal readonly record struct MaskedImage(ReadOnlyMemory<float> Image, PatchMask Present);

/// <summary>A classifier that sees images through masks of patches.</summary>
internal sealed class MaskedNetwork : IDisposable
{
    private readonly IInferenceSession _session;
    private readonly Shape _input;
    private readonly int _batch;

    /// <summary>Prepares a network.</summary>
    /// <param name="graph">The network, with logits (N, classes) as its first output, for images of the size that is masked.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="engine">What computes.</param>
    /// <param name="side">Patches in a row and in a column.</param>
    /// <param name="batch">Masked images that go through the network at a time, 1 or more.</param>
    /// <exception cref="ExplainException">The network does not classify, or the grid does not suit its images.</exception>
    public MaskedNetwork(ComputationGraph graph, WeightSet weights, IInferenceEngine engine, int side, int batch)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        Shape logits = graph.Outputs[0].Value.Shape;
        if (logits.Rank != 2)
            throw new ExplainException($"The network gives {logits} and no logits of classes.");
        (_input, _batch) = (graph.Inputs[0].Shape, batch);
        Grid = new PatchGrid(side, _input[2], _input[3]);
        Classes = logits[1];
        _session = engine.CreateSession(graph.WithOutputs(graph.Outputs[0]), weights);
    }

    /// <summary>The grid.</summary>
    public PatchGrid Grid { get; }

    /// <summary>Classes.</summary>
    public int Classes { get; }

    /// <summary>Channels of the images.</summary>
    public int Channels => _input[1];

    /// <summary>Refuses images and classes that do not suit the network.</summary>
    /// <exception cref="ExplainException">Their size, a class or the number of classes does not.</exception>
    public void Check(Tensor images, IReadOnlyList<int> labels)
    {
        if (images.Shape.Rank != 4 || images.Shape.With(0, _input[0]) != _input)
            throw new ExplainException($"The images are {images.Shape}; the network was prepared for {_input}.");
        if (labels.Count != images.Shape[0])
            throw new ExplainException($"{labels.Count} classes were named for {images.Shape[0]} images.");
        foreach (int label in labels)
            if (label < 0 || label >= Classes)
                throw new ExplainException($"There is no class {label}; the network has {Classes}, from 0 on.");
    }

    /// <summary>An image of a batch.</summary>
    public static ReadOnlyMemory<float> ImageOf(Tensor images, int image)
    {
        int length = images.Data.Length / images.Shape[0];
        return images.Data.AsMemory(image * length, length);
    }

    /// <summary>Runs masked images.</summary>
    /// <param name="items">The images.</param>
    /// <param name="fill">What absent patches show, a number for each channel.</param>
    /// <param name="read">Takes the place of an item and its logits.</param>
    /// <param name="done">Told after each batch how many items are done; null for nobody.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    public void Run(
        IReadOnlyList<MaskedImage> items,
        float[] fill,
        Action<int, ReadOnlySpan<float>> read,
        Action<int>? done,
        CancellationToken cancellationToken
    )
    {
        Tensor? input = null;
        Tensor[] outputs = [];
        for (int first = 0; first < items.Count; first += _batch)
        {
            int count = Math.Min(_batch, items.Count - first);
            if (input?.Shape[0] != count)
            {
                input = new Tensor(_input.With(0, count));
                outputs = _session.CreateOutputs(input.Shape);
            }

            Tensor batch = input;
            int length = batch.Data.Length / count;
            for (int i = 0; i < count; i++)
                Grid.Paint(items[first + i].Image.Span, items[first + i].Present, fill, batch.Data.AsSpan(i * length, length));
            _session.Run([batch], outputs, cancellationToken);
            for (int i = 0; i < count; i++)
                read(first + i, outputs[0].Span.Slice(i * Classes, Classes));
            done?.Invoke(first + count);
        }
    }

    public void Dispose() => _session.Dispose();
}
