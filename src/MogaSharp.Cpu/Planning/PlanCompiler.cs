using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Steps;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <summary>
/// Turns an optimized graph into steps for one input shape. Values are looked at from the outputs upwards; each either roots a
/// fused pattern, which swallows producers that nobody else reads, or becomes a general step. See <see cref="PatternMatcher"/>
/// for what is recognized.
/// </summary>
internal sealed partial class PlanCompiler<S, V>
    where S : struct, ISimd<V>
    where V : struct
{
    private const int MinGatedTiles = 8;

    // Tried in this order: what takes the most together comes first.
    private static readonly PatternRule[] Rules =
    [
        Rule((c, value) => c._patterns.ChannelAggregation(value), (c, value, pattern) => c.Make(value, pattern)),
        Rule((c, value) => c._patterns.GatedProjection(value, MinPixels), (c, value, pattern) => [c.Make(value, pattern)]),
        Rule((c, value) => c._patterns.Mlp(value, MinPixels), (c, value, pattern) => [c.Make(value, pattern)]),
        Rule((c, value) => c._patterns.GatedChain(value), (c, value, pattern) => [c.Make(value, pattern)]),
        Rule((c, value) => c._patterns.Attention(value), (c, value, pattern) => [c.Make(value, pattern)]),
        Rule((c, value) => c._patterns.Matrix(value), (c, value, pattern) => [c.Make(value, pattern)]),
        Rule((c, value) => c._patterns.MultiOrder(value), (c, value, pattern) => [c.Make(value, pattern)]),
        Rule((c, value) => c._patterns.Depthwise(value), (c, value, pattern) => [c.Make(value, pattern)]),
        Rule((c, value) => c._patterns.GroupNorm(value), (c, value, pattern) => [c.Make(value, pattern)]),
        Rule((c, value) => c._patterns.Transposed(value), (c, value, pattern) => c.Make(value, pattern)),
        Rule((c, value) => c._patterns.GlobalFilter(value), (c, value, pattern) => [c.Make(value, pattern)]),
    ];

    private readonly ComputationGraph _graph;
    private readonly Shape[] _shapes;
    private readonly PackedStore _store;
    private readonly PatternMatcher _patterns;
    private readonly Dictionary<Value, Slot> _slots = [],
        _rowSums = [];
    private readonly HashSet<Value> _general = [];
    private readonly int _threads;
    private int _nextInput;

    private PlanCompiler(ComputationGraph graph, Shape[] shapes, PackedStore store, int threads)
    {
        (_graph, _shapes, _store, _threads) = (graph, shapes, store, threads);
        _patterns = new PatternMatcher(graph, shapes);
    }

    /// <summary>Looks for a fused pattern at a value and says how its steps are made; null when the pattern is not there.</summary>
    private delegate Func<IEnumerable<Step>>? PatternRule(PlanCompiler<S, V> compiler, Value root);

    private static int MinPixels => MinGatedTiles * MatrixKernel<S, V>.TileRows;

    /// <summary>Compiles a graph.</summary>
    /// <param name="graph">Optimized for eval mode.</param>
    /// <param name="inputs">The input shapes.</param>
    /// <param name="store">The packed weights.</param>
    /// <param name="threads">Threads that will run it; decides how finely work is cut, not what is computed.</param>
    public static Plan Compile(ComputationGraph graph, ReadOnlySpan<Shape> inputs, PackedStore store, int threads) =>
        new PlanCompiler<S, V>(graph, graph.InferShapes(inputs), store, threads).Compile();

    private Plan Compile()
    {
        var roots = new Stack<Func<IEnumerable<Step>>>();
        foreach (Value value in _graph.Values.Reverse())
            if (!_patterns.IsFused(value))
                roots.Push(Root(value));

        var steps = new List<Step>();
        foreach (Func<IEnumerable<Step>> root in roots)
            steps.AddRange(root());
        for (int i = 0; i < _graph.Outputs.Count; i++)
            steps.Add(new OutputStep(i, SlotOf(_graph.Outputs[i].Value)) { Scope = _graph.Outputs[i].Name });
        int widest = _slots.Values.Max(slot => slot.Layout.Stride);
        return new Plan(steps, MatrixKernel<S, V>.MaxRows * Math.Max(widest, 64))
        {
            Notes = [.. _graph.Values.Select(Note).OfType<(string, string)>()],
        };
    }

    private (string Scope, string Reason)? Note(Value value) =>
        _patterns.IsFused(value) ? null
        : _general.Contains(value) && !(value.Op is GlobalAveragePool && _rowSums.ContainsKey(value.Inputs[0]))
            ? FusionNotes.Explain(value, _patterns)
        : _patterns.Rejection(value);

    private static PatternRule Rule<TPattern>(
        Func<PlanCompiler<S, V>, Value, TPattern?> match,
        Func<PlanCompiler<S, V>, Value, TPattern, IEnumerable<Step>> make
    )
        where TPattern : class => (compiler, root) => match(compiler, root) is { } pattern ? () => make(compiler, root, pattern) : null;

    // Patterns are matched at once, from the outputs upwards; steps are made later, from the inputs downwards.
    private Func<IEnumerable<Step>> Root(Value value)
    {
        foreach (PatternRule rule in Rules)
            if (rule(this, value) is { } steps)
                return steps;
        _general.Add(value);
        return () => value.Accept(this, value);
    }

    private Slot SlotOf(Value value)
    {
        // A clip lies as its frames do, one after another.
        while (value.Op is ClipToFrames or FramesToClip)
            value = value.Inputs[0];
        if (!_slots.TryGetValue(value, out Slot? slot))
            _slots[value] = slot = new Slot(MapLayout.Of(_shapes[value.Index]), value.ToString());
        return slot;
    }

    private Slot RowSumsOf(Value value) => _rowSums[value] = new Slot(SlotOf(value).Layout with { Width = 1 }, $"row sums of {value}");

    private IEnumerable<Step> Make(Value root, ChannelAggregationPattern p)
    {
        int channels = p.Project.OutChannels,
            hidden = p.Project.InChannels;
        Slot output = SlotOf(root);
        PackedMatrix project = _store.ConvMatrix(p.Project);
        int parts = AggregationParts.Count(output.Layout, hidden);
        MapLayout sums = output.Layout with { Images = output.Layout.Images * parts, Stride = (project.Vectors + 1) * S.Lanes };
        var operands = new ChannelAggregationOperands(
            SlotOf(p.Input),
            _store.ConvMatrix(p.Expand),
            _store.Vector(hidden, p.Expand.Bias),
            _store.DepthwisePanels(p.Depthwise, 0, hidden),
            _store.Vector(hidden, p.Depthwise.Bias),
            p.Depthwise.Kernel,
            project,
            _store.Vector(channels, p.Project.Bias, p.Shortcut?.Shift),
            output
        )
        {
            Decompose = p.Decompose is null ? null : _store.Vector(hidden, p.Decompose.Weight),
            DecomposeBias = p.Decompose?.Bias is { } bias ? _store.Raw(bias)[0] : 0,
            RankOneColumn = p.RankOne is null ? null : _store.Vector(channels, p.RankOne.Weight),
            Shortcut = ShortcutOf(p.Shortcut, channels),
            RowSums = _patterns.IsPooled(root) ? RowSumsOf(root) : null,
            Parts = parts,
            Partial = parts > 1 ? new Slot(sums, $"parts of {root}") : null,
        };
        yield return new ChannelAggregationStep<S, V>(operands, _threads) { Scope = p.Scope };
        if (parts > 1)
            yield return new AggregationSumStep<S, V>(operands) { Scope = p.Scope };
    }

    private Step Make(Value root, MatrixPattern p)
    {
        bool planar = _patterns.IsReadByPatchesOnly(p.Input);
        bool isWinograd = p.RankOne is null && p.Main is Conv2d square && WinogradWeights.Suit(square);
        (PackedMatrix weights, int columns, string? bias) = p.Main switch
        {
            Conv2d conv when isWinograd => (_store.WinogradMatrix(conv), conv.OutChannels, conv.Bias),
            Conv2d conv => (_store.ConvMatrix(conv, planar), conv.OutChannels, conv.Bias),
            Linear linear => (_store.LinearMatrix(linear), linear.OutFeatures, linear.Bias),
            _ => throw new GraphException($"{p.Main.Kind} is not a matrix product."),
        };
        Slot output = SlotOf(root);
        Slot? input = planar ? null : SlotOf(p.Input);
        var operands = new MatrixOperands<S, V>(input, weights, _store.Vector(columns, bias, p.Other?.Shift), output)
        {
            ImageBias = p.ImageBias is null ? null : SlotOf(p.ImageBias),
            RankOne = p.RankOneFactor is null ? null : SlotOf(p.RankOneFactor),
            RankOneColumn = p.RankOne is null ? null : _store.Vector(columns, p.RankOne.Weight),
            Other = ShortcutOf(p.Other, columns),
            Gather =
                p.Main is Conv2d { IsPointwise: false } patch && !isWinograd ? Gather(patch, p.Input, planar, output.Layout.Width) : null,
            Norm = p.Norm is null ? null : _store.Norm(p.Norm),
            GraphInput = planar ? _graph.Inputs.ToList().IndexOf(p.Input) : 0,
        };
        return isWinograd
            ? ActivationChoice.Choose(
                p.Activation,
                new WinogradFactory(p, operands, _store.Vector(MatrixKernel<S, V>.PanelVectors * S.Lanes, null))
            )
            : ActivationChoice.Choose(p.Activation, new MatrixFactory(p, operands, _threads));
    }

    private IEnumerable<Step> Make(Value root, TransposedPattern p)
    {
        var kernel = new TransposedKernel(p.Op);
        Conv2d conv = kernel.Conv;
        var fields = new Slot(MapLayout.Of(conv.InferShape([_shapes[p.Input.Index]])), $"fields of {root}");
        var pattern = new MatrixPattern(conv, p.Input, p.Activation, p.Scope);
        var operands = new MatrixOperands<S, V>(
            SlotOf(p.Input),
            _store.TransposedMatrix(kernel),
            _store.Tiled(kernel.Op.Bias, kernel.Op.OutChannels, kernel.Columns),
            fields
        )
        {
            Gather = conv.IsPointwise ? null : Gather(conv, p.Input, planar: false, fields.Layout.Width),
        };
        yield return ActivationChoice.Choose(p.Activation, new MatrixFactory(pattern, operands, _threads));
        yield return ResamplingSteps<S, V>.Interleave(fields, kernel, SlotOf(root));
    }

    private Step Make(Value root, GatedProjectionPattern p)
    {
        var gate = new Projection(SlotOf(p.GateInput), _store.ConvMatrix(p.Gate), _store.Vector(p.Gate.OutChannels, p.Gate.Bias));
        var context = new Projection(
            SlotOf(p.ContextInput),
            _store.ConvMatrix(p.Context),
            _store.Vector(p.Context.OutChannels, p.Context.Bias)
        );
        return ActivationChoice.Choose(
            p.Activation,
            new GatedFactory(p, gate, context, ShortcutOf(p.Shortcut, p.Project.OutChannels), SlotOf(root), _store, _threads)
        );
    }

    private PatchGather<S, V> Gather(Conv2d op, Value input, bool planar, int outputWidth)
    {
        MapLayout from = MapLayout.Of(_shapes[input.Index]);
        return new PatchGather<S, V>(
            from.Height,
            from.Width,
            from.Channels,
            from.Stride,
            planar,
            outputWidth,
            op.Kernel,
            op.Stride,
            op.Padding,
            op.Dilation
        );
    }

    private Step Make(Value root, MultiOrderPattern p)
    {
        int channels = p.Common.OutChannels;
        OrderBranch common = Branch(p.Common, 0, channels);
        OrderBranch[] branches =
        [
            .. p.Branches.Select(branch =>
                branch.Conv is null
                    ? new OrderBranch(branch.Start, branch.Length, 0, 1, null, null, _store.Mask(branch.Start, branch.Length, channels))
                    : Branch(branch.Conv, branch.Start, branch.Length)
            ),
        ];
        return new MultiOrderStep<S, V>(SlotOf(p.Input), common, branches, SlotOf(root)) { Scope = root.Scope };

        OrderBranch Branch(Conv2d conv, int start, int length) =>
            new(
                start,
                length,
                conv.Kernel,
                conv.Dilation,
                _store.DepthwisePanels(conv, start, channels),
                _store.Placed(conv.Bias, start, length, channels),
                _store.Mask(start, length, channels)
            );
    }
}
