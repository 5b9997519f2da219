using System.Collections.Immutable;
using System.Text.Json.Serialization.Metadata;
using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>Where a parameter stands in a backbone, for layer decay and frozen stages.</summary>
/// <param name="Stage">The stage, from 1.</param>
/// <param name="Block">The block in the stage, from 0; <see cref="Before"/> or <see cref="After"/>.</param>
public readonly record struct LayerPlace(int Stage, int Block)
{
    /// <summary>What comes before the blocks: a stem, a patch embedding.</summary>
    public const int Before = -1;

    /// <summary>What comes after the blocks: a norm.</summary>
    public const int After = -2;
}

/// <summary>
/// A family of networks: all that other layers need to know of it beyond its <see cref="ModelOptions"/>.
/// <see cref="ModelFamilies.Register"/> takes families from elsewhere.
/// </summary>
public abstract class ModelFamily
{
    private readonly Lazy<JsonTypeInfo<ModelCard>> _cardType;

    private protected ModelFamily() => _cardType = new(CreateCardType);

    /// <summary>The name in model cards: <c>moganet</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The names that other projects give to the tensors of these networks.</summary>
    public virtual ImmutableArray<NameForm> Forms => [];

    /// <summary>The cards of the official weights as JSON, an array; null for none.</summary>
    public virtual Stream? OpenCatalogue() => null;

    /// <summary>
    /// The recipes of the family's official trainings as JSON, an array of objects with the fields of a recipe that differ from
    /// <c>base</c>, another one of the array, or from the defaults; <c>from_model</c> lists fields that are those of the trained model's
    /// own recipe. Null for none.
    /// </summary>
    public virtual Stream? OpenPresets() => null;

    /// <summary>Where a parameter or buffer stands in the backbone; null for those of heads.</summary>
    /// <param name="options">The network's options, of this family.</param>
    /// <param name="parameter">Its official name.</param>
    public virtual LayerPlace? LayerOf(ModelOptions options, string parameter) => null;

    /// <summary>The catalogue's name of a model that goes by a shorter one; null when it is not known.</summary>
    /// <param name="name">What was asked for, in lower case with underscores: <c>xt</c>, <c>moganet_t</c>.</param>
    public virtual string? NameOf(string name) => null;

    /// <summary>How cards are read and written whose options are the family's.</summary>
    internal JsonTypeInfo<ModelCard> CardType => _cardType.Value;

    /// <summary>How the options alone are read and written.</summary>
    internal abstract JsonTypeInfo OptionsType { get; }

    /// <summary>A catalogue beside the family's code.</summary>
    private protected static Stream? Resource(string name) => typeof(ModelFamily).Assembly.GetManifestResourceStream(name);

    private protected abstract JsonTypeInfo<ModelCard> CreateCardType();
}

/// <summary>A family whose options are a record of its own.</summary>
/// <typeparam name="TOptions">The options.</typeparam>
public abstract class ModelFamily<TOptions> : ModelFamily
    where TOptions : ModelOptions, new()
{
    /// <inheritdoc/>
    public override string Name => new TOptions().Family;

    /// <summary>Knows the JSON form of the options, by generated code (<c>[JsonSerializable(typeof(TOptions))]</c>, snake case); null for
    /// the families here.</summary>
    protected virtual IJsonTypeInfoResolver? Json => null;

    internal override JsonTypeInfo OptionsType => CardType.Options.GetTypeInfo(typeof(TOptions));

    private protected override JsonTypeInfo<ModelCard> CreateCardType() => CardJson.For<TOptions>(Json);
}

/// <summary>The families of networks that a card may name.</summary>
public static class ModelFamilies
{
    /// <summary>The family of a card that names none.</summary>
    public const string Default = "moganet";

    private static readonly Lock Gate = new();

    private static ImmutableArray<ModelFamily> _all =
    [
        new MogaNetFamily(),
        new ConvNeXtFamily(),
        new HorNetFamily(),
        new SwinFamily(),
        new ParCNetFamily(),
        new SimVpFamily(),
        new SemanticFpnFamily(),
        new UperNetFamily(),
        new HeatMapPoseFamily(),
        new RetinaNetFamily(),
        new MaskRcnnFamily(),
        new CascadeMaskRcnnFamily(),
    ];

    /// <summary>All families, in the order of listing.</summary>
    public static ImmutableArray<ModelFamily> All => _all;

    /// <summary>All names.</summary>
    public static IReadOnlyCollection<string> Names => [.. All.Select(family => family.Name)];

    /// <summary>The names that other projects give to tensors of any family.</summary>
    public static IReadOnlyList<NameForm> Forms => [.. All.SelectMany(family => family.Forms)];

    /// <summary>A family by name; null when there is none.</summary>
    /// <param name="name">The name, as cards have it.</param>
    public static ModelFamily? Find(string name) => All.FirstOrDefault(family => family.Name == name);

    /// <summary>The family of some options.</summary>
    /// <param name="options">The options.</param>
    /// <exception cref="ArgumentException">Their family was not registered.</exception>
    public static ModelFamily Of(ModelOptions options) =>
        Find(options.Family) ?? throw new ArgumentException($"The family '{options.Family}' is not registered.", nameof(options));

    /// <summary>Adds a family, whose cards can be read from then on.</summary>
    /// <param name="family">The family.</param>
    /// <exception cref="ArgumentException">There is one of this name.</exception>
    public static void Register(ModelFamily family)
    {
        lock (Gate)
        {
            if (Find(family.Name) is not null)
                throw new ArgumentException($"There is a family '{family.Name}' already.", nameof(family));
            _all = _all.Add(family);
        }
    }
}
