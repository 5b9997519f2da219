using MogaSharp.Torch.Native;

namespace MogaSharp.Torch.Tests;

public sealed class BlasTests
{
    private const string Code = "7f0d5e800000-7f0d5e900000 r-xp 00010000 fe:00 1234                       ";

    [Fact]
    public void The_reference_BLAS_of_Debian_is_known_by_its_folder()
    {
        const string Reference = "/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0";
        Assert.Equal(
            Reference,
            LoadedLibraries.UntunedBlas(["7ffc0-7ffc1 rw-p 0 00:00 0 [stack]", Code + "/usr/lib/libc.so.6", Code + Reference])
        );
    }

    [Theory]
    [InlineData("/usr/lib/x86_64-linux-gnu/openblas-openmp/libblas.so.3")]
    [InlineData("/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblasp-r0.3.21.so")]
    [InlineData("/usr/lib/x86_64-linux-gnu/atlas/libblas.so.3.10.3")]
    [InlineData("/opt/intel/mkl/libmkl_rt.so.2")]
    public void Others_are_not_taken_for_it(string path) => Assert.Null(LoadedLibraries.UntunedBlas([Code + path, ""]));

    [Fact]
    public void What_is_said_of_this_process_is_true()
    {
        Assert.SkipUnless(TorchRuntime.IsAvailable, TorchRuntime.Unavailability);
        string? blas = TorchRuntime.UntunedBlas;
        Assert.True(blas is null || File.Exists(blas));
    }
}
