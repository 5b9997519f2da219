using System.Runtime.InteropServices;

namespace MogaSharp.Cli;

/// <summary>The width of the terminal that stderr is, which .NET does not tell while stdout is a file.</summary>
internal static partial class TerminalSize
{
    private const int Usual = 80;

    // From Linux's asm-generic/ioctls.h, which x64 and ARM have.
    private const uint GetWindowSize = 0x5413;

    /// <summary>Columns; 80 where the terminal does not say.</summary>
    public static int Columns
    {
        get
        {
            if (OperatingSystem.IsLinux())
                return ControlTerminal(2, GetWindowSize, out WindowSize size) == 0 && size.Columns > 0 ? size.Columns : Usual;
            try
            {
                return Console.WindowWidth is > 0 and int columns ? columns : Usual;
            }
            catch (IOException)
            {
                return Usual;
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int ControlTerminal(int descriptor, nuint request, out WindowSize size);

    [StructLayout(LayoutKind.Sequential)]
    private struct WindowSize
    {
        public ushort Rows,
            Columns,
            PixelsAcross,
            PixelsDown;
    }
}
