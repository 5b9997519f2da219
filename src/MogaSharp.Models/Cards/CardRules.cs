using System.Collections.Immutable;

namespace MogaSharp.Models;

/// <summary>What a card must fulfil beyond its JSON form. Cards come with downloads: absurd numbers must not cost memory or time.</summary>
internal static class CardRules
{
    private const int MostPixels = 16384;
    private const int MostChannels = 1 << 16;
    private const int MostBlocks = 1024;
    private const int MostClasses = 1 << 20;
    private const double LeastCrop = 0.01;

    /// <exception cref="ModelCardException">The card breaks a rule.</exception>
    /// <exception cref="Graph.GraphException">The options describe no network, or no label set has the card's name.</exception>
    public static void Check(ModelCard card, string path)
    {
        Require(card.Name.Trim().Length > 0, "its name is empty");
        Require(card.Family == "moganet", $"it names the family '{card.Family}'; there is moganet");
        CheckOptions(card.Options);
        CheckPreprocessing(card.Preprocess);
        CheckWeights(card.Weights);
        int labels = card.LabelSet is null ? card.Labels.Length : LabelSet.Find(card.LabelSet).Length;
        Require(card.Labels.IsEmpty || card.LabelSet is null, "it has both labels and a label set");
        Require(card.Labels.All(label => label is not null), "a label is null");
        Require(labels == 0 || card.Options.NumClasses == 0 || labels == card.Options.NumClasses, $"it has {labels} labels for {card.Options.NumClasses} classes");

        void CheckOptions(MogaNetOptions options)
        {
            options.Validate();
            Require(options.Arch.Depths.Length <= 16 && options.Arch.Depths.All(depth => depth <= MostBlocks), $"a network has at most 16 stages of {MostBlocks} blocks");
            Require(
                options.InChannels <= MostChannels && options.Arch.EmbedDims.All(c => c <= MostChannels) && options.Arch.FfnRatios.All(r => r <= 64),
                $"channels are at most {MostChannels} and FFN ratios 64");
            Require(options.NumClasses <= MostClasses, $"classes are at most {MostClasses}");
            Require(options.PatchSizes.All(side => side <= 255) && options.AttnChannelSplit.All(share => share <= MostChannels), "patch sizes are at most 255");
        }

        void CheckPreprocessing(PreprocessCard preprocess)
        {
            Require(preprocess.Width is >= 1 and <= MostPixels && preprocess.Height is >= 1 and <= MostPixels, $"the preprocessing size is not from 1 to {MostPixels}");
            Require(preprocess.Crop is >= LeastCrop and <= 1, $"the crop is not from {LeastCrop} to 1");
            Require(IsPerChannel(preprocess.Mean) && preprocess.Mean.All(float.IsFinite), "the mean is not one finite number or three");
            Require(IsPerChannel(preprocess.Std) && preprocess.Std.All(value => value > 0 && float.IsFinite(value)), "std is not one number above 0 or three");
        }

        void CheckWeights(WeightsCard weights)
        {
            Require(weights.File is not { Length: 0 }, "the name of the weights' file is empty");
            Require(weights.Url is null || IsAddressOfFile(weights.Url), $"'{weights.Url}' is no http or https address that ends in a file's name");
            Require(weights.Sha256 is null || (weights.Sha256.Length == 64 && weights.Sha256.All(char.IsAsciiHexDigit)), "sha256 is not 64 hexadecimal digits");
        }

        void Require(bool condition, string problem)
        {
            if (!condition) throw new ModelCardException(path, problem);
        }
    }

    private static bool IsPerChannel(ImmutableArray<float> values) => values.Length is 1 or 3;

    private static bool IsAddressOfFile(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https" && Path.GetFileName(address.LocalPath) is not ("" or "." or "..");
}
