using System.Collections.Immutable;
using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>A map that a backbone gives at the end of a stage.</summary>
/// <param name="Name">The graph's output: <c>stage1</c> for the first one.</param>
/// <param name="Channels">C.</param>
/// <param name="Stride">Pixels of the image to one of the map; the map of an image of H rows has about H / Stride.</param>
public sealed record FeatureInfo(string Name, int Channels, int Stride)
{
    /// <summary>The output's name for a stage, by its index from 0: <c>stage1</c> for the first.</summary>
    /// <param name="index">The stage.</param>
    public static string StageName(int index) => $"stage{index + 1}";
}

/// <summary>A network from images to maps that heads of any task read. Parameter names are the official state-dict keys.</summary>
public interface IBackbone
{
    /// <summary>Image channels.</summary>
    int InChannels { get; }

    /// <summary>The order of the official state dict.</summary>
    ParameterOrder Order => ParameterOrder.Modules;

    /// <summary>The maps that <see cref="Build"/> gives, the finest first.</summary>
    ImmutableArray<FeatureInfo> Features { get; }

    /// <summary>Adds the network.</summary>
    /// <param name="net">Where its modules stand.</param>
    /// <param name="image">The images, (N, C, H, W).</param>
    /// <returns>A map for each of <see cref="Features"/>, (N, C_i, H_i, W_i).</returns>
    /// <exception cref="GraphException">The images are too small.</exception>
    IReadOnlyList<Value> Build(Scope net, Value image);
}

/// <summary>What makes a task's outputs of a backbone's maps.</summary>
public interface IHead
{
    /// <summary>Adds the head.</summary>
    /// <param name="net">Where its modules stand.</param>
    /// <param name="features">The backbone's maps, the finest first.</param>
    /// <returns>The outputs by name.</returns>
    IReadOnlyList<GraphOutput> Build(Scope net, IReadOnlyList<Value> features);
}
