using MogaSharp.Graph;

namespace MogaSharp.Weights;

/// <summary>Finds a network's weights in a checkpoint: under whatever key they lie, and whatever stands before their names.</summary>
internal sealed class NetworkWeights
{
    // Tensors of no module that say nothing about the network: what pretraining by masking hides patches with.
    private static readonly string[] HarmlessTensors = ["mask_token"];

    private readonly Checkpoint _checkpoint;
    private readonly IReadOnlyList<ParameterSpec> _specs;
    private readonly StateDictOptions _options;
    private readonly NameFitter _fitter;
    private readonly IReadOnlyList<WeightGroup> _groups;
    private readonly List<string> _notes = [];

    private NetworkWeights(Checkpoint checkpoint, IReadOnlyList<ParameterSpec> specs, StateDictOptions options)
    {
        _checkpoint = checkpoint;
        _specs = specs;
        _options = options;
        _fitter = new NameFitter(specs, options.Forms);
        _groups = WeightGroup.All(checkpoint);
    }

    public static StateDict Find(Checkpoint checkpoint, IReadOnlyList<ParameterSpec> specs, StateDictOptions options) =>
        new NetworkWeights(checkpoint, specs, options).Find();

    private StateDict Find()
    {
        (WeightGroup group, NameFit? fit) =
            _options.Key is { } key ? Named(key)
            : _options.Ema ? Average()
            : Plain();
        if (fit is null)
            return new StateDict(group.Tensors, Source(group)) { Notes = _notes };
        if (_options.Key is null && KeyKinds.Rank(group.Key) == int.MaxValue && !KeyKinds.IsAverage(group.Key))
            _notes.Add($"the weights were taken from {group.Title}");
        if (!KeyKinds.IsWrapper(fit.Prefix) && _options.Key is null)
            _notes.Add($"the prefix '{fit.Prefix}' of {Text.Count(fit.Matched, "name")} was left out");
        return Sorted(group, fit);
    }

    private (WeightGroup Group, NameFit? Fit) Named(string key)
    {
        WeightGroup group = Prepared(WeightChoice.Named(_checkpoint, _groups, key));
        if (_options.Ema)
            group = AverageBuffers.TakeFrom(group) ?? throw WeightChoice.NoAverage(_checkpoint, _groups);
        return Choose([Fits(group, _ => true)]) is { } named ? named : (group, null);
    }

    private (WeightGroup Group, NameFit? Fit) Plain()
    {
        if (
            Choose(
                WeightChoice.Candidates(_groups, ema: false).Select(group => Fits(Prepared(group), prefix => !KeyKinds.IsAverage(prefix)))
            ) is
            { } plain
        )
            return plain;
        if (
            Choose(_groups.Where(group => !KeyKinds.IsOptimizer(group.Key)).Select(group => Fits(Prepared(group), _ => true))) is
            { } average
        )
        {
            _notes.Add("the file has a moving average only, which was taken");
            return average;
        }

        return (Prepared(WeightChoice.ByKey(_checkpoint, _groups, ema: false)), null);
    }

    private (WeightGroup Group, NameFit? Fit) Average()
    {
        if (Choose(WeightChoice.Candidates(_groups, ema: true).Select(group => Fits(Prepared(group), _ => true))) is { } byKey)
            return byKey;
        WeightGroup[] others = [.. WeightChoice.Candidates(_groups, ema: false).Select(Prepared)];
        if (Choose(others.Select(group => Fits(group, KeyKinds.IsAverage))) is { } byPrefix)
            return byPrefix;
        foreach (WeightGroup group in others)
        {
            if (AverageBuffers.TakeFrom(group) is not { } averaged || Choose([Fits(averaged, _ => true)]) is not { } buffers)
                continue;
            _notes.Add("the moving average has no running statistics; those of the weights themselves were taken");
            return buffers;
        }

        // What torch's AveragedModel saves is the average, under "module." and with a counter beside it.
        if (
            Choose(
                others
                    .Where(group => Array.Exists(group.Tensors, tensor => tensor.Name == "n_averaged"))
                    .Select(group => Fits(group, _ => true))
            ) is
            { } model
        )
            return model;
        throw WeightChoice.NoAverage(_checkpoint, _groups);
    }

    private (WeightGroup Group, IReadOnlyList<NameFit> Fits) Fits(WeightGroup group, Func<string, bool> accept) =>
        (group, _fitter.Best(Names(group), accept));

    private WeightGroup Prepared(WeightGroup group)
    {
        group = group.WithoutInnerWrappers();
        return group with { Tensors = NameForms.JoinQueriesKeysValues(group.Tensors) };
    }

    /// <summary>The fit with the most of the network's tensors; the more usual key and prefix when several have as many.</summary>
    private (WeightGroup Group, NameFit Fit)? Choose(IEnumerable<(WeightGroup Group, IReadOnlyList<NameFit> Fits)> all)
    {
        var fits = all.SelectMany(item => item.Fits.Select(fit => (item.Group, Fit: fit))).ToList();
        if (fits.Count == 0)
            return null;
        int most = fits.Max(item => item.Fit.Matched);
        var best = fits.Where(item => item.Fit.Matched == most).OrderBy(Rank).ToList();
        // What hardly fits is a mismatch, which has a message of its own.
        if (best.Count == 1 || 2 * most < _specs.Count)
            return best[0];
        string others = Text.Sample([.. best.Skip(1).Select(Path)], 3);
        if (Rank(best[0]) == Rank(best[1]))
        {
            string sets = Text.Sample([.. best.Select(item => $"'{Path(item)}' ({Text.Count(most, "tensor")})")], 5);
            throw new CheckpointFormatException(
                _checkpoint.FileName,
                $"The file holds several sets of weights that fit: {sets}. Name one with --key."
            );
        }

        _notes.Add($"the weights were taken from '{Path(best[0])}'; {others} fit as well (--key takes them)");
        return best[0];
    }

