using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <summary>
/// Recognises fused patterns. A producer may be swallowed only when every reader of it lies in the pattern; what a match
/// swallows is remembered, so matches have to be asked for from the outputs upwards.
/// </summary>
internal sealed partial class PatternMatcher
{
    private readonly Shape[] _shapes;
    private readonly int[] _uses;
    private readonly ILookup<Value, Value> _readers;
    private readonly HashSet<Value> _swallowed = [];
    private readonly Dictionary<Value, (string Scope, string Reason)> _refusals = [];

    public PatternMatcher(ComputationGraph graph, Shape[] shapes)
    {
        _shapes = shapes;
        _uses = new int[shapes.Length];
        foreach (Value value in graph.Values)
        foreach (Value input in value.Inputs)
            _uses[input.Index]++;
        foreach ((_, Value output) in graph.Outputs)
            _uses[output.Index]++;
        _readers = graph
            .Values.SelectMany(value => value.Inputs.Select(input => (input, value)))
            .ToLookup(pair => pair.input, pair => pair.value);
    }

    /// <summary>Why a fused step that nearly fitted was not taken for a value; null when none came near.</summary>
    public (string Scope, string Reason)? Refusal(Value value) =>
        _refusals.TryGetValue(value, out (string, string) refusal) ? refusal : null;

    /// <summary>How many values and outputs read a value.</summary>
    public int Uses(Value value) => _uses[value.Index];

    /// <summary>True when a value is computed inside another step.</summary>
    public bool IsSwallowed(Value value) => _swallowed.Contains(value);

    /// <summary>True for a graph input that only patches are cut from, so that it need not be brought into the arena.</summary>
    public bool IsReadByPatchesOnly(Value value) =>
        value.Op is Input
        && _uses[value.Index] == _readers[value].Count()
        && _readers[value].All(reader => reader.Op is Conv2d { Groups: 1, IsPointwise: false });

    /// <summary>True for a value whose mean over rows and columns is asked for.</summary>
    public bool IsPooled(Value value) => _readers[value].Any(reader => reader.Op is GlobalAveragePool);

    public MatrixPattern? Matrix(Value root)
    {
        if (root.Op is Linear linear)
            return WithNorm(new MatrixPattern(linear, root.Inputs[0], [], root.Scope)) is { Norm: not null } normed ? normed : null;
        if (root.Op is Binary { Function: BinaryKind.Multiply })
        {
            for (int i = 1; i >= 0; i--)
            {
                (Value core, Value other) = (root.Inputs[i], root.Inputs[1 - i]);
                if (core == other || _uses[core.Index] > 1 || ShapeOf(core) != ShapeOf(root) || ShapeOf(other) != ShapeOf(root))
                    continue;
                var swallowed = new List<Value> { core };
                if (Core(core, swallowed) is not { Combine: CombineKind.None } pattern)
                    continue;
                Swallow(swallowed);
                return WithNorm(pattern with { Combine = CombineKind.Multiply, Other = other });
            }

            return null;
        }

        var inside = new List<Value>();
        MatrixPattern? match = Core(root, inside);
        if (match is null)
            return null;
        Swallow(inside);
        return WithNorm(match);
    }

    // A norm that nobody else reads is done as the product's rows are read.
    private MatrixPattern WithNorm(MatrixPattern pattern)
    {
        if (
            pattern.Main is Conv2d { IsPointwise: false }
            || pattern.Input.Op is not LayerNorm norm
            || _uses[pattern.Input.Index] > 1
            || pattern.Other == pattern.Input
        )
            return pattern;
        Swallow([pattern.Input]);
        return pattern with { Norm = norm, Input = pattern.Input.Inputs[0] };
    }

