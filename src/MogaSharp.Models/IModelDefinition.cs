using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>Which outputs a built model has.</summary>
[Flags]
public enum ModelOutputs
{
    /// <summary>The classifier's output.</summary>
    Head = 1,

    /// <summary>The feature map at the end of each stage.</summary>
    Stages = 2,

    /// <summary>Both, the head first.</summary>
    All = Head | Stages,
}

/// <summary>A model that can write itself down as a graph; the only definition that every engine reads.</summary>
public interface IModelDefinition
{
    /// <summary>Image channels.</summary>
    int InChannels { get; }

    /// <summary>Classes; 0 for none.</summary>
    int NumClasses { get; }

    /// <summary>Builds the graph.</summary>
    /// <param name="input">The image batch's shape (N, C, H, W); other batches and sizes may be run later.</param>
    /// <param name="outputs">Which outputs it has.</param>
    /// <exception cref="GraphException">The image is too small or has other channels.</exception>
    ComputationGraph Build(Shape input, ModelOutputs outputs = ModelOutputs.Head);
}
