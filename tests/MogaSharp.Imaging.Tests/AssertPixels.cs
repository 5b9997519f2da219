namespace MogaSharp.Imaging.Tests;

internal static class AssertPixels
{
    /// <summary>Equality of samples, with a message that says how far off they are.</summary>
    public static void Equal(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        int wrong = 0,
            largest = 0,
            first = -1;
        for (int i = 0; i < expected.Length; i++)
        {
            int difference = Math.Abs(expected[i] - actual[i]);
            if (difference == 0)
                continue;
            if (wrong++ == 0)
                first = i;
            largest = Math.Max(largest, difference);
        }
        Assert.True(wrong == 0, $"{wrong} of {expected.Length} samples differ, by up to {largest}, the first at {first}");
    }
}
