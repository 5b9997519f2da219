namespace MogaSharp.Imaging.Native;

/// <summary>Encodes with libvips.</summary>
internal static unsafe class VipsEncoder
{
    private const int FormatByte = 0;

    public static byte[] Encode(RgbImage image, string saver, string options) => Encode(image, saver, options, static _ => { });

    /// <summary>Encodes frames of one size that lie one under the other as an animation.</summary>
    public static byte[] EncodeGif(RgbImage strip, int frameHeight, int[] delays) => Encode(strip, "gifsave_buffer", "dither=0,effort=10", image =>
    {
        VipsApi.SetNumber(image, "page-height", frameHeight);
        VipsApi.SetNumber(image, "loop", 0);
        fixed (int* numbers = delays) VipsApi.SetNumbers(image, "delay", numbers, delays.Length);
    });

    private static byte[] Encode(RgbImage image, string saver, string options, Action<nint> prepare)
    {
        VipsLibrary.EnsureStarted();
        fixed (byte* pixels = image.Pixels)
        {
            using var native = new VipsObject(VipsApi.NewImage(pixels, (nuint)image.Pixels.Length, image.Width, image.Height, 3, FormatByte));
            if (native.Handle == 0) throw new InvalidOperationException($"libvips takes no image: {VipsLibrary.TakeErrors()}");
            prepare(native.Handle);
            using var operation = new VipsOperation(saver, options);
            operation.SetImage("in", native);
            if (!operation.TryBuild()) throw new InvalidOperationException($"{saver} failed: {VipsLibrary.TakeErrors()}");
            return operation.GetBlob("buffer");
        }
    }
}
