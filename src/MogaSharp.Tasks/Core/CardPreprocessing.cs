using MogaSharp.Imaging;
using MogaSharp.Models;

namespace MogaSharp.Tasks;

/// <summary>Preprocessing as model cards describe it. The only place that reads a card so.</summary>
public static class CardPreprocessing
{
    /// <summary>The options of a <see cref="Preprocessor"/> that a card describes.</summary>
    /// <param name="card">The card's preprocessing.</param>
    public static PreprocessOptions ToOptions(this PreprocessCard card) =>
        new(card.Width, card.Height)
        {
            CropFraction = card.Crop,
            Mode = card.Mode,
            Filter = card.Filter,
            IsBgr = card.ChannelOrder == ChannelOrder.Bgr,
            Mean = card.Mean,
            StandardDeviation = card.Std,
        };
}
