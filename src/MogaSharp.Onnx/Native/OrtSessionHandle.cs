using Microsoft.Win32.SafeHandles;

namespace MogaSharp.Onnx.Native;

/// <summary>Owns a session of ONNX Runtime's; bindings hold on to it, so that it outlives them.</summary>
internal sealed class OrtSessionHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    private readonly OrtApi _api;

    public OrtSessionHandle(OrtApi api, nint session)
        : base(ownsHandle: true)
    {
        _api = api;
        SetHandle(session);
    }

    protected override bool ReleaseHandle()
    {
        _api.ReleaseSession(handle);
        return true;
    }
}
