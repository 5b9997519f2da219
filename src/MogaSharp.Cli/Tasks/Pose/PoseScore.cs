using MogaSharp.Data;
using MogaSharp.Models;
using MogaSharp.Training;
using MogaSharp.Vision;

namespace MogaSharp.Cli;

/// <summary><c>moga eval --predictions</c> for poses: scores the joints that any program found, without a network.</summary>
internal static class PoseScore
{
    /// <summary>Scores a file in COCO's form for results of key points.</summary>
    public static int Run(EvalRequest request, string path)
    {
        if (!File.Exists(path))
            throw new UsageException($"There is no file '{path}'.");
        if (PoseSpec.Parse(request.Data, KnownFolders.OfMnist).OpenImages(request.Split) is not CocoPoseSet set)
            throw new UsageException($"'{request.Data}' has no file whose images predictions name; write coco-pose:PATH.");
        CocoKeyPointMetrics metrics = set.File.CreateMetrics();
        foreach ((long image, PersonPose pose) in CocoPoseResults.Load(path, set.File))
            metrics.Add(image, pose);
        return DenseEval.Report(request, ModelTask.Pose, path, set.Count, metrics.Figures(), null);
    }
}
