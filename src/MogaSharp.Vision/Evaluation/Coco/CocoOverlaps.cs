namespace MogaSharp.Vision;

/// <summary>How much detections of a class overlap its objects, as pycocotools computes it.</summary>
internal static class CocoOverlaps
{
    /// <summary>Compares and matches.</summary>
    /// <param name="objects">The objects of the class in the image.</param>
    /// <param name="detections">Its detections by descending score, only as many as are evaluated.</param>
    /// <param name="comparison">What is compared.</param>
    /// <param name="areas">The ranges of areas.</param>
    public static CocoMatches Match(AnnotatedObject[] objects, Detection[] detections, CocoComparison comparison, CocoAreaRange[] areas)
    {
        double[] overlaps = Between(objects, detections, comparison);
        var truths = new CocoTruth[objects.Length];
        var found = new CocoDetection[detections.Length];
        for (int i = 0; i < objects.Length; i++)
            truths[i] = new CocoTruth(objects[i].Area, objects[i].IsCrowd, objects[i].IsCrowd);
        for (int i = 0; i < detections.Length; i++)
        {
            double area = comparison == CocoComparison.Masks ? detections[i].Mask!.Area : detections[i].Box.Area;
            found[i] = new CocoDetection(detections[i].Score, area);
        }

        return CocoMatches.Of(truths, found, overlaps, areas);
    }

    /// <summary>How much each detection overlaps each object, 0..1.</summary>
    public static double[] Between(AnnotatedObject[] objects, Detection[] detections, CocoComparison comparison)
    {
        if (objects.Length == 0 || detections.Length == 0)
            return [];
        double[] overlaps = new double[objects.Length * detections.Length];
        bool areMasks = comparison == CocoComparison.Masks;
        Box[] places = [.. objects.Select(one => areMasks ? one.Mask!.Bounds : one.Box)];
        for (int i = 0; i < detections.Length; i++)
        {
            RunLengthMask? mask = detections[i].Mask;
            Box box = areMasks ? mask!.Bounds : detections[i].Box;
            for (int j = 0; j < objects.Length; j++)
            {
                double overlap = Overlap(box, places[j], objects[j].IsCrowd);
                // Masks in boxes that are apart are.
                overlaps[(i * objects.Length) + j] =
                    areMasks && overlap > 0 ? mask!.Overlap(objects[j].Mask!, objects[j].IsCrowd) : overlap;
            }
        }

        return overlaps;
    }

    private static double Overlap(in Box box, in Box other, bool isCrowd)
    {
        double width = Math.Min(box.Right, other.Right) - Math.Max(box.X, other.X),
            height = Math.Min(box.Bottom, other.Bottom) - Math.Max(box.Y, other.Y);
        if (!(width > 0 && height > 0))
            return 0;
        double common = width * height;
        return common / (isCrowd ? box.Area : box.Area + other.Area - common);
    }
}