    public ChannelAggregationPattern? ChannelAggregation(Value root)
    {
        var swallowed = new List<Value>();
        if (Terms(root, swallowed) is not { Main.Op: Conv2d { IsPointwise: true } project } sum || sum.ImageBias is not null)
            return null;
        const string Block = "channel aggregation";
        Value active = sum.Main.Inputs[0];
        if (active.Op is not Activation activation)
            return null;
        Value depthwise = active.Inputs[0],
            expand = depthwise.Op is Conv2d ? depthwise.Inputs[0] : depthwise;
        if (depthwise.Op is not Conv2d { IsDepthwise: true } filter)
            return null;
        if (activation.Function != ActivationKind.Gelu)
            return Refuse<ChannelAggregationPattern>(root, active, Block, $"the activation is {activation.Function}, not Gelu");
        if (filter.Dilation != 1 || !KeepsSize(filter))
            return Refuse<ChannelAggregationPattern>(root, active, Block, "the depthwise convolution is dilated or changes the size");
        if (_uses[depthwise.Index] > 1)
            return Refuse<ChannelAggregationPattern>(
                root,
                active,
                Block,
                $"the depthwise convolution is read {_uses[depthwise.Index]} times"
            );
        if (expand.Op is not Conv2d { IsPointwise: true } expansion)
            return Refuse<ChannelAggregationPattern>(root, active, Block, "no 1x1 convolution comes before the depthwise one");
        if (_uses[expand.Index] > 1)
            return Refuse<ChannelAggregationPattern>(root, active, Block, $"the first 1x1 convolution is read {_uses[expand.Index]} times");
        var pattern = new ChannelAggregationPattern(expand.Inputs[0], expansion, filter, project, active.Scope)
        {
            Other = sum.Other,
            OtherScale = sum.OtherScale,
            OtherShift = sum.OtherShift,
        };
        swallowed.AddRange([active, depthwise, expand]);
        if (sum.RankOne is { } rankOne)
        {
            Value factor = rankOne.Inputs[0],
                dot = factor.Inputs.Count > 0 ? factor.Inputs[0] : factor;
            if (
                factor.Op is not Activation { Function: ActivationKind.Gelu }
                || dot.Op is not Conv2d { IsPointwise: true, OutChannels: 1 } decompose
                || dot.Inputs[0] != active
            )
                return Refuse<ChannelAggregationPattern>(
                    root,
                    active,
                    Block,
                    "the subtracted number is not GELU of one 1x1 convolution of the hidden channels"
                );
            if (_uses[factor.Index] > 1 || _uses[dot.Index] > 1)
                return Refuse<ChannelAggregationPattern>(root, active, Block, "the subtracted number is read by others");
            pattern = pattern with { Decompose = decompose, RankOne = (Conv2d)rankOne.Op };
            swallowed.AddRange([factor, dot]);
        }

        if (_uses[active.Index] != (sum.RankOne is null ? 1 : 2))
            return Refuse<ChannelAggregationPattern>(root, active, Block, "the hidden channels are read by others");
        Swallow(swallowed);
        return pattern;
    }

    /// <param name="root">The value.</param>
    /// <param name="fewestPixels">With fewer, threads share the work better by columns, which one step for all three products does not
    /// allow.</param>
    public GatedProjectionPattern? GatedProjection(Value root, int fewestPixels)
    {
        var swallowed = new List<Value>();
        if (Terms(root, swallowed) is not { Main.Op: Conv2d { IsPointwise: true } project, RankOne: null, ImageBias: null } sum)
            return null;
        Value product = sum.Main.Inputs[0];
        const string Block = "gated projection";
        if (product.Op is not Binary { Function: BinaryKind.Multiply } || product.Inputs[0] == product.Inputs[1])
            return null;
        if (_uses[product.Index] > 1)
            return Refuse<GatedProjectionPattern>(root, sum.Main, Block, $"the gated product is read {_uses[product.Index]} times");
        swallowed.Add(product);
        MatrixPattern?[] branches =
        [
            .. product.Inputs.Select(input =>
            {
                if (_uses[input.Index] > 1 || ShapeOf(input) != ShapeOf(product))
                    return null;
                swallowed.Add(input);
                return Core(input, swallowed);
            }),
        ];
        if (branches is not [{ Main: Conv2d { IsPointwise: true } gate } first, { Main: Conv2d { IsPointwise: true } context } second])
            return Refuse<GatedProjectionPattern>(root, sum.Main, Block, "a side of the gate is no 1x1 convolution, or is read by others");
        if (!first.IsPlain || !second.IsPlain)
            return Refuse<GatedProjectionPattern>(root, sum.Main, Block, "a side of the gate has a shortcut or a bias per image");
        if (!first.Activation.SequenceEqual(second.Activation))
            return Refuse<GatedProjectionPattern>(root, sum.Main, Block, "the two sides have different activations");
        int pixels = MapLayout.Of(ShapeOf(root)).Pixels;
        if (pixels < fewestPixels)
            return Refuse<GatedProjectionPattern>(
                root,
                sum.Main,
                Block,
                $"{pixels} pixels are few, so that the threads share out columns instead"
            );
        Swallow(swallowed);
        return new GatedProjectionPattern(gate, first.Input, context, second.Input, first.Activation, project, sum.Main.Scope)
        {
            Other = sum.Other,
            OtherScale = sum.OtherScale,
            OtherShift = sum.OtherShift,
        };
    }

