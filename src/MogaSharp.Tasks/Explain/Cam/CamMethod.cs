namespace MogaSharp.Tasks;

/// <summary>How a class activation map is made of a layer's maps A and, where it says so, of the gradient G of the class's logit.</summary>
public enum CamMethod
{
    /// <summary>Sum over channels of mean(G) A (Selvaraju et al. 2017).</summary>
    GradCam,

    /// <summary>Weights from the second and third order of the gradient (Chattopadhay et al. 2018).</summary>
    GradCamPlusPlus,

    /// <summary>Weights that keep the axioms of sensitivity and conservation (Fu et al. 2020).</summary>
    XGradCam,

    /// <summary>Sum over channels of G A (Draelos and Carin 2020).</summary>
    HiResCam,

    /// <summary>Sum over channels of G A where it is positive.</summary>
    GradCamElementWise,

    /// <summary>Sum over channels of positive G times A (Jiang et al. 2021).</summary>
    LayerCam,

    /// <summary>The first principal component of A; no class, no gradient (Muhammad and Yeasin 2020).</summary>
    EigenCam,

    /// <summary>The first principal component of G A.</summary>
    EigenGradCam,

    /// <summary>Weights from the logits of the image seen through each channel; no gradient (Wang et al. 2020).</summary>
    ScoreCam,

    /// <summary>Weights from what the logit loses without each channel; no gradient (Desai and Ramaswamy 2020).</summary>
    AblationCam,

    /// <summary>Input times gradient and all biases times theirs, over the whole network (Srinivas and Fleuret 2019).</summary>
    FullGrad,
}

/// <summary>Names of methods, as pytorch-grad-cam writes them.</summary>
public static class CamMethods
{
    private static readonly (string Name, CamMethod Method)[] All =
    [
        ("gradcam", CamMethod.GradCam),
        ("gradcam++", CamMethod.GradCamPlusPlus),
        ("xgradcam", CamMethod.XGradCam),
        ("hirescam", CamMethod.HiResCam),
        ("gradcamelementwise", CamMethod.GradCamElementWise),
        ("layercam", CamMethod.LayerCam),
        ("eigencam", CamMethod.EigenCam),
        ("eigengradcam", CamMethod.EigenGradCam),
        ("scorecam", CamMethod.ScoreCam),
        ("ablationcam", CamMethod.AblationCam),
        ("fullgrad", CamMethod.FullGrad),
    ];

    /// <summary>The names, such as <c>gradcam++</c>.</summary>
    public static IEnumerable<string> Names => All.Select(one => one.Name);

    /// <summary>A method's name.</summary>
    public static string NameOf(CamMethod method) => All.First(one => one.Method == method).Name;

    /// <summary>The method of a name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static CamMethod Parse(string name) =>
        All.FirstOrDefault(one => one.Name == name) is { Name: not null } found
            ? found.Method
            : throw new ArgumentException($"There is no method '{name}'; there are {string.Join(", ", Names)}.", nameof(name));

    internal static bool ReadsGradients(this CamMethod method) =>
        method is not (CamMethod.EigenCam or CamMethod.ScoreCam or CamMethod.AblationCam);
}

/// <summary>How class activation maps are made.</summary>
public sealed record CamOptions
{
    /// <summary>What is taken when nothing else is asked for.</summary>
    public static CamOptions Default { get; } = new();

    /// <summary>The method.</summary>
    public CamMethod Method { get; init; } = CamMethod.GradCam;

    /// <summary>The modules whose maps are looked at, see <see cref="Graph.GraphLayers.Names"/>; several are averaged, none is the last map
    /// before pooling.</summary>
    public IReadOnlyList<string> Layers { get; init; } = [];

    /// <summary>Takes the first principal component of the weighted channels in place of their sum.</summary>
    public bool EigenSmooth { get; init; }

    /// <summary>Takes the mean over six passes: mirrored or not, times 0.9, 1 and 1.1.</summary>
    public bool AugmentationSmooth { get; init; }

    /// <summary>Images or masked images that go through the network at a time, 1 or more.</summary>
    public int Batch { get; init; } = 16;
}
