using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>Which outputs a built model has.</summary>
[Flags]
public enum ModelOutputs
{
    /// <summary>What the model is for: a classifier's logits, a video predictor's clip.</summary>
    Head = 1,

    /// <summary>The feature maps on the way; a backbone's at the end of each stage.</summary>
    Stages = 2,

    /// <summary>What only training reads: the outputs of auxiliary heads. None for most models.</summary>
    Auxiliary = 4,

    /// <summary>The head's maps in the size of the input, where they are made for that: <c>logits</c> of segmentation.</summary>
    Resized = 8,

    /// <summary>What training reads: the head, and auxiliary ones after it.</summary>
    Training = Head | Auxiliary,

    /// <summary>The head and the feature maps, the head first.</summary>
    All = Head | Stages,
}

/// <summary>A model that can write itself down as a graph; the only definition that every engine reads.</summary>
public interface IModelDefinition
{
    /// <summary>The shape of the input for a number of images or clips of a size; what else the input has (channels, frames) the model
    /// knows.</summary>
    /// <param name="batch">Images or clips.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    Shape InputShape(int batch, int height, int width);

    /// <summary>Builds the graph.</summary>
    /// <param name="input">The input's shape (see <see cref="InputShape"/>); other batches and sizes may be run later.</param>
    /// <param name="outputs">Which outputs it has.</param>
    /// <exception cref="GraphException">The input is too small or has other channels.</exception>
    ComputationGraph Build(Shape input, ModelOutputs outputs = ModelOutputs.Head);
}

/// <summary>A model that takes images (N, C, H, W) and tells their class, or gives the features to do so.</summary>
public interface IClassifierDefinition : IModelDefinition
{
    /// <summary>Image channels.</summary>
    int InChannels { get; }

    /// <summary>Classes; 0 for none.</summary>
    int NumClasses { get; }

    /// <inheritdoc/>
    Shape IModelDefinition.InputShape(int batch, int height, int width) => new(batch, InChannels, height, width);
}

/// <summary>A model that takes the frames of clips (N, T, C, H, W) as the input <c>input</c> and gives as many frames that follow as
/// <see cref="Output"/>.</summary>
public interface IVideoDefinition : IModelDefinition
{
    /// <summary>The output, (N, T, C, H, W).</summary>
    const string Output = "output";

    /// <summary>T: the frames that a run takes and gives.</summary>
    int Frames { get; }

    /// <summary>C: the channels of a frame.</summary>
    int Channels { get; }

    /// <inheritdoc/>
    Shape IModelDefinition.InputShape(int batch, int height, int width) => new(batch, Frames, Channels, height, width);
}

/// <summary>A model that takes images (N, C, H, W) and tells the class of each pixel.</summary>
public interface ISegmentationDefinition : IModelDefinition
{
    /// <summary>The output of the head, (N, NumClasses, H', W') in the size of its finest map, in general a quarter of the image's; a
    /// pixel's class is the one with the largest number after a bilinear resize to the image's size.</summary>
    const string Logits = "decode_logits";

    /// <summary>The head's output in the size of the image (bilinear).</summary>
    const string ResizedLogits = "logits";

    /// <summary>The output of an auxiliary head, (N, NumClasses, H'', W'').</summary>
    const string AuxiliaryLogits = "aux_logits";

    /// <summary>Image channels.</summary>
    int InChannels { get; }

    /// <summary>Classes.</summary>
    int NumClasses { get; }
}

/// <summary>A model that takes images of one person each (N, C, H, W) and tells where joints are.</summary>
public interface IPoseDefinition : IModelDefinition
{
    /// <summary>The output, (N, Joints, H / 4, W / 4): how likely each joint is at each place.</summary>
    const string HeatMaps = "heatmap";

    /// <summary>Image channels.</summary>
    int InChannels { get; }

    /// <summary>Joints.</summary>
    int Joints { get; }
}
