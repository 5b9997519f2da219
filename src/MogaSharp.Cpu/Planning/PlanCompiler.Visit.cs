using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Steps;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <summary>A general step for every op of the closed set.</summary>
internal sealed partial class PlanCompiler<S, V> : IOpVisitor<Value, IEnumerable<Step>>
{
    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(Input op, Value y)
    {
        int index = _nextInput++;
        // Patches are cut straight from the caller's tensor.
        return _patterns.IsReadByPatchesOnly(y) ? [] : [new InputStep(index, SlotOf(y)) { Scope = op.Name }];
    }

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(Conv2d op, Value y) =>
        [
            new GroupedConvStep<S, V>(
                SlotOf(y.Inputs[0]),
                op,
                [.. Enumerable.Range(0, op.Groups).Select(group => _store.GroupMatrix(op, group))],
                _store.Tables.Rows(op.Bias, op.Groups, op.OutChannels / op.Groups),
                SlotOf(y)
            ),
        ];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(Linear op, Value y) =>
        [Make(y, new MatrixPattern(op, y.Inputs[0], [], y.Scope))];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(BatchNorm2d op, Value y) =>
        [
            GeneralSteps<S, V>.BatchNorm(
                SlotOf(y.Inputs[0]),
                _store.Vector(op.Channels, op.RunningMean),
                _store.InverseDeviation(op),
                _store.Vector(op.Channels, op.Bias),
                SlotOf(y)
            ),
        ];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(GroupNorm op, Value y) =>
        [Make(y, new GroupNormPattern(y.Inputs[0], op, null))];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(Activation op, Value y) =>
        [ActivationChoice.Choose([op.Function], new ActivationFactory(SlotOf(y.Inputs[0]), SlotOf(y), op.Kind))];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(GlobalAveragePool op, Value y)
    {
        Slot map = SlotOf(y.Inputs[0]);
        return [GeneralSteps<S, V>.Pool(_rowSums.GetValueOrDefault(y.Inputs[0], map), map.Layout.Plane, SlotOf(y))];
    }

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(Binary op, Value y) =>
        [GeneralSteps<S, V>.Binary(op.Function, Operand(y.Inputs[0]), Operand(y.Inputs[1]), Operand(y))];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(ChannelAffine op, Value y) =>
        [
            GeneralSteps<S, V>.Affine(
                SlotOf(y.Inputs[0]),
                _store.VectorOrOnes(op.Channels, op.Scale),
                _store.Vector(op.Channels, op.Shift),
                SlotOf(y)
            ),
        ];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(ChannelSlice op, Value y) =>
        _patterns.IsOnlyViewed(y) ? [] : [GeneralSteps<S, V>.Slice(SlotOf(y.Inputs[0]), op.Start, SlotOf(y))];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(ChannelConcat op, Value y)
    {
        int start = 0;
        foreach (Value part in y.Inputs)
        {
            yield return GeneralSteps<S, V>.CopyInto(SlotOf(part), SlotOf(y), start);
            start += _shapes[part.Index][1];
        }
    }

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(LayerNorm op, Value y) =>
        [TokenSteps<S, V>.LayerNorm(SlotOf(y.Inputs[0]), _store.Norm(op), SlotOf(y))];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(Softmax op, Value y) =>
        _shapes[y.Index].Rank == 2
            ? [TokenSteps<S, V>.SoftmaxOfChannels(SlotOf(y.Inputs[0]), SlotOf(y))]
            : [TokenSteps<S, V>.SoftmaxOfRows(SlotOf(y.Inputs[0]), SlotOf(y))];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(QueryKeyProduct op, Value y) =>
        [TokenSteps<S, V>.Scores(SlotOf(y.Inputs[0]), SlotOf(y.Inputs[1]), (float)op.Scale, SlotOf(y))];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(AttentionOutput op, Value y) =>
        [TokenSteps<S, V>.Values(SlotOf(y.Inputs[0]), SlotOf(y.Inputs[1]), op.Heads, SlotOf(y))];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(RelativePositionBias op, Value y) =>
        [
            TokenSteps<S, V>.PositionBias(
                SlotOf(y.Inputs[0]),
                op,
                _store.Tables.Rows(op.Table, ((2 * op.Window) - 1) * ((2 * op.Window) - 1), op.Heads),
                SlotOf(y)
            ),
        ];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(WindowPartition op, Value y) =>
        [TokenSteps<S, V>.Windows(SlotOf(y.Inputs[0]), SlotOf(y), op.Window, op.Shift, isMerge: false)];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(WindowMerge op, Value y) =>
        [TokenSteps<S, V>.Windows(SlotOf(y.Inputs[0]), SlotOf(y), op.Window, op.Shift, isMerge: true)];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(WindowMask op, Value y) =>
        [TokenSteps<S, V>.Mask(SlotOf(y.Inputs[0]), op, _shapes[y.Inputs[1].Index], SlotOf(y))];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(TokensToChannels op, Value y) =>
        [SpatialSteps<S, V>.Transpose(SlotOf(y.Inputs[0]), SlotOf(y))];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(ChannelsToTokens op, Value y) =>
        [SpatialSteps<S, V>.Transpose(SlotOf(y.Inputs[0]), SlotOf(y))];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(ScalarMultiply op, Value y) =>
        [GeneralSteps<S, V>.Multiply(SlotOf(y.Inputs[0]), (float)op.Factor, SlotOf(y))];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(AveragePool2d op, Value y) =>
        [SpatialSteps<S, V>.AveragePool(SlotOf(y.Inputs[0]), op.Kernel, SlotOf(y))];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(PixelShuffle op, Value y) =>
        [SpatialSteps<S, V>.PixelShuffle(SlotOf(y.Inputs[0]), op.Factor, SlotOf(y))];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(PatchMerge op, Value y) =>
        [SpatialSteps<S, V>.PatchMerge(SlotOf(y.Inputs[0]), SlotOf(y))];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(ChannelShuffle op, Value y) =>
        [SpatialSteps<S, V>.ChannelShuffle(SlotOf(y.Inputs[0]), op.Groups, SlotOf(y))];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(CircularConv op, Value y)
    {
        Shape map = _shapes[y.Index];
        VectorConstant taps = _store.Tables.Resized(op.Weight, op.Channels, op.Size, map[op.Axis == MapAxis.Height ? 2 : 3]);
        return [SpatialSteps<S, V>.CircularConv(SlotOf(y.Inputs[0]), op.Axis, taps, _store.Vector(op.Channels, op.Bias), SlotOf(y))];
    }

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(PositionEmbedding op, Value y)
    {
        Shape map = _shapes[y.Index];
        return
        [
            SpatialSteps<S, V>.AddPlaces(
                SlotOf(y.Inputs[0]),
                op.Axis,
                _store.Tables.Resized(op.Embedding, op.Channels, op.Size, map[op.Axis == MapAxis.Height ? 2 : 3]),
                SlotOf(y)
            ),
        ];
    }

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(RealFft2d op, Value y)
    {
        Shape map = _shapes[y.Inputs[0].Index];
        return [new FourierStep<S, V>(SlotOf(y.Inputs[0]), SlotOf(y), _store.Tables.Waves(map[2]), _store.Tables.Waves(map[3]))];
    }

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(InverseRealFft2d op, Value y)
    {
        Shape map = _shapes[y.Index];
        return [new InverseFourierStep<S, V>(SlotOf(y.Inputs[0]), SlotOf(y), _store.Tables.Waves(map[2]), _store.Tables.Waves(map[3]))];
    }

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(SpectralFilter op, Value y)
    {
        Shape spectrum = _shapes[y.Index];
        return
        [
            SpatialSteps<S, V>.SpectralFilter(
                SlotOf(y.Inputs[0]),
                op.Channels,
                _store.Tables.Filter(op, spectrum[2], spectrum[3]),
                SlotOf(y)
            ),
        ];
    }

