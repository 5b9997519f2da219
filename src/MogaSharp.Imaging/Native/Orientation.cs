namespace MogaSharp.Imaging.Native;

/// <summary>The eight orientations of EXIF: how the stored image must be turned to stand upright.</summary>
internal static class Orientation
{
    public static bool Turns(int orientation) => orientation is >= 2 and <= 8;

    /// <summary>Whether rows become columns.</summary>
    public static bool IsTransposed(int orientation) => orientation is >= 5 and <= 8;

    public static RgbImage Apply(RgbImage image, int orientation)
    {
        if (!Turns(orientation))
            return image;
        int width = image.Width,
            height = image.Height;
        bool isTransposed = IsTransposed(orientation);
        var upright = new RgbImage(isTransposed ? height : width, isTransposed ? width : height, new byte[image.Pixels.Length])
        {
            Conversions = image.Conversions,
        };
        bool flipsX = orientation is 2 or 3 or 7 or 8;
        bool flipsY = orientation is 3 or 4 or 6 or 7;
        for (int y = 0; y < upright.Height; y++)
        {
            Span<byte> row = upright.Row(y);
            for (int x = 0; x < upright.Width; x++)
            {
                (int fromX, int fromY) = isTransposed ? (y, x) : (x, y);
                if (flipsX)
                    fromX = width - 1 - fromX;
                if (flipsY)
                    fromY = height - 1 - fromY;
                image.Pixels.AsSpan(((fromY * width) + fromX) * 3, 3).CopyTo(row[(x * 3)..]);
            }
        }
        return upright;
    }
}
