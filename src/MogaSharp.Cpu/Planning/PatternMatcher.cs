using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <summary>
/// Recognizes fused patterns. A producer may be fused only when every reader of it lies in the pattern; what a match
/// swallows is remembered, so matches have to be asked for from the outputs upwards.
/// </summary>
internal sealed partial class PatternMatcher
{
    private readonly Shape[] _shapes;
    private readonly GraphReaders _readers;
    private readonly HashSet<Value> _fused = [];
    private readonly Dictionary<Value, int> _views = [];
    private readonly Dictionary<Value, (string Scope, string Reason)> _rejections = [];

    public PatternMatcher(ComputationGraph graph, Shape[] shapes)
    {
        _shapes = shapes;
        _readers = graph.Readers;
    }

    /// <summary>Why a fused step that nearly fitted was not taken for a value; null when none came near.</summary>
    public (string Scope, string Reason)? Rejection(Value value) =>
        _rejections.TryGetValue(value, out (string, string) refusal) ? refusal : null;

    /// <summary>How many values and outputs read a value.</summary>
    public int Uses(Value value) => _readers.Count(value);

    /// <summary>True when a value is computed inside another step.</summary>
    public bool IsFused(Value value) => _fused.Contains(value);

    /// <summary>True for a graph input that only patches are cut from, so that it need not be brought into the arena.</summary>
    public bool IsReadByPatchesOnly(Value value) =>
        value.Op is Input
        && !_readers.IsOutput(value)
        && _readers[value].All(reader => reader.Value.Op is Conv2d { Groups: 1, IsPointwise: false } conv && !WinogradWeights.Suit(conv));

    /// <summary>True for a range of channels that everyone reads where it lies.</summary>
    public bool IsOnlyViewed(Value value) => _views.GetValueOrDefault(value) == Uses(value);

    /// <summary>True for a value whose mean over rows and columns is asked for.</summary>
    public bool IsPooled(Value value) => _readers[value].Any(reader => reader.Value.Op is GlobalAveragePool);

    // act(act(sum)) or a bare sum with a shortcut.
    private MatrixPattern? Core(Value value, List<Value> fused)
    {
        var activations = new List<ActivationKind>();
        while (value.Op is Activation activation)
        {
            if (activations.Count == 2 || (activations.Count == 1 && activations[0] != activation.Function))
                return null;
            activations.Add(activation.Function);
            value = value.Inputs[0];
            if (Uses(value) > 1)
                return null;
            fused.Add(value);
        }

        if (Terms(value, fused) is not { } sum || (activations.Count > 0 && sum.Shortcut is not null))
            return null;
        return new MatrixPattern(sum.Main.Op, sum.Main.Inputs[0], [.. activations], sum.Main.Scope)
        {
            ImageBias = sum.ImageBias,
            RankOne = (Conv2d?)sum.RankOne?.Op,
            RankOneFactor = sum.RankOne?.Inputs[0],
            Combine = sum.Shortcut is null ? CombineKind.None : CombineKind.AddScaled,
            Other = sum.Shortcut,
        };
    }

    private sealed record Sum(Value Main)
    {
        public Value? RankOne { get; init; }

        public Value? ImageBias { get; init; }

        public ShortcutTerm? Shortcut { get; init; }
    }

    // A sum's terms: one convolution, and at most one each of a rank-one product, a bias per image and another map.
    private Sum? Terms(Value root, List<Value> fused)
    {
        var terms = new List<Value>();
        Flatten(root, isRoot: true);
        Shape shape = ShapeOf(root);
        Value? main = terms.Where(IsProduct).OrderByDescending(term => ((Conv2d)term.Op).InChannels).FirstOrDefault();
        if (main is null)
            return null;
        if (main != root)
            fused.Add(main);
        var sum = new Sum(main);
        foreach (Value term in terms.Where(term => term != main))
        {
            if (sum.RankOne is null && IsProduct(term) && term.Op is Conv2d { IsPointwise: true, InChannels: 1, Bias: null })
            {
                sum = sum with { RankOne = term };
                fused.Add(term);
            }
            else if (sum.ImageBias is null && ShapeOf(term) == new Shape(shape[0], shape[1], 1, 1) && ShapeOf(term) != shape)
            {
                sum = sum with { ImageBias = term };
            }
            else if (sum.Shortcut is null && ShapeOf(term) == shape && term.Op is ChannelAffine affine && Uses(term) == 1)
            {
                sum = sum with { Shortcut = new(term.Inputs[0], affine.Scale, affine.Shift) };
                fused.Add(term);
            }
            else if (sum.Shortcut is null && ShapeOf(term) == shape)
            {
                sum = sum with { Shortcut = new(term) };
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
            && (term == root || (Uses(term) == 1 && terms.Count(other => other == term) == 1));

        void Flatten(Value value, bool isRoot)
        {
            if (value.Op is Binary { Function: BinaryKind.Add } && (isRoot || (Uses(value) == 1 && ShapeOf(value) == ShapeOf(root))))
            {
                if (!isRoot)
                    fused.Add(value);
                foreach (Value input in value.Inputs)
                    Flatten(input, isRoot: false);
            }
            else
            {
                terms.Add(value);
            }
        }
    }

    // For a pattern that has been taken and reads floats wherever they lie.
    private ValueView View(Value value)
    {
        if (value.Op is not ChannelSlice slice)
            return new ValueView(value, 0);
        _views[value] = _views.GetValueOrDefault(value) + 1;
        return new ValueView(value.Inputs[0], slice.Start);
    }

    private T? Reject<T>(Value root, Value at, string pattern, string reason)
        where T : class
    {
        _rejections[root] = (at.Scope, $"no {pattern}: {reason}");
        return null;
    }

    private void Fuse(IEnumerable<Value> values) => _fused.UnionWith(values);

    private Shape ShapeOf(Value value) => _shapes[value.Index];

    public static bool KeepsSize(Conv2d conv) =>
        conv.Stride == 1 && conv.Kernel % 2 == 1 && conv.Padding == conv.Dilation * (conv.Kernel / 2);
}
