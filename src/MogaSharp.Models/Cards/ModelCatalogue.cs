using System.Collections.Immutable;
using System.Text.Json;

namespace MogaSharp.Models;

/// <summary>The models that can be named: the official ones, and those that the program ships with.</summary>
public sealed class ModelCatalogue
{
    private const int MaxOfFamily = 12;
    private const int MaxNearest = 3;

    // Changes that a mistyped name has at most.
    private const int Slip = 2;

    private ModelCatalogue(ImmutableArray<ModelCard> cards) => Cards = cards;

    /// <summary>
    /// The official models: MogaNet (addresses and accuracies of Westlake-AI/MogaNet and Westlake-AI/openmixup), and those that it is
    /// measured against (their own repositories and timm 0.6); SimVP on Moving MNIST (addresses and figures of Westlake-AI/MogaNet,
    /// <c>video_prediction</c>).
    /// </summary>
    public static ModelCatalogue Official { get; } = new(LoadOfficial());

    /// <summary>All cards, in the order of listing.</summary>
    public ImmutableArray<ModelCard> Cards { get; }

    /// <summary>This catalogue with the cards that lie in the folders of a folder (<c>NAME/card.json</c>) before its own.</summary>
    /// <exception cref="ModelCardException">A file there is no card.</exception>
    public ModelCatalogue WithShipped(string folder) =>
        Directory.Exists(folder)
            ? new([
                .. Directory
                    .EnumerateDirectories(folder)
                    .Order(StringComparer.Ordinal)
                    .Select(model => Path.Combine(model, "card.json"))
                    .Where(File.Exists)
                    .Select(ModelCard.Load),
                .. Cards,
            ])
            : this;

    /// <summary>A card by its name, in any case, or by an alias that its family knows: <c>moganet_tiny</c>, <c>MogaNet-T</c>, <c>t</c>,
    /// <c>swin_t</c>.</summary>
    /// <exception cref="UnknownModelException">No model has this name; the message lists the nearest.</exception>
    public ModelCard Find(string name) => TryFind(name) ?? throw new UnknownModelException(name, Similar(Canonical(name)));

    /// <summary>A card by its name, as <see cref="Find"/> does; null when no model has it.</summary>
    /// <param name="name">The name or an alias.</param>
    public ModelCard? TryFind(string name)
    {
        string wanted = Canonical(name);
        return Cards.FirstOrDefault(card => card.Name.Replace('-', '_').Equals(wanted, StringComparison.OrdinalIgnoreCase))
            ?? Cards.FirstOrDefault(card => card.Aliases.Contains(wanted, StringComparer.Ordinal));
    }

    private static string Canonical(string name)
    {
        string plain = name.Trim().ToLowerInvariant().Replace('-', '_');
        foreach (ModelFamily family in ModelFamilies.All)
            if (family.NameOf(plain) is { } official)
                return official;
        return plain;
    }

    /// <summary>
    /// The models that a name may have meant: all of a family when it names one; the nearest where one is a slip away, by name or alias;
    /// those that contain it or begin like it; and else those that are the fewest changes away.
    /// </summary>
    private ImmutableArray<string> Similar(string wanted)
    {
        string plain = NameDistance.Plain(wanted);
        ModelCard[] family =
        [
            .. Cards.Where(card =>
                plain.Length > 0
                && NameDistance.Plain(card.Family) is var known
                && (known == plain || (plain.Length > 3 && NameDistance.Between(plain, known) <= 1))
            ),
        ];
        if (family.Length > 0)
            return [.. family.Select(card => card.Name).Take(MaxOfFamily)];
        (int Distance, string Name)[] nearest =
        [
            .. Cards.Select(card => (Names(card).Min(known => NameDistance.Between(plain, known)), card.Name)).OrderBy(pair => pair.Item1),
        ];
        if (nearest[0].Distance <= Slip)
            return [.. nearest.Take(MaxNearest).Select(pair => pair.Name)];
        ModelCard[] similar =
        [
            .. Cards.Where(card => Names(card).Any(known => plain.Length >= 3 && known.Contains(plain, StringComparison.Ordinal))),
        ];
        if (similar.Length == 0)
        {
            // A family with something behind it: hornet_nano, swin-v2.
            similar =
            [
                .. Cards.Where(card =>
                    NameDistance.Plain(card.Family) is { Length: > 2 } known && plain.StartsWith(known, StringComparison.Ordinal)
                ),
            ];
        }

        return similar.Length > 0
            ? [.. nearest.Select(pair => pair.Name).Where(name => similar.Any(card => card.Name == name)).Take(MaxOfFamily)]
            : [.. nearest.Take(MaxNearest).Select(pair => pair.Name)];
    }

    private static IEnumerable<string> Names(ModelCard card) => card.Aliases.Append(card.Name).Select(NameDistance.Plain);

    private static ImmutableArray<ModelCard> LoadOfficial() => [.. ModelFamilies.All.SelectMany(Load)];

    private static IEnumerable<ModelCard> Load(ModelFamily family)
    {
        using Stream? stream = family.OpenCatalogue();
        if (stream is null)
            yield break;
        using JsonDocument list = JsonDocument.Parse(stream);
        foreach (JsonElement card in list.RootElement.EnumerateArray())
            yield return ModelCard.Parse(card.GetRawText(), "the catalogue");
    }
}

/// <summary>A name that the catalogue does not have.</summary>
public sealed class UnknownModelException : MogaException
{
    /// <summary>Lists the nearest names.</summary>
    /// <param name="name">The name that was asked for.</param>
    /// <param name="nearest">The nearest names that exist, best first.</param>
    public UnknownModelException(string name, ImmutableArray<string> nearest)
        : base($"No model is called '{name}'. Did you mean {string.Join(", ", nearest)}? 'moga models' lists all.") => Nearest = nearest;

    /// <summary>The nearest names that exist, best first.</summary>
    public ImmutableArray<string> Nearest { get; }

    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.InvalidRequest;
}
