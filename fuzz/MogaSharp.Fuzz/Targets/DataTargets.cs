using MogaSharp.Data;

namespace MogaSharp.Fuzz;

/// <summary>Data sets: tar archives and NumPy's arrays.</summary>
internal static class DataTargets
{
    public static FuzzTarget[] All { get; } =
    [
        new("tar", "train.tar", typeof(DatasetException), input => _ = new TarDataset(input.ToFile()).Count),
        new("npy", "array.npy", typeof(DatasetException), ReadNpy),
    ];

    private static void ReadNpy(FuzzInput input)
    {
        using NpyFile file = NpyFile.Open(input.ToFile());
        float[] numbers = new float[file.Count];
        file.Read(0, numbers);
        new NpySamples(file).Check(0, file.Count);
    }
}
