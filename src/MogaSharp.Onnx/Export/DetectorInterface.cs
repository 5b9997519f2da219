using System.Runtime.InteropServices;
using Google.Protobuf;
using MogaSharp.Graph;
using MogaSharp.Onnx.Protocol;
using DataType = MogaSharp.Onnx.Protocol.TensorProto.Types.DataType;
using Dimension = MogaSharp.Onnx.Protocol.TensorShapeProto.Types.Dimension;

namespace MogaSharp.Onnx.Export;

/// <summary>What a detector's model takes and gives.</summary>
internal static class DetectorInterface
{
    public const string ImageShape = "img_shape",
        Boxes = "boxes",
        Scores = "scores",
        Labels = "labels",
        Masks = "masks";

    // Longer than any image, so that all of it counts.
    private const float Unlimited = 1 << 24;

    public static IEnumerable<string> Names(OnnxDetector detector) =>
        detector.Masks is null ? [ImageShape, Boxes, Scores, Labels] : [ImageShape, Boxes, Scores, Labels, Masks];

    /// <summary>The name of the input with the pixels.</summary>
    public static string Pixels(ComputationGraph image) =>
        image.Inputs.Count == 1 && image.Inputs[0].Shape is { Rank: 4 } shape && shape[0] == 1
            ? ((Input)image.Inputs[0].Op).Name
            : throw new OnnxExportException("A detector's graph over images has one input, (1, C, H, W).");

    /// <summary>Adds inputs and outputs to a model. An initializer with an input's name is what counts where the input is left
    /// out.</summary>
    public static void Describe(GraphProto graph, OnnxDetector detector, ValueInfoProto pixels)
    {
        graph.Input.Add(pixels);
        graph.Input.Add(Describe(ImageShape, DataType.Float, Fixed(2)));
        graph.Initializer.Add(
            new TensorProto
            {
                Name = ImageShape,
                DataType = DataType.Float,
                Dims = { 2 },
                RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<float>([Unlimited, Unlimited])),
            }
        );
        var things = new Dimension { DimParam = "detections" };
        graph.Output.Add(Describe(Boxes, DataType.Float, things, Fixed(4)));
        graph.Output.Add(Describe(Scores, DataType.Float, things));
        graph.Output.Add(Describe(Labels, DataType.Int64, things));
        if (detector.Masks is { } masks)
        {
            Shape shape = masks.Outputs[0].Value.Shape;
            graph.Output.Add(Describe(Masks, DataType.Float, things, Fixed(shape[2]), Fixed(shape[3])));
        }
    }

    private static Dimension Fixed(long extent) => new() { DimValue = extent };

    private static ValueInfoProto Describe(string name, DataType type, params Dimension[] dimensions) =>
        new()
        {
            Name = name,
            Type = new TypeProto
            {
                TensorType = new TypeProto.Types.Tensor
                {
                    ElemType = type,
                    Shape = new TensorShapeProto { Dim = { dimensions } },
                },
            },
        };
}
