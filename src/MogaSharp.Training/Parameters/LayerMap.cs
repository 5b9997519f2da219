using System.Globalization;
using System.Text.RegularExpressions;
using MogaSharp.Graph;

namespace MogaSharp.Training;

/// <summary>
/// The depth and stage of MogaNet's parameters, by their official names. Layer 0 is the stem, each block is a layer of its own, a
/// later stage's patch embedding belongs to its first block and a stage's final norm to its last; the head and everything unknown is the last layer.
/// </summary>
internal sealed partial class LayerMap
{
    private readonly int[] _firstBlock;
    private readonly int[] _depths;

    public LayerMap(IEnumerable<ParameterSpec> specs)
    {
        var depths = new SortedDictionary<int, int>();
        foreach (ParameterSpec spec in specs)
        {
            if (Place().Match(spec.Name) is not { Success: true } match) continue;
            int stage = Number(match.Groups["stage"]), blocks = match.Groups["block"].Success ? Number(match.Groups["block"]) + 1 : 0;
            depths[stage] = Math.Max(depths.GetValueOrDefault(stage), blocks);
        }

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
        if (Place().Match(name) is not { Success: true } match) return Last;
        int stage = Number(match.Groups["stage"]) - 1;
        return match.Groups["kind"].Value switch
        {
            "patch_embed" => stage == 0 ? 0 : _firstBlock[stage],
            "blocks" => _firstBlock[stage] + Number(match.Groups["block"]),
            _ => Math.Max(0, _firstBlock[stage] + _depths[stage] - 1),
        };
    }

    /// <summary>The stage that a parameter belongs to, from 1; 0 for the head.</summary>
    public static int StageOf(string name) => Place().Match(name) is { Success: true } match ? Number(match.Groups["stage"]) : 0;

    private static int Number(Group group) => int.Parse(group.ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?<kind>patch_embed|blocks|norm)(?<stage>[1-9]\d{0,2})\.((?<block>\d{1,4})\.)?")]
    private static partial Regex Place();
}
