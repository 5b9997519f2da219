namespace MogaSharp.Tasks;

/// <summary>A set of patches. Equal sets are equal values, so that what a network says of one is asked for once.</summary>
public readonly record struct PatchMask
{
    // Strings come with a hash and an equality that are fast; each character holds 16 patches.
    private readonly string _bits;

    private PatchMask(string bits) => _bits = bits;

    /// <summary>Whether a patch is in the set.</summary>
    public bool this[int patch] => ((_bits[patch >> 4] >> (patch & 15)) & 1) != 0;

    /// <summary>The patches in the set.</summary>
    public int Count => _bits.Sum(part => System.Numerics.BitOperations.PopCount(part));

    /// <summary>The set of some patches.</summary>
    /// <param name="patches">How many there are in all.</param>
    /// <param name="present">Those in the set, each from 0 to below <paramref name="patches"/>.</param>
    public static PatchMask Of(int patches, params ReadOnlySpan<int> present)
    {
        var bits = new char[(patches + 15) / 16];
        foreach (int patch in present)
            bits[patch >> 4] |= (char)(1 << (patch & 15));
        return new(new string(bits));
    }

    /// <summary>The set whose patch p is bit p of a number.</summary>
    /// <param name="patches">How many there are in all, 31 at most.</param>
    /// <param name="number">The bits.</param>
    public static PatchMask OfBits(int patches, int number) =>
        new(new string([(char)number, (char)(number >> 16)], 0, (patches + 15) / 16));

    /// <summary>The set with one patch more.</summary>
    public PatchMask With(int patch)
    {
        char[] bits = _bits.ToCharArray();
        bits[patch >> 4] |= (char)(1 << (patch & 15));
        return new(new string(bits));
    }
}
