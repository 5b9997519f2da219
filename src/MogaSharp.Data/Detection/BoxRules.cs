using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>What is asked of boxes by readers that do not leave boxes as they are.</summary>
internal static class BoxRules
{
    // Parts of an image are given with few digits.
    private const double Rounding = 0.05;

    /// <summary>A box of two corners, cut off at the edges of the image.</summary>
    /// <param name="left">The left edge.</param>
    /// <param name="top">The upper edge.</param>
    /// <param name="right">The right edge.</param>
    /// <param name="bottom">The lower edge.</param>
    /// <param name="size">The size of the image.</param>
    /// <param name="problem">What is wrong, where the result is null.</param>
    /// <param name="isCut">Whether a part of it was outside of the image.</param>
    public static Box? Within(double left, double top, double right, double bottom, ImageSize size, out string problem, out bool isCut)
    {
        string text = FormattableString.Invariant($"The box from ({left:0.##}, {top:0.##}) to ({right:0.##}, {bottom:0.##})");
        (problem, isCut) = ("", false);
        if (!double.IsFinite(left + top + right + bottom))
            problem = $"{text} is not of finite numbers.";
        else if (!(left < right && top < bottom))
            problem = $"{text} is not at least a little wide and high.";
        if (problem.Length > 0)
            return null;
        Box box = Box.FromCorners(left, top, right, bottom).Clip(size);
        isCut = Math.Min(left, top) < -Rounding || right > size.Width + Rounding || bottom > size.Height + Rounding;
        if (box is { Width: > 0, Height: > 0 })
            return box;
        problem = $"{text} lies outside of the image of {size} pixels.";
        return null;
    }

    /// <summary>Notes a box that was cut off.</summary>
    public static void NoteCut(DatasetNotes notes, string image) =>
        notes.Count("cut", image, count => $"{DatasetNotes.Some(count, "box", "boxes")} cut off at the edge of the image");
}
