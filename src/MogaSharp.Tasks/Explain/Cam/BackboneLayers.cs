using MogaSharp.Graph;

namespace MogaSharp.Tasks;

/// <summary>The layers of networks that have a backbone and heads.</summary>
internal static class BackboneLayers
{
    /// <summary>The layers of some names; where there are none, the last stage of the backbone.</summary>
    /// <exception cref="ExplainException">One does not exist.</exception>
    public static (string Name, Value Value)[] Of(ComputationGraph graph, CamOptions options)
    {
        if (options.Method == CamMethod.FullGrad)
            return [];
        if (options.Layers.Count > 0)
            return ClassActivation.Layers(graph, options.Layers);
        Value last =
            GraphLayers.Find(graph, "backbone")
            ?? throw new ExplainException("The network has no module 'backbone' that ends with a feature map; name a layer.");
        return [(last.Scope, last)];
    }

    /// <summary>Refuses the six passes, which would need what was found in the image to be found again in each.</summary>
    public static void Check(CamOptions options)
    {
        if (options.AugmentationSmooth)
            throw new ExplainException(
                "The mean of six passes is made for classifiers alone: other targets lie elsewhere in each of them."
            );
    }
}
