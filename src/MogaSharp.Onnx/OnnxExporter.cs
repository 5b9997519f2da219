using Google.Protobuf;
using MogaSharp.Graph;
using MogaSharp.Onnx.Export;

namespace MogaSharp.Onnx;

/// <summary>
/// Writes graphs as ONNX models of standard operators in float32. The same graph, weights and options give the same bytes.
/// </summary>
public static class OnnxExporter
{
    /// <summary>
    /// Writes a model file, and beside it a data file when the weights are many. Both appear whole under their names or not at all.
    /// </summary>
    /// <param name="graph">What to write; dropout and stochastic depth leave no node, as in eval mode.</param>
    /// <param name="weights">Its parameters and buffers; batch counters are not needed and not written.</param>
    /// <param name="path">The model file; an existing one is replaced.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="OnnxExportException">The weights or options do not fit the graph, or a file cannot be written.</exception>
    public static void Export(ComputationGraph graph, WeightSet weights, string path, OnnxExportOptions? options = null)
    {
        options ??= new OnnxExportOptions();
        WriteFile(ModelBuilder.Build(graph, weights, options), path, options);
    }

    /// <summary>Writes a detector, from pixels to things, as <see cref="Export(ComputationGraph, WeightSet, string, OnnxExportOptions)"/>
    /// writes a graph.</summary>
    /// <param name="detector">What to write.</param>
    /// <param name="weights">The parameters and buffers of all its graphs.</param>
    /// <param name="path">The model file; an existing one is replaced.</param>
    /// <param name="options">Null for the defaults; rows and columns are open in any case, and there is one image.</param>
    /// <exception cref="OnnxExportException">The weights or options do not fit, or a file cannot be written.</exception>
    public static void Export(OnnxDetector detector, WeightSet weights, string path, OnnxExportOptions? options = null)
    {
        options ??= new OnnxExportOptions();
        WriteFile(ModelBuilder.Build(detector, weights, options), path, options);
    }

    /// <summary>Makes the bytes of a detector's model file; the weights have to fit into one file.</summary>
    /// <param name="detector">What to write.</param>
    /// <param name="weights">The parameters and buffers of all its graphs.</param>
    /// <param name="options">Null for the defaults; rows and columns are open in any case, and there is one image.</param>
    /// <exception cref="OnnxExportException">The weights or options do not fit, or the weights need a second file.</exception>
    public static byte[] Export(OnnxDetector detector, WeightSet weights, OnnxExportOptions? options = null)
    {
        options ??= new OnnxExportOptions();
        return Bytes(Inline(ModelBuilder.Build(detector, weights, options), options));
    }

    /// <summary>Writes a model to a stream, which stays open; its weights have to fit into one file.</summary>
    /// <param name="graph">What to write.</param>
    /// <param name="weights">Its parameters and buffers.</param>
    /// <param name="stream">Where to.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="OnnxExportException">
    /// The weights or options do not fit the graph, the weights need a second file, or the stream does not take the bytes.
    /// </exception>
    public static void Export(ComputationGraph graph, WeightSet weights, Stream stream, OnnxExportOptions? options = null)
    {
        options ??= new OnnxExportOptions();
        ModelBuilder model = Inline(ModelBuilder.Build(graph, weights, options), options);
        try
        {
            Write(model, stream);
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or NotSupportedException)
        {
            throw new OnnxExportException($"The model cannot be written to the stream: {exception.Message}", exception);
        }
    }

    /// <summary>Makes a model file's bytes, into which the weights are copied once; they have to fit into one file.</summary>
    /// <param name="graph">What to write.</param>
    /// <param name="weights">Its parameters and buffers.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="OnnxExportException">The weights or options do not fit the graph, or the weights need a second file.</exception>
    public static byte[] Export(ComputationGraph graph, WeightSet weights, OnnxExportOptions? options = null)
    {
        options ??= new OnnxExportOptions();
        return Bytes(Inline(ModelBuilder.Build(graph, weights, options), options));
    }

    private static byte[] Bytes(ModelBuilder model)
    {
        byte[] bytes = new byte[model.Proto.CalculateSize()];
        using var output = new CodedOutputStream(bytes);
        model.Proto.WriteTo(output);
        return bytes;
    }

    private static ModelBuilder Inline(ModelBuilder model, OnnxExportOptions options)
    {
        if (model.Weights.ByteCount > options.ExternalDataThreshold)
            throw new OnnxExportException(
                $"{model.Weights.ByteCount} bytes of weights need a second file (threshold {options.ExternalDataThreshold}); export "
                    + "to a path."
            );
        model.Weights.StoreInline();
        return model;
    }

    private static void WriteFile(ModelBuilder model, string path, OnnxExportOptions options)
    {
        try
        {
            Write(model, path, options);
        }
        catch (Exception exception)
            when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new OnnxExportException($"The model cannot be written to '{path}': {exception.Message}", exception);
        }
    }

    private static void Write(ModelBuilder model, string path, OnnxExportOptions options)
    {
        using var file = new AtomicFile(path);
        if (model.Weights.ByteCount <= options.ExternalDataThreshold)
        {
            model.Weights.StoreInline();
            Write(model, file.Stream);
            file.Commit();
            return;
        }

        string location = Path.GetFileName(path) + ".data",
            dataPath = Path.Combine(Path.GetDirectoryName(path) ?? "", location);
        using var data = new AtomicFile(dataPath);
        model.Weights.StoreExternally(data.Stream, location);
        Write(model, file.Stream);
        data.Commit();
        try
        {
            file.Commit();
        }
        catch
        {
            File.Delete(dataPath);
            throw;
        }
    }

    private static void Write(ModelBuilder model, Stream stream)
    {
        const int BufferSize = 1 << 16;
        using var output = new CodedOutputStream(stream, BufferSize, leaveOpen: true);
        model.Proto.WriteTo(output);
    }
}
