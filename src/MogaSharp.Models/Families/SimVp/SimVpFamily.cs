namespace MogaSharp.Models;

/// <summary>SimVP as a family: the official weights.</summary>
public sealed class SimVpFamily : ModelFamily<SimVpOptions>
{
    /// <inheritdoc/>
    public override Stream? OpenCatalogue() => Resource("simvp.json");
}
