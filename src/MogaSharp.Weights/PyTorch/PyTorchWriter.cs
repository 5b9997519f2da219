using System.Globalization;

namespace MogaSharp.Weights;

/// <summary>Writes the zip layout of PyTorch files: the pickle of an OrderedDict, and one storage for each tensor.</summary>
internal static class PyTorchWriter
{
    private const string Folder = "archive";
    private const int MaxTensors = 65_000;

    public static void Write(Stream stream, IReadOnlyList<TensorEntry> tensors)
    {
        if (tensors.Count > MaxTensors)
            throw new ArgumentException($"A PyTorch file of this writer holds at most {MaxTensors} tensors; save as safetensors.");
        var zip = new ZipWriter(stream);
        zip.Add($"{Folder}/data.pkl", StateDictPickler.Pickle(tensors));
        zip.Add($"{Folder}/byteorder", "little"u8);
        for (int i = 0; i < tensors.Count; i++)
            zip.Add(string.Create(CultureInfo.InvariantCulture, $"{Folder}/data/{i}"), tensors[i].ToBytes());
        zip.Add($"{Folder}/version", "3\n"u8);
        zip.Finish();
    }
}
