using System.Runtime.InteropServices;
using MogaSharp.Graph;

namespace MogaSharp.Onnx.Native;

/// <summary>A managed tensor as ONNX Runtime sees it, without a copy: its array stays pinned until disposal.</summary>
internal sealed unsafe class PinnedTensor : IDisposable
{
    private readonly OrtApi _api;
    private PinnedGCHandle<float[]> _pin;

    public PinnedTensor(OrtApi api, Tensor tensor)
    {
        _api = api;
        _pin = new PinnedGCHandle<float[]>(tensor.Data);
        try
        {
            Value = api.CreateTensor(_pin.GetAddressOfArrayData(), tensor.Data.LongLength, tensor.Shape.Extents);
        }
        catch
        {
            _pin.Dispose();
            throw;
        }
    }

    public nint Value { get; private set; }

    public void Dispose()
    {
        if (Value == 0) return;
        _api.ReleaseTensor(Value);
        Value = 0;
        _pin.Dispose();
    }
}
