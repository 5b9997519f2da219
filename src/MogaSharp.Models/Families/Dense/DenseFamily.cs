namespace MogaSharp.Models;

/// <summary>A family of networks with a backbone of another family: what it knows of the backbone's parameters is what that family
/// knows.</summary>
/// <typeparam name="TOptions">The options.</typeparam>
public abstract class DenseFamily<TOptions> : ModelFamily<TOptions>
    where TOptions : DenseOptions, new()
{
    private const string Prefix = "backbone.";

    /// <inheritdoc/>
    public sealed override LayerPlace? LayerOf(ModelOptions options, string parameter) =>
        options is DenseOptions dense && parameter.StartsWith(Prefix, StringComparison.Ordinal)
            ? ModelFamilies.Of(dense.Backbone).LayerOf(dense.Backbone, parameter[Prefix.Length..])
            : null;
}
