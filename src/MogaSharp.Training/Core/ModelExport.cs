using System.Collections.Immutable;
using System.Text;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Weights;

namespace MogaSharp.Training;

/// <summary>Writes trained weights as a model that everything else loads: <c>model.safetensors</c>, <c>model.pth</c> and
/// <c>card.json</c>.</summary>
public static class ModelExport
{
    /// <summary>The names of the files in the folder.</summary>
    public const string SafetensorsFile = "model.safetensors",
        PyTorchFile = "model.pth",
        CardFile = "card.json";

    /// <summary>Writes a model's folder.</summary>
    /// <param name="folder">The folder; made when missing. Files in it are replaced.</param>
    /// <param name="card">The model; its weights' file becomes the one written.</param>
    /// <param name="weights">The weights by official names; integer counters as they are.</param>
    /// <param name="type">How floating-point weights are stored.</param>
    /// <param name="metrics">Measured figures for the card.</param>
    /// <returns>
    /// What storing the weights lost or changed, as sentences without a full stop. Weights that have values beyond the range of the type
    /// are stored as float32: a refusal would lose the model.
    /// </returns>
    /// <exception cref="ArgumentException">The type is not a floating-point type.</exception>
    /// <exception cref="IOException">The files cannot be written.</exception>
    public static IReadOnlyList<string> Save(
        string folder,
        ModelCard card,
        IEnumerable<TensorEntry> weights,
        DType type = DType.Float32,
        IEnumerable<KeyValuePair<string, double>>? metrics = null
    )
    {
        Directory.CreateDirectory(folder);
        TensorEntry[] given = [.. weights];
        IReadOnlyList<string> notes;
        try
        {
            notes = SaveWeights(folder, given, type);
        }
        catch (WeightRangeException e) when (type != DType.Float32)
        {
            notes =
            [
                $"{e.Message.Split("; store as", 2)[0]}; the model was stored as float32",
                .. SaveWeights(folder, given, DType.Float32),
            ];
        }

        ModelCard written = card with
        {
            Weights = new WeightsCard { File = SafetensorsFile },
            Metrics = metrics is null ? card.Metrics : ImmutableDictionary.CreateRange(metrics),
            Folder = null,
        };
        AtomicFile.Write(Path.Combine(folder, CardFile), Encoding.UTF8.GetBytes(written.ToJson() + "\n"));
        return notes;
    }

    private static IReadOnlyList<string> SaveWeights(string folder, IEnumerable<TensorEntry> weights, DType type)
    {
        TensorEntry[] tensors = [.. weights.Select(tensor => tensor.ConvertTo(type))];
        IReadOnlyList<string> notes = CheckpointWriter.SaveSafetensors(
            Path.Combine(folder, SafetensorsFile),
            tensors,
            new Dictionary<string, string> { ["format"] = "pt" }
        );
        CheckpointWriter.SavePyTorch(Path.Combine(folder, PyTorchFile), tensors);
        return notes;
    }
}
