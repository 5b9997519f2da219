using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MogaSharp.Torch.Native;

/// <content>store.cpp, distributed.cpp, reducer.cpp and sync_norm.cpp.</content>
internal static unsafe partial class Shim
{
    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_store_create", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int StoreCreate(
        string host,
        int port,
        int serve,
        long timeoutMilliseconds,
        string prefix,
        out StoreHandle result,
        out int taken
    );

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_store_free")]
    public static partial void StoreFree(nint store);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_store_add", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int StoreAdd(StoreHandle store, string key, long delta, out long value);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_store_set", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int StoreSet(StoreHandle store, string key, string text);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_store_get", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int StoreGet(StoreHandle store, string key, byte* buffer, long capacity, out long length);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_group_backends")]
    public static partial int GroupBackends();

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_group_create", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int GroupCreate(
        StoreHandle store,
        int rank,
        int size,
        int device,
        long timeoutMilliseconds,
        string networkInterface,
        string address,
        out GroupHandle result
    );

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_group_free")]
    public static partial void GroupFree(nint group);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_group_broadcast")]
    public static partial int GroupBroadcast(GroupHandle group, nint* tensors, long count, int root);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_group_all_reduce")]
    public static partial int GroupAllReduce(GroupHandle group, nint* tensors, long count, int kind);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_group_all_gather")]
    public static partial int GroupAllGather(GroupHandle group, TensorHandle tensor, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_group_barrier")]
    public static partial int GroupBarrier(GroupHandle group);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_reducer_create")]
    public static partial int ReducerCreate(
        GroupHandle group,
        nint* parameters,
        long count,
        long bucketBytes,
        int findUnused,
        out ReducerHandle result
    );

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_reducer_free")]
    public static partial void ReducerFree(nint reducer);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_reducer_prepare")]
    public static partial int ReducerPrepare(ReducerHandle reducer, nint* outputs, long count, int findUnused);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_sync_batch_norm")]
    public static partial int SyncBatchNorm(
        GroupHandle group,
        TensorHandle x,
        TensorHandle weight,
        TensorHandle bias,
        TensorHandle mean,
        TensorHandle variance,
        double momentum,
        double epsilon,
        out TensorHandle result
    );
}

/// <summary>Owns a connection to the store of a group of processes; rank 0's serves it too.</summary>
internal sealed class StoreHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    public StoreHandle()
        : base(ownsHandle: true) { }

    protected override bool ReleaseHandle()
    {
        Shim.StoreFree(handle);
        return true;
    }
}

/// <summary>Owns a native process group.</summary>
internal sealed class GroupHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    public GroupHandle()
        : base(ownsHandle: true) { }

    /// <summary>Leaves the group to the end of the process: freeing one whose peers are gone may wait for them.</summary>
    public void Abandon() => SetHandleAsInvalid();

    protected override bool ReleaseHandle()
    {
        Shim.GroupFree(handle);
        return true;
    }
}

/// <summary>Owns a native reducer of gradients.</summary>
internal sealed class ReducerHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    public ReducerHandle()
        : base(ownsHandle: true) { }

    protected override bool ReleaseHandle()
    {
        Shim.ReducerFree(handle);
        return true;
    }
}
