using System.Runtime.InteropServices;

namespace MogaSharp.Cpu.Tests.Support;

/// <summary>
/// Floats that end where a page begins that nobody may touch: a read or write past the end ends the process. On Linux; elsewhere
/// plain memory, aligned alike.
/// </summary>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int NoAccess = 0,
        ReadWrite = 3,
        PrivateAnonymous = 0x22;

    private readonly nint _mapping;
    private readonly nuint _bytes;

    /// <summary>Takes the memory.</summary>
    /// <param name="floats">How many; a multiple of 16 makes the start aligned to 64 bytes.</param>
    /// <param name="fill">What stands there.</param>
    public GuardedMemory(long floats, float fill = float.NaN)
    {
        Length = floats;
        nuint page = (nuint)Environment.SystemPageSize,
            used = (nuint)floats * sizeof(float),
            whole = (used + page - 1) / page * page;
        if (OperatingSystem.IsLinux())
        {
            _bytes = whole + page;
            _mapping = Map(0, _bytes, ReadWrite, PrivateAnonymous, -1, 0);
            Assert.NotEqual(-1, _mapping);
            Assert.Equal(0, Protect(_mapping + (nint)whole, page, NoAccess));
            Data = (float*)(_mapping + (nint)(whole - used));
        }
        else
        {
            _mapping = (nint)NativeMemory.AlignedAlloc(whole, 64);
            Data = (float*)_mapping;
        }

        new Span<float>(Data, (int)floats).Fill(fill);
    }

    /// <summary>The first float.</summary>
    public float* Data { get; }

    public long Length { get; }

    public Span<float> Span => new(Data, (int)Length);

    public void Dispose()
    {
        if (_bytes > 0)
            _ = Unmap(_mapping, _bytes);
        else
            NativeMemory.AlignedFree((void*)_mapping);
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint length);
}
