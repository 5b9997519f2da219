namespace MogaSharp.Imaging.Native;

/// <summary>Encodes with libvips.</summary>
internal static unsafe class VipsEncoder
{
    private const int FormatByte = 0;

    public static byte[] Encode(RgbImage image, string saver, string options)
    {
        VipsLibrary.EnsureStarted();
        fixed (byte* pixels = image.Pixels)
        {
            using var native = new VipsObject(VipsApi.NewImage(pixels, (nuint)image.Pixels.Length, image.Width, image.Height, 3, FormatByte));
            if (native.Handle == 0) throw new InvalidOperationException($"libvips takes no image: {VipsLibrary.TakeErrors()}");
            using var operation = new VipsOperation(saver, options);
            operation.SetImage("in", native);
            if (!operation.TryBuild()) throw new InvalidOperationException($"{saver} failed: {VipsLibrary.TakeErrors()}");
            return operation.GetBlob("buffer");
        }
    }
}
