using MogaSharp.Graph;
using MogaSharp.Onnx;

namespace MogaSharp.OnnxRuntime;

/// <summary>
/// A graph in ONNX Runtime. A model is exported for each shape of the inputs and kept (the most recent few): with open extents
/// some ops could not be written, and nodes that compute shapes would stay in the model, on the CPU. The number of regions alone is open:
/// it differs from image to image.
/// </summary>
internal sealed class OnnxRuntimeSession(ComputationGraph graph, WeightSet weights, OnnxRuntimeOptions options) : IInferenceSession
{
    // Each has a copy of the weights.
    private const int MaxModels = 4;

    private readonly bool[] _regions = [.. graph.Inputs.Select(input => graph.Readers[input].Any(RoiAlign.ReadsRegions))];
    private readonly Lock _gate = new();
    private readonly List<SizedModel> _models = [];
    private bool _isDisposed;

    public ComputationGraph Graph => graph;

    public void Run(ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor> outputs, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var shapes = new Shape[inputs.Length];
        for (int i = 0; i < shapes.Length; i++)
            shapes[i] = inputs[i].Shape;
        Shape[]? given = _regions.Contains(true) ? graph.InferOutputShapes(shapes) : null;
        for (int i = 0; i < shapes.Length; i++)
            if (given is not null && _regions[i])
                shapes[i] = shapes[i].With(0, 1);
        SizedModel sized = Enter(shapes);
        try
        {
            InferenceSessions.RequireOutputs(inputs, outputs, given ?? sized.Outputs);
            sized.Model.Run(inputs, outputs, cancellationToken);
        }
        finally
        {
            lock (_gate)
                sized.Leave();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            foreach (SizedModel sized in _models)
                sized.Retire();
            _models.Clear();
        }
    }

    private SizedModel Enter(Shape[] shapes)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            int found = _models.FindIndex(sized => sized.Inputs.AsSpan().SequenceEqual(shapes));
            SizedModel sized = found < 0 ? Load(shapes) : _models[found];
            if (found >= 0)
                _models.RemoveAt(found);
            _models.Insert(0, sized);
            if (_models.Count > MaxModels)
            {
                _models[^1].Retire();
                _models.RemoveAt(_models.Count - 1);
            }

            sized.Enter();
            return sized;
        }
    }

    private SizedModel Load(Shape[] shapes)
    {
        ComputationGraph sized = graph.WithInputs(shapes);
        Shape[] outputs = [.. sized.Outputs.Select(output => output.Value.Shape)];
        return new SizedModel(
            shapes,
            outputs,
            new OnnxRuntimeModel(OnnxExporter.Export(sized, weights, new() { DynamicRegions = true }), options)
        );
    }

    /// <summary>A model with the shapes that it is for; one that runs is freed when its last run ends.</summary>
    private sealed class SizedModel(Shape[] inputs, Shape[] outputs, OnnxRuntimeModel model)
    {
        private int _runs;
        private bool _isRetired;

        public Shape[] Inputs => inputs;

        public Shape[] Outputs => outputs;

        public OnnxRuntimeModel Model => model;

        public void Enter() => _runs++;

        public void Leave()
        {
            if (--_runs == 0 && _isRetired)
                model.Dispose();
        }

        public void Retire()
        {
            _isRetired = true;
            if (_runs == 0)
                model.Dispose();
        }
    }
}
