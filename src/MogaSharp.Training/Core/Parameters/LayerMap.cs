using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Training;

/// <summary>
/// The layers of a network, by what its family says of its parameters. Layer 0 is the stem, each block is a layer of its own, a later
/// stage's patch embedding belongs to its first block and a stage's final norm to its last; the head and everything unknown is the last
/// layer.
/// </summary>
internal sealed class LayerMap
{
    private readonly Func<string, LayerPlace?> _placeOf;
    private readonly int[] _firstBlock;
    private readonly int[] _depths;

    public LayerMap(IEnumerable<ParameterSpec> specs, Func<string, LayerPlace?> placeOf)
    {
        _placeOf = placeOf;
        var depths = new SortedDictionary<int, int>();
        foreach (ParameterSpec spec in specs)
            if (placeOf(spec.Name) is { } place)
                depths[place.Stage] = Math.Max(depths.GetValueOrDefault(place.Stage), place.Block + 1);

        Stages = depths.Count == 0 ? 0 : depths.Keys.Max();
        _depths = [.. Enumerable.Range(1, Stages).Select(stage => depths.GetValueOrDefault(stage))];
        _firstBlock = new int[Stages];
        for (int i = 0, layer = 1; i < Stages; layer += _depths[i++])
            _firstBlock[i] = layer;
    }

    /// <summary>The number of stages.</summary>
    public int Stages { get; }

    /// <summary>The index of the last layer, the head's.</summary>
    public int Last => 1 + _depths.Sum();

    /// <summary>The layer that a parameter belongs to.</summary>
    public int LayerOf(string name)
    {
        if (_placeOf(name) is not { } place)
            return Last;
        int stage = place.Stage - 1;
        return place.Block switch
        {
            LayerPlace.Before => stage == 0 ? 0 : _firstBlock[stage],
            LayerPlace.After => Math.Max(0, _firstBlock[stage] + _depths[stage] - 1),
            int block => _firstBlock[stage] + block,
        };
    }
}
