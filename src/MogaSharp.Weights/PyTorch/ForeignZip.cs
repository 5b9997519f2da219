namespace MogaSharp.Weights;

/// <summary>Says what a zip file is when it is something else than a PyTorch checkpoint.</summary>
internal static class ForeignZip
{
    private static readonly string[] WeightEndings = [".pth", ".pt", ".bin", ".ckpt", ".safetensors", ".pth.tar"];

    /// <summary>Whether a record is a folder, or what file managers put beside files.</summary>
    public static bool IsLitter(string name)
    {
        string last = name[(name.LastIndexOf('/') + 1)..];
        return last.Length == 0
            || name.StartsWith("__MACOSX/", StringComparison.Ordinal)
            || last.StartsWith("._", StringComparison.Ordinal)
            || last is ".DS_Store" or "Thumbs.db" or "desktop.ini";
    }

    /// <summary>Refuses what is known to be something else.</summary>
    public static void Reject(FileBytes file, Dictionary<string, ByteRange> records)
    {
        string[] names = [.. records.Keys.Where(name => !IsLitter(name))];
        bool Has(Func<string, bool> test) => Array.Exists(names, name => test(name));
        bool EndsWith(string end) => Has(name => name.EndsWith(end, StringComparison.OrdinalIgnoreCase));

        if (
            Has(name =>
                name == "constants.pkl"
                || name.EndsWith("/constants.pkl", StringComparison.Ordinal)
                || ("/" + name).Contains("/code/__torch__", StringComparison.Ordinal)
            )
        )
            throw file.Reject("The file is a TorchScript program, which holds code. Save the state dict of the original model instead.");
        if (Has(name => name == "data.pkl" || name.EndsWith("/data.pkl", StringComparison.Ordinal)))
            return;
        if (EndsWith("model.weights.h5"))
            throw file.Reject(
                "The file is a Keras model. Its weights are TensorFlow's, named and laid out otherwise; this reads PyTorch and "
                    + "safetensors files."
            );
        if (names.Length > 0 && names.All(name => name.EndsWith(".npy", StringComparison.OrdinalIgnoreCase)))
            throw file.Reject(
                "The file is a numpy archive (.npz). Save the arrays with safetensors.numpy.save_file, under the names of the "
                    + "PyTorch model."
            );
        if (EndsWith("saved_model.pb"))
            throw file.Reject("The file is a zipped TensorFlow SavedModel; this reads PyTorch and safetensors files.");
        if (
            Has(name =>
                name.StartsWith("archive/models/", StringComparison.Ordinal) || name.StartsWith("models/", StringComparison.Ordinal)
            )
            && Has(name => name.EndsWith(".json", StringComparison.Ordinal))
            && EndsWith(".pt2")
        )
            throw file.Reject("The file is a program of torch.export, not weights. Save the state dict of the original model instead.");
        if (
            Array.Find(names, name => Array.Exists(WeightEndings, end => name.EndsWith(end, StringComparison.OrdinalIgnoreCase))) is
            { } inside
        )
            throw file.Reject($"The file is a zip archive with a weight file in it ('{Text.Clip(inside)}'): unpack it first.");
    }
}
