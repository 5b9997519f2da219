using System.Collections.Immutable;

namespace MogaSharp.Vision;

/// <summary>How near joints are to one another (OKS): 1 at the same place, falling as a Gaussian in units of the person's size.</summary>
internal static class KeyPointSimilarity
{
    // The distance from 1 to the next number, which official code adds to areas.
    private static readonly double Spacing = Math.BitIncrement(1.0) - 1;

    /// <summary>
    /// As pycocotools compares a pose with an annotation. Where no joint is annotated, those inside of twice the box around its center are
    /// right.
    /// </summary>
    public static double Of(AnnotatedPerson truth, PersonPose pose, ImmutableArray<double> sigmas)
    {
        bool hasPoints = truth.Points.Any(point => point.Visibility != KeyPointVisibility.Unlabeled);
        Box around = new(truth.Box.X - truth.Box.Width, truth.Box.Y - truth.Box.Height, truth.Box.Width * 3, truth.Box.Height * 3);
        double sum = 0;
        int count = 0;
        for (int i = 0; i < sigmas.Length; i++)
        {
            if (hasPoints && truth.Points[i].Visibility == KeyPointVisibility.Unlabeled)
                continue;
            PosePoint point = pose.Points[i];
            double dx = hasPoints ? point.X - truth.Points[i].X : Math.Max(0, around.X - point.X) + Math.Max(0, point.X - around.Right),
                dy = hasPoints ? point.Y - truth.Points[i].Y : Math.Max(0, around.Y - point.Y) + Math.Max(0, point.Y - around.Bottom);
            sum += Math.Exp(-Error(dx, dy, sigmas[i], truth.Area));
            count++;
        }

        return sum / count;
    }

    /// <summary>As MMPose compares two poses.</summary>
    public static double Between(PersonPose pose, PersonPose other, ImmutableArray<double> sigmas)
    {
        double area = (pose.Area + other.Area) / 2,
            sum = 0;
        for (int i = 0; i < sigmas.Length; i++)
            sum += Math.Exp(-Error(pose.Points[i].X - other.Points[i].X, pose.Points[i].Y - other.Points[i].Y, sigmas[i], area));
        return sum / sigmas.Length;
    }

    private static double Error(double dx, double dy, double sigma, double area) =>
        ((dx * dx) + (dy * dy)) / (4 * sigma * sigma) / (area + Spacing) / 2;
}
