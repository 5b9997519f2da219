using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Steps;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <summary>Steps of the networks that MogaNet is compared with.</summary>
internal sealed partial class PlanCompiler<S, V>
{
    private MapView ViewOf(ValueView view) => new(SlotOf(view.Value), view.Channel);

    private Layer LayerOf(Conv2d conv, string? shift = null) =>
        new(_store.ConvMatrix(conv), _store.Vector(conv.OutChannels, conv.Bias, shift));

    private Shortcut? ShortcutOf(ShortcutTerm? term, int channels) =>
        term is null ? null : new(SlotOf(term.Map), _store.VectorOrOnes(channels, term.Scale));

    private Step Make(Value root, DepthwisePattern p)
    {
        (MapView x, Slot y) = (ViewOf(p.Input), SlotOf(root));
        ActivationKind[] activation = p.Activation is { } function ? [function] : [];
        VectorConstant bias = _store.Vector(p.Conv.OutChannels, p.Conv.Bias);
        return PatternMatcher.KeepsSize(p.Conv)
            ? ActivationChoice.Choose(
                activation,
                new DepthwiseFactory(x, p.Conv, _store.DepthwisePanels(p.Conv, 0, p.Conv.OutChannels), bias, y, _threads, root.Scope)
            )
            : ActivationChoice.Choose(activation, new AnyDepthwiseFactory(x.Slot, p.Conv, _store.DepthwiseTaps(p.Conv), bias, y));
    }

    private Step Make(Value root, GroupNormPattern p) =>
        ActivationChoice.Choose(
            p.Activation is { } function ? [function] : [],
            new GroupNormFactory(SlotOf(p.Input), p.Norm, _store, SlotOf(root), root.Scope)
        );

    private Step Make(Value root, GlobalFilterPattern p)
    {
        Shape map = _shapes[root.Index];
        return new GlobalFilterStep<S, V>(
            ViewOf(p.Input),
            _store.Tables.Filter(p.Filter, map[2], (map[3] / 2) + 1),
            SlotOf(root),
            _store.Tables.Waves(map[2]),
            _store.Tables.Waves(map[3])
        )
        {
            Scope = root.Scope,
        };
    }

    private Step Make(Value root, MlpPattern p) =>
        ActivationChoice.Choose(
            p.Activation,
            new MlpFactory(
                SlotOf(p.Input),
                p.Norm is null ? null : _store.Norm(p.Norm),
                LayerOf(p.Expand),
                string.Join(" -> ", p.Activation),
                LayerOf(p.Project, p.Shortcut?.Shift),
                ShortcutOf(p.Shortcut, p.Project.OutChannels),
                SlotOf(root),
                _threads,
                p.Scope
            )
        );

    private Step Make(Value root, GatedChainPattern p) =>
        new GatedChainStep<S, V>(
            ViewOf(p.First),
            ViewOf(p.Second),
            p.Channels,
            [.. p.Links.Select(link => (LayerOf(link.Conv), ViewOf(link.Factor)))],
            LayerOf(p.Project, p.Shortcut?.Shift),
            ShortcutOf(p.Shortcut, p.Project.OutChannels),
            SlotOf(root),
            _threads
        )
        {
            Scope = p.Scope,
        };

    private Step Make(Value root, AttentionPattern p)
    {
        Slot output = SlotOf(root);
        int tokens = p.Windows is { } windows ? windows.Window * windows.Window : output.Layout.Plane;
        Shape map = p.MaskMap is null ? default : _shapes[p.MaskMap.Index];
        return new AttentionStep<S, V>(
            new(
                ViewOf(p.Query),
                ViewOf(p.Key),
                ViewOf(p.Value),
                output,
                p.Scores.Heads,
                p.Depth,
                p.ValueDepth,
                (float)p.Scores.Scale,
                _store.Tables.ScoreStart(p.Bias, tokens)
            )
            {
                HasBias = p.Bias is not null,
                Window = p.Windows?.Window ?? 0,
                Shift = p.Windows?.Shift ?? 0,
                Mask = p.Mask is null ? null : _store.Tables.ScoreMask(p.Mask, map),
                Grid = p.Mask is null ? (1, 1) : (map[2] / p.Mask.Window, map[3] / p.Mask.Window),
            }
        )
        {
            Scope = p.Scope,
        };
    }
}
