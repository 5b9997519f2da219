using System.Globalization;
using System.Text.RegularExpressions;
using MogaSharp.Graph;

namespace MogaSharp.Training;

/// <summary>
/// The depth and stage of parameters, by their official names: MogaNet's, ConvNeXt's, HorNet's, Swin's, ParC-Net's. Layer 0 is the stem, each block is a layer
/// of its own, a later stage's patch embedding belongs to its first block and a stage's final norm to its last; the head and everything unknown is the last layer.
/// </summary>
internal sealed partial class LayerMap
{
    private readonly int[] _firstBlock;
    private readonly int[] _depths;

    public LayerMap(IEnumerable<ParameterSpec> specs)
    {
        var depths = new SortedDictionary<int, int>();
        foreach (ParameterSpec spec in specs)
            if (Find(spec.Name) is { } place) depths[place.Stage] = Math.Max(depths.GetValueOrDefault(place.Stage), place.Block + 1);

        Stages = depths.Count == 0 ? 0 : depths.Keys.Max();
        _depths = [.. Enumerable.Range(1, Stages).Select(stage => depths.GetValueOrDefault(stage))];
        _firstBlock = new int[Stages];
        for (int i = 0, layer = 1; i < Stages; layer += _depths[i++]) _firstBlock[i] = layer;
    }

    /// <summary>The number of stages.</summary>
    public int Stages { get; }

    /// <summary>The index of the last layer, the head's.</summary>
    public int Last => 1 + _depths.Sum();

    /// <summary>The layer that a parameter belongs to.</summary>
    public int LayerOf(string name)
    {
        if (Find(name) is not { } place) return Last;
        int stage = place.Stage - 1;
        return place.Block switch
        {
            Before => stage == 0 ? 0 : _firstBlock[stage],
            After => Math.Max(0, _firstBlock[stage] + _depths[stage] - 1),
            int block => _firstBlock[stage] + block,
        };
    }

    /// <summary>The stage that a parameter belongs to, from 1; 0 for the head.</summary>
    public static int StageOf(string name) => Find(name)?.Stage ?? 0;

    private const int Before = -1, After = -2;

    private static Place? Find(string name)
    {
        Match match = Names().Match(name);
        if (!match.Success) return null;
        int block = match.Groups["block"] is { Success: true } number ? Number(number) : match.Groups["after"].Success ? After : Before;
        // Some count stages from 0, and Swin merges the patches of a stage at the end of the one before.
        int offset = match.Groups["zero"].Success ? 1 : match.Groups["next"].Success ? 2 : match.Groups["second"].Success ? -1 : 0;
        return new Place(match.Groups["stage"] is { Success: true } stage ? Number(stage) + offset : 1, block);
    }

    private static int Number(Group group) => int.Parse(group.ValueSpan, CultureInfo.InvariantCulture);

    // A stage from 1, and a block from 0 or what comes before or after the blocks.
    private readonly record struct Place(int Stage, int Block);

    // In turn: MogaNet; ConvNeXt, HorNet and Swin; stems, ParC-Net's first layer with them; ParC-Net's others, whose second makes stage 1.
    [GeneratedRegex("""
        ^(?:
          (?: patch_embed | blocks | (?<after>norm) ) (?<stage>[1-9]\d{0,2}) \. (?: (?<=^blocks\d+\.) (?<block>\d{1,4}) \. )?
        | (?: (?<zero>stages|layers) \. (?<stage>\d{1,2}) \. (?:blocks\.)? (?<block>\d{1,4}) \. )
        | (?: (?<zero>stages) \. (?<stage>\d{1,2}) \. downsample \. )
        | (?: (?<zero>downsample_layers) \. (?<stage>\d{1,2}) \. )
        | (?: (?<next>layers) \. (?<stage>\d{1,2}) \. downsample \. )
        | (?: stem | patch_embed | conv_1 | layer_1 ) \.
        | (?<second>layer_) (?<stage>[2-9]) \. (?<block>\d{1,4}) \.
        )
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Names();
}
