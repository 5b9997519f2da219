namespace MogaSharp.Weights;

/// <summary>The layouts of weight files, told apart by content.</summary>
public enum CheckpointFormat
{
    /// <summary>safetensors: a JSON header and raw data.</summary>
    Safetensors,

    /// <summary>PyTorch 1.6 and later: a zip file with a pickle and one record per storage.</summary>
    PyTorchZip,

    /// <summary>PyTorch before 1.6: five pickles in a row, then the storages.</summary>
    PyTorchLegacy,
}
