using MogaSharp.Graph;
using MogaSharp.OnnxRuntime;

namespace MogaSharp.Cli;

/// <summary>ONNX Runtime as the judge of files that the command wrote.</summary>
internal static class OnnxJudge
{
    /// <summary>Opens a file; null, which is said, where there is no ONNX Runtime.</summary>
    /// <param name="path">The file.</param>
    public static OnnxRuntimeModel? Open(string path)
    {
        try
        {
            return new OnnxRuntimeModel(path);
        }
        catch (OnnxRuntimeUnavailableException e)
        {
            Console.Error.WriteLine($"not checked: {e.Message}");
            return null;
        }
    }

    /// <summary>Random pixels, from -2 to 2 and always the same.</summary>
    /// <param name="shape">The shape of the input.</param>
    public static Tensor Pixels(Shape shape)
    {
        var random = new Random(0);
        return new(shape, [.. Enumerable.Range(0, checked((int)shape.ElementCount)).Select(_ => (random.NextSingle() * 4) - 2)]);
    }
}
