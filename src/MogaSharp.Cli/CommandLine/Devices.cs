using MogaSharp.Torch;

namespace MogaSharp.Cli;

/// <summary>The devices that command lines name.</summary>
internal static class Devices
{
    /// <summary>The device that a command line names.</summary>
    /// <exception cref="UsageException">It is none, or not there.</exception>
    public static TorchDevice Find(string text)
    {
        TorchDevice device = Parse(text);
        return device.IsCuda && TorchRuntime.CudaDeviceCount == 0
            ? throw new UsageException($"There is no device {device}: this libtorch sees no CUDA device.")
            : device;
    }

    /// <summary>The device that a command line names, whether it is there or not.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static TorchDevice Parse(string text)
    {
        try
        {
            return TorchDevice.Parse(text);
        }
        catch (FormatException e)
        {
            throw new UsageException(e.Message);
        }
    }
}
