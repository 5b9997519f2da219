using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Tasks;

namespace MogaSharp.Cli;

/// <summary>What <c>moga forward --features</c> has run, for what a task derives of it.</summary>
/// <param name="Model">The model.</param>
/// <param name="Engine">What runs it.</param>
/// <param name="Input">The input.</param>
/// <param name="Results">The network's outputs.</param>
/// <param name="Run">Runs the network on another input.</param>
/// <param name="Given">A further tensor of the input's file as numbers; null where it has none of the name.</param>
internal sealed record ForwardRun(
    LoadedModel Model,
    IInferenceEngine Engine,
    Tensor Input,
    IReadOnlyDictionary<string, Tensor> Results,
    Func<Tensor, IReadOnlyDictionary<string, Tensor>> Run,
    Func<string, double[]?> Given
)
{
    /// <summary>The model's card.</summary>
    public ModelCard Card => Model.Card;

    /// <summary>Two whole numbers above 0, such as <c>ori_shape</c>; null where the file has none.</summary>
    /// <exception cref="UsageException">They are something else.</exception>
    public (int Height, int Width)? Size(string name) =>
        Given(name) switch
        {
            null => null,
            [>= 1 and <= 16384 and var height, >= 1 and <= 16384 and var width] when height % 1 == 0 && width % 1 == 0 => (
                (int)height,
                (int)width
            ),
            _ => throw new UsageException($"'{name}' is not two numbers of rows and columns"),
        };
}