    public MultiOrderPattern? MultiOrder(Value root)
    {
        const string Orders = "multi-order depthwise";
        if (root.Op is not ChannelConcat)
            return null;
        var swallowed = new List<Value>();
        var branches = new List<(int Start, int Length, Conv2d? Conv)>();
        Value? common = null;
        int next = 0;
        foreach (Value part in root.Inputs)
        {
            if (_uses[part.Index] > 1)
                return Refuse<MultiOrderPattern>(root, root, Orders, $"a part is read {_uses[part.Index]} times");
            swallowed.Add(part);
            Value slice = part;
            var conv = part.Op as Conv2d;
            if (conv is not null)
            {
                slice = part.Inputs[0];
                if (!conv.IsDepthwise || !KeepsSize(conv))
                    return Refuse<MultiOrderPattern>(root, root, Orders, "a part is no depthwise convolution that keeps the size");
                if (_uses[slice.Index] > 1)
                    return Refuse<MultiOrderPattern>(root, root, Orders, $"a range of channels is read {_uses[slice.Index]} times");
                swallowed.Add(slice);
            }

            if (slice.Op is not ChannelSlice range || range.Start != next)
                return Refuse<MultiOrderPattern>(root, root, Orders, "the parts are not the ranges of one map in order");
            common ??= slice.Inputs[0];
            if (slice.Inputs[0] != common)
                return Refuse<MultiOrderPattern>(root, root, Orders, "the parts come from different maps");
            branches.Add((range.Start, range.Length, conv));
            next += range.Length;
        }

        if (common?.Op is not Conv2d { IsDepthwise: true } first || !KeepsSize(first))
            return Refuse<MultiOrderPattern>(root, root, Orders, "no depthwise convolution that keeps the size comes first");
        if (next != first.OutChannels || branches.All(branch => branch.Conv is null))
            return Refuse<MultiOrderPattern>(root, root, Orders, "the parts leave channels out, or none is a convolution");
        if (_uses[common.Index] != branches.Count)
            return Refuse<MultiOrderPattern>(root, root, Orders, "the first convolution is read by others");
        Swallow([.. swallowed, common]);
        return new MultiOrderPattern(common.Inputs[0], first, branches);
    }

    public DepthwisePattern? Depthwise(Value root)
    {
        if (root.Op is Conv2d { IsDepthwise: true } conv)
            return new DepthwisePattern(Input(root, conv), conv, null);
        if (
            root.Op is not Activation activation
            || root.Inputs[0] is not { Op: Conv2d { IsDepthwise: true } inner } filter
            || _uses[filter.Index] > 1
        )
            return null;
        Swallow([filter]);
        return new DepthwisePattern(Input(filter, inner), inner, activation.Function);

        ValueView Input(Value value, Conv2d op) => KeepsSize(op) ? View(value.Inputs[0]) : new ValueView(value.Inputs[0], 0);
    }