    private static string Path((WeightGroup Group, NameFit Fit) item) =>
        string.Join('/', new[] { item.Group.Key, item.Fit.Prefix.TrimEnd('.') }.Where(part => part.Length > 0)) is { Length: > 0 } path
            ? path
            : "top level";

    private static long Rank((WeightGroup Group, NameFit Fit) item) =>
        (3L * KeyKinds.Rank(item.Group.Key))
        + (
            item.Fit.Prefix.Length == 0 ? 0
            : KeyKinds.IsWrapper(item.Fit.Prefix) ? 1
            : 2
        );

    private StateDict Sorted(WeightGroup group, NameFit fit)
    {
        (group, string[] averages) = AverageBuffers.Separate(group);
        var needed = _specs.ToDictionary(spec => spec.Name, StringComparer.Ordinal);
        var modules = new HashSet<string>(_specs.Select(spec => Module(spec.Name)), StringComparer.Ordinal);
        var own = new List<TensorEntry>();
        var foreign = new List<TensorEntry>();
        var beside = new List<TensorEntry>();
        foreach (TensorEntry tensor in group.Tensors)
        {
            string? name = _fitter.Rename(fit, tensor.Name);
            if (name is null || _fitter.IsLeftAside(name))
                beside.Add(tensor);
            else if (needed.TryGetValue(name, out ParameterSpec? spec))
                own.Add(Shaped(tensor.WithName(name), spec, fit));
            else if (IsBeside(name, tensor, modules))
                beside.Add(tensor);
            else
                foreign.Add(tensor.WithName(name));
        }

        string? repeated = own.GroupBy(tensor => tensor.Name).FirstOrDefault(names => names.Count() > 1)?.Key;
        if (repeated is not null)
            throw new CheckpointFormatException(
                _checkpoint.FileName,
                $"Two tensors are named '{repeated}' once their prefixes are removed."
            );
        HashSet<string> found = [.. own.Select(tensor => tensor.Name)];
        bool isComplete = _specs.All(spec =>
            spec.IsOptional
            || found.Contains(spec.Name)
            || _options.MayLack.Any(prefix => spec.Name.StartsWith(prefix, StringComparison.Ordinal))
        );
        if (!isComplete)
            return new StateDict([.. own, .. foreign, .. beside.Where(tensor => !found.Contains(tensor.Name))], Source(group, fit.Prefix))
            {
                Notes = _notes,
            };

        string[] left = [.. beside.Where(tensor => !_fitter.IsLeftAside(tensor.Name)).Select(tensor => tensor.Name)];
        if (averages.Length > 0)
            _notes.Add(
                $"{Text.Count(averages.Length, "tensor")} of a moving average left aside (the first: {Text.Clip(averages[0])}); --ema "
                    + "takes them"
            );
        if (left.Length > 0)
            _notes.Add($"{Text.Count(left.Length, "tensor")} beside the network's left aside ({Text.Sample(left, 3)})");
        return new StateDict([.. own, .. foreign], Source(group, fit.Prefix)) { Notes = _notes };
    }

    /// <summary>
    /// Whether a tensor is of a module that the network does not have at all, such as an auxiliary head. One of a module that it has, or of
    /// one more in a row of modules (blocks5 after blocks4), means another network.
    /// </summary>
    private static bool IsBeside(string name, TensorEntry tensor, HashSet<string> modules)
    {
        string module = Module(name);
        if (module.Length == name.Length)
            return tensor.Shape.ElementCount <= 1 || HarmlessTensors.Contains(name);
        return !modules.Contains(module) && !modules.Any(known => Row(known) == Row(module));
    }

    private static string Module(string name) => name.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot ? name[..dot] : name;

    private static string Row(string module) => module.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9');

    // Other projects keep layer scales as C x 1 x 1.
    private static TensorEntry Shaped(TensorEntry tensor, ParameterSpec spec, NameFit fit) =>
        fit.Form != 0 && tensor.Shape != spec.Shape && Plain(tensor.Shape).SequenceEqual(Plain(spec.Shape))
            ? tensor.WithShape(spec.Shape)
            : tensor;

    private static long[] Plain(Shape shape) => Array.FindAll(shape.Extents.ToArray(), extent => extent != 1);

    private static IReadOnlyList<string> Names(WeightGroup group) => [.. group.Tensors.Select(tensor => tensor.Name)];

    private string Source(WeightGroup group, string prefix = "")
    {
        string[] places =
        [
            .. new[] { group.Key, KeyKinds.IsWrapper(prefix) ? "" : $"names after '{prefix}'" }.Where(place => place.Length > 0),
        ];
        return places.Length == 0 ? _checkpoint.FileName : $"{_checkpoint.FileName} ({string.Join(", ", places.Select(Text.Clip))})";
    }
}
