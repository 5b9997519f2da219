using MogaSharp.Graph;
using MogaSharp.Onnx.Protocol;

namespace MogaSharp.Onnx.Export;

/// <summary>A model in the file format's terms, complete but for the bytes of its weights.</summary>
internal sealed class ModelBuilder
{
    private ModelBuilder(ModelProto proto, WeightStore weights)
    {
        Proto = proto;
        Weights = weights;
    }

    public ModelProto Proto { get; }

    public WeightStore Weights { get; }

    public static ModelBuilder Build(ComputationGraph graph, WeightSet weights, OnnxExportOptions options)
    {
        if (options.Opset is < OnnxExportOptions.OldestOpset or > OnnxExportOptions.NewestOpset)
            throw new OnnxExportException(
                $"Operator set {options.Opset} is not one of {OnnxExportOptions.OldestOpset} to {OnnxExportOptions.NewestOpset}."
            );
        if (options.ExternalDataThreshold > OnnxExportOptions.LargestThreshold)
            throw new OnnxExportException(
                $"One file takes at most {OnnxExportOptions.LargestThreshold} bytes of weights; the threshold is "
                    + $"{options.ExternalDataThreshold}."
            );
        graph = graph.Lower();
        var store = new WeightStore(graph, weights);
        var open = new OpenExtents(graph, options);
        var emitter = new NodeEmitter(graph, store, open, options.Opset);
        var interfaces = new InterfaceShapes(graph, open);
        // The nodes come first: they say which weights and constants are needed.
        IReadOnlyList<NodeProto> nodes = emitter.Emit();
        var proto = new ModelProto
        {
            IrVersion = IrVersion(options.Opset),
            ProducerName = "MogaSharp",
            ProducerVersion = typeof(ModelBuilder).Assembly.GetName().Version!.ToString(3),
            DocString = options.Description,
            OpsetImport = { new OperatorSetIdProto { Version = options.Opset } },
            MetadataProps = { Entries(options.Metadata) },
            Graph = new GraphProto
            {
                Name = options.GraphName,
                DocString = options.Description,
                Node = { nodes },
                Initializer = { store.Protos, emitter.Constants },
                Input = { graph.Inputs.Select(value => interfaces.Describe(((Input)value.Op).Name, value)) },
                Output = { graph.Outputs.Select(output => interfaces.Describe(output.Name, output.Value)) },
            },
        };
        return new ModelBuilder(proto, store);
    }

    private static IEnumerable<StringStringEntryProto> Entries(IReadOnlyDictionary<string, string> metadata) =>
        metadata
            .OrderBy(entry => entry.Key, StringComparer.Ordinal)
            .Select(entry => new StringStringEntryProto { Key = entry.Key, Value = entry.Value });

    // The file format versions that came with the operator sets (ONNX's Versioning.md).
    private static long IrVersion(int opset) =>
        opset switch
        {
            <= 18 => 8,
            <= 20 => 9,
            _ => 10,
        };
}