    // act(act(sum)) or a bare sum with a shortcut.
    private MatrixPattern? Core(Value value, List<Value> swallowed)
    {
        var activations = new List<ActivationKind>();
        while (value.Op is Activation activation)
        {
            if (activations.Count == 2 || (activations.Count == 1 && activations[0] != activation.Function))
                return null;
            activations.Add(activation.Function);
            value = value.Inputs[0];
            if (_uses[value.Index] > 1)
                return null;
            swallowed.Add(value);
        }

        if (Terms(value, swallowed) is not { } sum || (activations.Count > 0 && sum.Other is not null))
            return null;
        return new MatrixPattern(sum.Main.Op, sum.Main.Inputs[0], [.. activations], sum.Main.Scope)
        {
            ImageBias = sum.ImageBias,
            RankOne = (Conv2d?)sum.RankOne?.Op,
            RankOneFactor = sum.RankOne?.Inputs[0],
            Combine = sum.Other is null ? CombineKind.None : CombineKind.AddScaled,
            Other = sum.Other,
            OtherScale = sum.OtherScale,
            OtherShift = sum.OtherShift,
        };
    }

    private sealed record Sum(Value Main)
    {
        public Value? RankOne { get; init; }

        public Value? ImageBias { get; init; }

        public Value? Other { get; init; }

        public string? OtherScale { get; init; }

        public string? OtherShift { get; init; }
    }

    // A sum's terms: one convolution, and at most one each of a rank-one product, a bias per image and another map.
    private Sum? Terms(Value root, List<Value> swallowed)
    {
        var terms = new List<Value>();
        Flatten(root, isRoot: true);
        Shape shape = ShapeOf(root);
        Value? main = terms.Where(IsProduct).OrderByDescending(term => ((Conv2d)term.Op).InChannels).FirstOrDefault();
        if (main is null)
            return null;
        if (main != root)
            swallowed.Add(main);
        var sum = new Sum(main);
        foreach (Value term in terms.Where(term => term != main))
        {
            if (sum.RankOne is null && IsProduct(term) && term.Op is Conv2d { IsPointwise: true, InChannels: 1, Bias: null })
            {
                sum = sum with { RankOne = term };
                swallowed.Add(term);
            }
            else if (sum.ImageBias is null && ShapeOf(term) == new Shape(shape[0], shape[1], 1, 1) && ShapeOf(term) != shape)
            {
                sum = sum with { ImageBias = term };
            }
            else if (sum.Other is null && ShapeOf(term) == shape && term.Op is ChannelAffine affine && _uses[term.Index] == 1)
            {
                sum = sum with { Other = term.Inputs[0], OtherScale = affine.Scale, OtherShift = affine.Shift };
                swallowed.Add(term);
            }
            else if (sum.Other is null && ShapeOf(term) == shape)
            {
                sum = sum with { Other = term };
            }
            else
            {
                return null;
            }
        }

        return sum;

        bool IsProduct(Value term) =>
            term.Op is Conv2d { Groups: 1 }
            && ShapeOf(term) == shape
            && (term == root || (_uses[term.Index] == 1 && terms.Count(other => other == term) == 1));

        void Flatten(Value value, bool isRoot)
        {
            if (value.Op is Binary { Function: BinaryKind.Add } && (isRoot || (_uses[value.Index] == 1 && ShapeOf(value) == ShapeOf(root))))
            {
                if (!isRoot)
                    swallowed.Add(value);
                foreach (Value input in value.Inputs)
                    Flatten(input, isRoot: false);
            }
            else
            {
                terms.Add(value);
            }
        }
    }

    private T? Refuse<T>(Value root, Value at, string pattern, string reason)
        where T : class
    {
        _refusals[root] = (at.Scope, $"no {pattern}: {reason}");
        return null;
    }

    private void Swallow(IEnumerable<Value> values) => _swallowed.UnionWith(values);

    private Shape ShapeOf(Value value) => _shapes[value.Index];

    public static bool KeepsSize(Conv2d conv) =>
        conv.Stride == 1 && conv.Kernel % 2 == 1 && conv.Padding == conv.Dilation * (conv.Kernel / 2);
}
