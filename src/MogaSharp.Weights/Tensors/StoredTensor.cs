using System.Runtime.InteropServices;
using MogaSharp.Graph;

namespace MogaSharp.Weights;

/// <summary>
/// A view of a storage in a file: element (i, j, ...) lies at <paramref name="offset"/> + i * strides[0] + j * strides[1] + ...
/// in elements. Who makes it has checked that all of them lie in the storage.
/// </summary>
internal sealed class StoredTensor(string name, DType type, Shape shape, ByteRange storage, long offset, long[] strides)
    : TensorEntry(name, type, shape)
{
    internal override void Verify() => storage.Verify();

    private protected override void Read(Span<byte> destination)
    {
        int size = DType.Size();
        if (IsContiguous())
        {
            storage.Read(offset * size, destination);
            return;
        }

        long last = 0;
        for (int d = 0; d < strides.Length; d++)
            last += (Shape[d] - 1) * strides[d];
        if ((last + 1) * size > Array.MaxLength)
            throw storage.File.Reject($"Tensor '{Name}' is a scattered view of more than 2 GiB.");
        byte[] source = new byte[(last + 1) * size];
        storage.Read(offset * size, source);
        switch (size)
        {
            case 1:
                Gather<byte>(source, destination);
                break;
            case 2:
                Gather<ushort>(source, destination);
                break;
            case 4:
                Gather<uint>(source, destination);
                break;
            default:
                Gather<ulong>(source, destination);
                break;
        }
    }

    private bool IsContiguous()
    {
        long expected = 1;
        for (int d = strides.Length - 1; d >= 0; d--)
        {
            if (Shape[d] != 1 && strides[d] != expected)
                return false;
            expected *= Shape[d];
        }

        return true;
    }

    private void Gather<T>(ReadOnlySpan<byte> from, Span<byte> to)
        where T : unmanaged
    {
        ReadOnlySpan<T> source = MemoryMarshal.Cast<byte, T>(from);
        Span<T> destination = MemoryMarshal.Cast<byte, T>(to);
        // A view that is not contiguous has at least one dimension.
        int rowLength = Shape[strides.Length - 1];
        int step = (int)strides[^1];
        int[] index = new int[strides.Length - 1];
        long row = 0;
        for (int written = 0; written < destination.Length; )
        {
            for (int j = 0; j < rowLength; j++)
                destination[written++] = source[(int)row + (j * step)];
            for (int d = index.Length - 1; d >= 0; d--)
            {
                row += strides[d];
                if (++index[d] < Shape[d])
                    break;
                row -= index[d] * strides[d];
                index[d] = 0;
            }
        }
    }
}
