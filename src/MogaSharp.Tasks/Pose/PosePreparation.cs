using System.Collections.Immutable;
using System.Globalization;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Vision;

namespace MogaSharp.Tasks;

/// <summary>Gives the boxes of the people in an image.</summary>
/// <param name="name">What names the image.</param>
/// <param name="image">The image.</param>
public delegate IReadOnlyList<PersonBox> PersonFinder(string name, RgbImage image);

/// <summary>Inputs of pose networks: each person's box with room around it, warped to the size that the card states, and mirrored, as
/// MMPose's top-down pipeline does. Without boxes the image is one person.</summary>
public sealed class PosePreparation : IImagePreparation
{
    private readonly PoseInference _inference;
    private readonly PersonFinder _find;
    private readonly PixelNormalizer _normalizer;
    private readonly ImageSize _size;
    private readonly float _padding;

    /// <summary>Makes a preparation.</summary>
    /// <param name="card">The model's preprocessing.</param>
    /// <param name="inference">How joints are found; <see cref="PoseInference.Default"/> when null.</param>
    /// <param name="find">Gives the people of each image, on other threads; null where an image is one person.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public PosePreparation(PreprocessCard card, PoseInference? inference = null, PersonFinder? find = null)
    {
        _inference = inference ?? PoseInference.Default;
        _inference.Check();
        _find = find ?? ((_, image) => [new PersonBox(new Box(0, 0, image.Width, image.Height))]);
        _normalizer = new PixelNormalizer(card.ToOptions());
        _size = new ImageSize(card.Width, card.Height);
        _padding = (float)card.BoxPadding;
    }

    /// <inheritdoc/>
    /// <exception cref="PersonBoxException">A box is empty, not finite, or outside of the image.</exception>
    public PreparedImage Prepare(RgbImage image, string name) => Prepare(image, _find(name, image), name);

    /// <summary>Prepares an image with given people.</summary>
    /// <param name="image">The image.</param>
    /// <param name="boxes">The people.</param>
    /// <param name="name">What names the image.</param>
    /// <exception cref="PersonBoxException">A box is empty, not finite, or outside of the image.</exception>
    public PreparedImage Prepare(RgbImage image, IReadOnlyList<PersonBox> boxes, string name)
    {
        var inputs = ImmutableArray.CreateBuilder<Tensor>();
        var people = ImmutableArray.CreateBuilder<PosePerson>();
        for (int i = 0; i < boxes.Count; i++)
        {
            Check(image, boxes[i].Box, i, name);
            PoseRegion region = PoseRegion.FromBox(boxes[i].Box, _size, _padding);
            RgbImage person = AffineWarp.Apply(image, region.ToInput(_size), _size);
            inputs.Add(Input(person));
            if (_inference.Flip)
                inputs.Add(Input(person.Mirrored()));
            people.Add(new PosePerson(boxes[i], region));
        }

        return new PreparedImage(new(image.Width, image.Height), inputs.ToImmutable()) { Detail = people.ToImmutable() };
    }

    private Tensor Input(RgbImage image)
    {
        var input = new Tensor(new Shape(1, 3, _size.Height, _size.Width));
        _normalizer.Write(image, input.Span);
        return input;
    }

    private static void Check(RgbImage image, Box box, int index, string name)
    {
        string? problem =
            !(double.IsFinite(box.X) && double.IsFinite(box.Y) && double.IsFinite(box.Width) && double.IsFinite(box.Height))
                ? "has a number that is not finite"
            : box.Width <= 0 || box.Height <= 0 ? "is empty"
            : box.X >= image.Width || box.Y >= image.Height || box.Right <= 0 || box.Bottom <= 0
                ? $"lies outside of the image of {image.Width}x{image.Height}"
            : null;
        if (problem is not null)
            throw new PersonBoxException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{name}: The box {index + 1} ({box.X}, {box.Y}, {box.Width}, {box.Height}) {problem}."
                )
            );
    }
}

/// <summary>A person as the network saw it.</summary>
internal sealed record PosePerson(PersonBox Person, PoseRegion Region);
