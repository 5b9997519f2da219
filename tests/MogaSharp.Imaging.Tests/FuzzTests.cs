namespace MogaSharp.Imaging.Tests;

/// <summary>
/// Changed copies of every fixture: an image or <see cref="ImageFormatException"/>, nothing else, in bounded memory. The changes
/// are the same in every run. MOGA_LONG_TESTS=1 makes many more of them.
/// </summary>
[Collection(nameof(AloneCollection))]
public sealed class FuzzTests
{
    private const long MaxMemory = 256 << 20;

    private static readonly ImageLimits Limits = new() { MaxPixels = 1 << 20, MaxSide = 4096 };
    private static readonly int Rounds = Environment.GetEnvironmentVariable("MOGA_LONG_TESTS") == "1" ? 5000 : 60;

    public static TheoryData<string> Files => [.. Fixtures.FormatFiles];

    [Theory]
    [MemberData(nameof(Files))]
    public void Only_the_one_exception_escapes(string file)
    {
        byte[] data = Fixtures.Format(file);
        var random = new Random(Fixtures.FormatFiles.ToList().IndexOf(file));
        long before = Environment.WorkingSet;
        for (int round = 0; round < Rounds; round++)
        {
            byte[] mutant = Mutate(data, random);
            try
            {
                RgbImage image = ImageDecoder.Decode(mutant, file, Limits);
                Assert.True(image.Width <= Limits.MaxSide && image.Height <= Limits.MaxSide);
            }
            catch (ImageFormatException) { }
            catch (Exception exception)
            {
                Assert.Fail($"round {round}: {exception}");
            }
            Assert.InRange(Environment.WorkingSet - before, long.MinValue, MaxMemory);
        }
    }

    private static byte[] Mutate(byte[] data, Random random)
    {
        List<byte> bytes = [.. data];
        // Half of the changes go to the headers, where the sizes and offsets are.
        int Place() => random.Next(2) == 0 ? random.Next(Math.Min(120, bytes.Count)) : random.Next(bytes.Count);
        for (int change = random.Next(1, 9); change > 0; change--)
        {
            int at = Place();
            int count = Math.Min(random.Next(1, 33), bytes.Count - at);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    for (int i = 0; i < Math.Min(count, 4); i++)
                        bytes[at + i] = random.Next(2) == 0 ? (byte)0 : (byte)0xFF;
                    break;
                case 3:
                    bytes.InsertRange(Place(), bytes.GetRange(at, count));
                    break;
                case 4 when bytes.Count > 64:
                    bytes.RemoveRange(at, count);
                    break;
                default:
                    bytes[at] += (byte)random.Next(-3, 4);
                    break;
            }
        }
        return [.. bytes];
    }
}
