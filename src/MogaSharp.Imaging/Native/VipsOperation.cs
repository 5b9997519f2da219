namespace MogaSharp.Imaging.Native;

/// <summary>One libvips operation: made by name, given its inputs, built once. Owns the native object.</summary>
internal sealed unsafe class VipsOperation : IDisposable
{
    private readonly nint _handle;
    private bool _isBuilt;

    /// <summary>Makes the operation.</summary>
    /// <param name="name">Its libvips name.</param>
    /// <param name="options">Its options as libvips writes them: name=value, with commas between.</param>
    public VipsOperation(string name, string options)
    {
        _handle = VipsApi.NewOperation(name);
        if (_handle == 0) throw new ImagingUnavailableException($"This libvips was built without {name}: {VipsLibrary.TakeErrors()}");
        if (VipsApi.SetOptions(_handle, options) != 0)
            throw new InvalidOperationException($"{name} refuses the options {options}: {VipsLibrary.TakeErrors()}");
    }

    /// <summary>Hands in memory. It is not copied and must stay until everything made from it is disposed.</summary>
    public void SetBlob(string property, byte* data, int length)
    {
        GValue value = default;
        VipsApi.InitValue(ref value, VipsApi.BlobType());
        VipsApi.SetBlob(ref value, 0, data, (nuint)length);
        VipsApi.SetProperty(_handle, property, value);
        VipsApi.UnsetValue(ref value);
    }

    /// <summary>Hands in an image.</summary>
    public void SetImage(string property, VipsObject image)
    {
        GValue value = default;
        VipsApi.InitValue(ref value, VipsApi.ImageType());
        VipsApi.SetObject(ref value, image.Handle);
        VipsApi.SetProperty(_handle, property, value);
        VipsApi.UnsetValue(ref value);
    }

    /// <summary>Runs the operation. False when it fails; the messages then wait in the library.</summary>
    public bool TryBuild() => _isBuilt = VipsApi.Build(_handle) == 0;

    /// <summary>Takes an image that the operation made.</summary>
    public VipsObject GetImage(string property)
    {
        GValue value = default;
        VipsApi.InitValue(ref value, VipsApi.ImageType());
        VipsApi.GetProperty(_handle, property, ref value);
        nint image = VipsApi.DupObject(value);
        VipsApi.UnsetValue(ref value);
        return new VipsObject(image);
    }

    /// <summary>Copies the bytes that the operation made.</summary>
    public byte[] GetBlob(string property)
    {
        GValue value = default;
        VipsApi.InitValue(ref value, VipsApi.BlobType());
        VipsApi.GetProperty(_handle, property, ref value);
        byte* data = VipsApi.GetBlob(value, out nuint length);
        byte[] bytes = new ReadOnlySpan<byte>(data, checked((int)length)).ToArray();
        VipsApi.UnsetValue(ref value);
        return bytes;
    }

    public void Dispose()
    {
        if (_isBuilt) VipsApi.UnrefOutputs(_handle);
        VipsApi.Unref(_handle);
    }
}

/// <summary>Owns one reference to a native object.</summary>
internal readonly struct VipsObject(nint handle) : IDisposable
{
    public nint Handle => handle;

    public void Dispose()
    {
        if (handle != 0) VipsApi.Unref(handle);
    }
}
