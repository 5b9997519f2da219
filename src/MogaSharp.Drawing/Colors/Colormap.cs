using System.Collections.Immutable;

namespace MogaSharp.Drawing;

/// <summary>Colors for values from 0 to 1, in 256 steps.</summary>
public sealed class Colormap
{
    private const int Steps = 256;
    private readonly ImmutableArray<RgbColor> _table;

    private Colormap(string name, ScottPlot.IColormap source)
    {
        Name = name;
        IEnumerable<ScottPlot.Color> colors = Enumerable.Range(0, Steps).Select(i => source.GetColor(i / (Steps - 1.0)));
        _table = [.. colors.Select(color => new RgbColor(color.R, color.G, color.B))];
    }

    /// <summary>Dark blue over green to yellow; as bright as the value is high, in gray too.</summary>
    public static Colormap Viridis { get; } = new("viridis", new ScottPlot.Colormaps.Viridis());

    /// <summary>Black over red to light yellow; as bright as the value is high, in gray too.</summary>
    public static Colormap Inferno { get; } = new("inferno", new ScottPlot.Colormaps.Inferno());

    /// <summary>Blue over green to red, with the steps between evened out.</summary>
    public static Colormap Turbo { get; } = new("turbo", new ScottPlot.Colormaps.Turbo());

    /// <summary>Blue over green to red, as older papers show it; it feigns edges where values are even.</summary>
    public static Colormap Jet { get; } = new("jet", new ScottPlot.Colormaps.Jet());

    /// <summary>Black to white.</summary>
    public static Colormap Gray { get; } = new("gray", new ScottPlot.Colormaps.Grayscale());

    /// <summary>The name, in lower case.</summary>
    public string Name { get; }

    /// <summary>The 256 colors from the lowest value to the highest.</summary>
    public IReadOnlyList<RgbColor> Table => _table;

    /// <summary>The color of a value.</summary>
    /// <param name="value">0 to 1; what is outside has the color of the end, NaN that of 0.</param>
    public RgbColor Color(double value) => _table[value > 0 ? (int)Math.Round(Math.Min(value, 1) * (Steps - 1)) : 0];
}
