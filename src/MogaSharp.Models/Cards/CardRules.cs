using System.Collections.Immutable;

namespace MogaSharp.Models;

/// <summary>What a card must fulfil beyond its JSON form. Cards come with downloads: absurd numbers must not cost memory or time.</summary>
internal static class CardRules
{
    public const int MaxPixels = 16384;
    public const int MaxChannels = 1 << 16;
    public const int MaxBlocks = 1024;
    public const int MaxClasses = 1 << 20;
    public const int MaxFrames = 1024;
    private const double MinCrop = 0.01;

    /// <exception cref="ModelCardException">The card breaks a rule.</exception>
    /// <exception cref="Graph.GraphException">The options do not describe a network.</exception>
    public static void Check(ModelCard card, string path)
    {
        Require(card.Name.Trim().Length > 0, "its name is empty");
        Require(card.Aliases.All(alias => alias is not null), "an alias is null");
        card.Options.Validate();
        card.Options.CheckLimits(Require);
        CheckPreprocessing(card.Preprocess);
        CheckWeights(card.Weights);
        CheckLabels();
        card.Options.Task.Check?.Invoke(card, Require);

        void CheckLabels()
        {
            Require(
                card.LabelSet is null || LabelSet.Find(card.LabelSet) is not null,
                $"no label set is called '{card.LabelSet}'; there are {string.Join(", ", LabelSet.Names)}"
            );
            int labels = card.LabelSet is null ? card.Labels.Length : LabelSet.Find(card.LabelSet)!.Value.Length;
            int classes = card.Options.ClassCount;
            Require(card.Labels.IsEmpty || card.LabelSet is null, "it has both labels and a label set");
            Require(card.Labels.All(label => label is not null), "a label is null");
            Require(
                card.LabelColors.IsEmpty
                    || (
                        card.LabelColors.Length == card.Labels.Length && card.LabelColors.All(color => color is not null && IsColor(color))
                    ),
                "its colors are not one a label, each '#' and six hexadecimal digits"
            );
            Require(labels == 0 || classes == 0 || labels == classes, $"it has {labels} labels for {classes} classes");
        }

        void CheckPreprocessing(PreprocessCard preprocess)
        {
            Require(
                preprocess.Width is >= 1 and <= MaxPixels && preprocess.Height is >= 1 and <= MaxPixels,
                $"the preprocessing size is not from 1 to {MaxPixels}"
            );
            Require(preprocess.Crop is >= MinCrop and <= 1, $"the crop is not from {MinCrop} to 1");
            Require(preprocess.SizeDivisor is >= 1 and <= 1024, "the size divisor is not from 1 to 1024");
            Require(preprocess.BoxPadding is >= 0.1 and <= 10, "the box padding is not from 0.1 to 10");
            Require(IsPerChannel(preprocess.Mean) && preprocess.Mean.All(float.IsFinite), "the mean is not one finite number or three");
            Require(
                IsPerChannel(preprocess.Std) && preprocess.Std.All(value => value > 0 && float.IsFinite(value)),
                "std is not one number above 0 or three"
            );
        }

        void CheckWeights(WeightsCard weights)
        {
            Require(weights.File is not { Length: 0 }, "the name of the weights' file is empty");
            Require(
                weights.SaveAs is null || IsFileName(weights.SaveAs),
                $"'{weights.SaveAs}' is not a file name to save a download under"
            );
            Require(
                weights.Url is null || IsAddressOfFile(weights.Url, weights.SaveAs),
                $"'{weights.Url}' is not an http or https address that ends in a file's name"
            );
            Require(
                weights.Sha256 is null || (weights.Sha256.Length == 64 && weights.Sha256.All(char.IsAsciiHexDigit)),
                "sha256 is not 64 hexadecimal digits"
            );
        }

        void Require(bool condition, string problem)
        {
            if (!condition)
                throw new ModelCardException(path, $"The card cannot be used: {problem}.");
        }
    }

    /// <summary>Rules for classifiers.</summary>
    public static void CheckClassifier(ModelCard card, Action<bool, string> require)
    {
        CheckNoClip(card, require);
        require(
            card.Preprocess.Mode is ResizeMode.KeepAspect or ResizeMode.Squash,
            "a classifier's images are resized by keep_aspect or squash"
        );
    }

    /// <summary>Rules for segmentation.</summary>
    public static void CheckSegmentation(ModelCard card, Action<bool, string> require)
    {
        CheckNoClip(card, require);
        require(card.Preprocess.Mode is ResizeMode.Fit or ResizeMode.Squash, "images to segment are resized by fit or squash");
        require(card.Preprocess.Crop == 1 || card.Preprocess.Mode == ResizeMode.Fit, "images to segment are not cropped");
    }

    /// <summary>Rules for poses.</summary>
    public static void CheckPose(ModelCard card, Action<bool, string> require)
    {
        CheckNoClip(card, require);
        require(card.Preprocess.Mode == ResizeMode.Box, "people are cut out of images by box");
        require(card.Skeleton is not null, "it finds joints and names no skeleton");
    }

    /// <summary>Rules for detectors.</summary>
    public static void CheckDetection(ModelCard card, Action<bool, string> require)
    {
        CheckNoClip(card, require);
        require(
            card.Preprocess is { Mode: ResizeMode.Fit, IsPadded: true, Crop: 1 },
            "images of a detector are resized by fit, padded and not cropped"
        );
    }

    private static void CheckNoClip(ModelCard card, Action<bool, string> require) =>
        require(card.Clip is null, "it has a clip and is not a video model");

    /// <summary>Rules for video models.</summary>
    public static void CheckVideo(ModelCard card, Action<bool, string> require)
    {
        require(card.Labels.IsEmpty && card.LabelSet is null, "it has labels and is not a classifier");
        require(card.Clip is not null, "it predicts video and has no clip");
        require(card.Clip!.OutFrames is >= 1 and <= MaxFrames, $"the frames to predict are not from 1 to {MaxFrames}");
        require(
            card.Clip.Range is [float low, float high] && low < high && float.IsFinite(high - low),
            "the range is not a lower and a higher number"
        );
    }

    private static bool IsColor(string text) => text is ['#', ..] && text.Length == 7 && text.Skip(1).All(char.IsAsciiHexDigit);

    private static bool IsPerChannel(ImmutableArray<float> values) => values.Length is 1 or 3;

    private static bool IsAddressOfFile(string url, string? name) =>
        Uri.TryCreate(url, UriKind.Absolute, out Uri? address)
        && address.Scheme is "http" or "https"
        && IsFileName(name ?? Path.GetFileName(address.LocalPath));

    // Neither a path nor anything that a shell or another system takes for one.
    private static bool IsFileName(string name) =>
        name.Trim('.').Length > 0
        && name.Length <= 255
        && name.All(c => !char.IsControl(c) && !"/\\:*?\"<>|".Contains(c, StringComparison.Ordinal));
}