    // Clips lie as their frames do (see SlotOf).
    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(ClipToFrames op, Value y) => [];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(FramesToClip op, Value y) => [];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(FramesToChannels op, Value y) =>
        [SpatialSteps<S, V>.FramesToChannels(SlotOf(y.Inputs[0]), op.Frames, SlotOf(y))];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(ChannelsToFrames op, Value y) =>
        [SpatialSteps<S, V>.ChannelsToFrames(SlotOf(y.Inputs[0]), op.Frames, SlotOf(y))];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(Resize op, Value y) =>
        [ResamplingSteps<S, V>.Resize(SlotOf(y.Inputs[0]), op, SlotOf(y))];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(MaxPool2d op, Value y) =>
        [ResamplingSteps<S, V>.MaxPool(SlotOf(y.Inputs[0]), op, SlotOf(y))];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(AdaptiveAveragePool2d op, Value y) =>
        [ResamplingSteps<S, V>.AdaptivePool(SlotOf(y.Inputs[0]), op, SlotOf(y))];

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(ConvTranspose2d op, Value y) =>
        Make(y, new TransposedPattern(y.Inputs[0], op, [], y.Scope));

    IEnumerable<Step> IOpVisitor<Value, IEnumerable<Step>>.Visit(RoiAlign op, Value y) =>
        [new RoiAlignStep<S, V>(op, [.. y.Inputs.SkipLast(1).Select(SlotOf)], SlotOf(y.Inputs[^1]), SlotOf(y)) { Scope = y.Scope }];

    private BinaryOperand Operand(Value value) => new(SlotOf(value), _shapes[value.Index].Rank == 5 ? _shapes[value.Index][1] : 1);
}
