using System.Security.Cryptography;
using System.Text.Json;
using MogaSharp.Testing;

namespace MogaSharp.Imaging.Tests;

/// <summary>Hues against Pillow's, for every colour there is (tests/fixtures/imaging/make_hue.py).</summary>
public sealed class HueTests
{
    private static readonly JsonElement Fixture = JsonDocument
        .Parse(File.ReadAllText(Repository.Fixture("imaging", "hue.json")))
        .RootElement;

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, Fixture.GetProperty("cases").GetArrayLength())];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_colour_turns_as_in_Pillow(int index)
    {
        JsonElement expected = Fixture.GetProperty("cases")[index];
        double turn = expected.GetProperty("turn").GetDouble();
        byte[] few = Colours(Fixture);
        HueShift.Apply(few, 3, turn);
        Assert.Equal(Colours(expected), few);

        byte[] every = new byte[3 << 24];
        for (int i = 0; i < 1 << 24; i++)
            (every[3 * i], every[(3 * i) + 1], every[(3 * i) + 2]) = ((byte)(i >> 16), (byte)(i >> 8), (byte)i);
        HueShift.Apply(every, 3, turn);
        Assert.Equal(expected.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(every)));
    }

    [Fact]
    public void Gray_images_have_no_hue()
    {
        byte[] gray = [1, 100, 200];
        HueShift.Apply(gray, 1, 0.3);
        Assert.Equal([1, 100, 200], gray);
    }

    [Theory]
    [InlineData(0.51)]
    [InlineData(-0.6)]
    [InlineData(double.NaN)]
    public void A_turn_is_half_a_circle_at_most(double turn) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => HueShift.Apply(new byte[3], 3, turn));

    private static byte[] Colours(JsonElement parent) =>
        [.. parent.GetProperty("colours").EnumerateArray().SelectMany(colour => colour.EnumerateArray().Select(level => level.GetByte()))];
}
