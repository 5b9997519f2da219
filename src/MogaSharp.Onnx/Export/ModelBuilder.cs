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
        Check(options);
        graph = graph.Lower();
        var store = new WeightStore(graph, weights);
        var dynamic = new DynamicDimensions(graph, options);
        var writer = new NodeWriter([
            .. graph.Inputs.Select(value => ((Input)value.Op).Name),
            .. graph.Outputs.Select(output => output.Name),
            .. graph.Parameters.Select(spec => spec.Name),
        ]);
        var interfaces = new InterfaceShapes(graph, dynamic);
        // The nodes come first: they say which weights and constants are needed.
        new NodeEmitter(graph, store, dynamic, options.Opset, writer).Emit();
        var proto = Model(store, writer, options);
        proto.Graph.Input.Add(graph.Inputs.Select(value => interfaces.Describe(((Input)value.Op).Name, value)));
        proto.Graph.Output.Add(graph.Outputs.Select(output => interfaces.Describe(output.Name, output.Value)));
        if (options.LargestChannels)
            TakeLargestChannels(proto.Graph);
        return new ModelBuilder(proto, store);
    }

    public static ModelBuilder Build(OnnxDetector detector, WeightSet weights, OnnxExportOptions options)
    {
        Check(options);
        if (options.DynamicBatch || options.LargestChannels)
            throw new OnnxExportException("A detector is exported for one image at a time, with all its outputs.");
        options = options with { DynamicSize = true, DynamicRegions = true };
        ComputationGraph image = detector.Image.Lower();
        var store = new WeightStore(image, weights);
        var writer = new NodeWriter([.. detector.Names, .. image.Parameters.Select(spec => spec.Name)]);
        new DetectorEmitter(detector, image, store, writer, options).Emit();
        var proto = Model(store, writer, options);
        var interfaces = new InterfaceShapes(image, new DynamicDimensions(image, options));
        DetectorInterface.Describe(proto.Graph, detector, interfaces.Describe(DetectorInterface.Pixels(image), image.Inputs[0]));
        return new ModelBuilder(proto, store);
    }

    private static void Check(OnnxExportOptions options)
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
    }

    // A model of what was written, without inputs and outputs.
    private static ModelProto Model(WeightStore store, NodeWriter writer, OnnxExportOptions options) =>
        new()
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
                Node = { writer.Nodes },
                Initializer = { store.Protos, writer.Constants.Protos },
            },
        };

    // The numbers of the channels stay within the graph.
    private static void TakeLargestChannels(GraphProto graph)
    {
        const int Channels = 1;
        foreach (ValueInfoProto output in graph.Output)
        {
            if (output.Type.TensorType.Shape.Dim.Count != 4)
                throw new OnnxExportException($"The output '{output.Name}' has no rows and columns whose largest channels could be taken.");
            string name = graph.Output.Count == 1 ? "labels" : $"{output.Name}_labels";
            graph.Node.Add(
                new NodeProto
                {
                    Name = $"{name}/ArgMax",
                    OpType = "ArgMax",
                    Input = { output.Name },
                    Output = { name },
                    Attribute = { Attributes.Int("axis", Channels), Attributes.Int("keepdims", 0) },
                }
            );
            output.Name = name;
            output.Type.TensorType.ElemType = TensorProto.Types.DataType.Int64;
            output.Type.TensorType.Shape.Dim.RemoveAt(Channels);
        }
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
