using System.Diagnostics;
using MogaSharp.Testing;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch.Tests;

/// <summary>The numbers that stand for things across the border to C++.</summary>
public sealed class ShimNumbersTests
{
    [Fact]
    public void The_shim_has_the_same_numbers()
    {
        Libtorch.Require();
        string path = TorchLibrary.Find(
            Environment.GetEnvironmentVariable(TorchLibrary.PathVariable),
            AppContext.BaseDirectory,
            Directory.GetCurrentDirectory()
        )!;
        Assert.Equal("", TorchLibrary.TryLoad(path).Failure);
    }

    [Fact]
    public void A_difference_is_named()
    {
        Assert.Null(ShimNumbers.Difference(ShimNumbers.Expected + "\n"));
        Assert.Equal(
            "Activation Gelu Silu Relu Sigmoid LeakyRelu HardSwish HardSigmoid",
            ShimNumbers.Difference(ShimNumbers.Expected.Replace("Silu Relu", "Relu Silu", StringComparison.Ordinal))
        );
        Assert.Equal(
            "keep_device -2",
            ShimNumbers.Difference(ShimNumbers.Expected.Replace("keep_device -2", "keep_device -3", StringComparison.Ordinal))
        );
        Assert.Equal("no_precision -1", ShimNumbers.Difference(ShimNumbers.Expected[..ShimNumbers.Expected.LastIndexOf('\n')]));
        Assert.Equal("Shape Round", ShimNumbers.Difference(ShimNumbers.Expected + "\nShape Round"));
    }

    /// <summary>A library with the right version and other numbers, as a shim that was built from other sources would be.</summary>
    [Fact]
    public void A_shim_with_other_numbers_is_refused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/c++"), "There is no C++ compiler.");
        using var folder = new TemporaryFolder();
        string source = folder.File("shim.cpp"),
            library = folder.File("shim.so");
        string numbers = ShimNumbers.Expected.Replace("Height Width", "Width Height", StringComparison.Ordinal);
        File.WriteAllText(
            source,
            $$"""
            extern "C" int moga_interface_version() { return {{TorchLibrary.InterfaceVersion}}; }
            extern "C" const char* moga_numbers() { return R"({{numbers}})"; }
            """
        );
        using (var compiler = Process.Start("/usr/bin/c++", ["-shared", "-fPIC", "-o", library, source]))
        {
            compiler.WaitForExit();
            Assert.Equal(0, compiler.ExitCode);
        }

        (nint handle, string failure) = TorchLibrary.TryLoad(library);
        Assert.Equal(0, handle);
        Assert.Contains($"'{library}' was built from other sources than this program: they differ in 'Axis Height Width'.", failure);
        Assert.Contains(".ci/native", failure);
    }
}
