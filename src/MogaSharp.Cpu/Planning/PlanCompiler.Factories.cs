using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Steps;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <summary>Factories of steps that are compiled once for each activation.</summary>
internal sealed partial class PlanCompiler<S, V>
{
    private sealed record MatrixFactory(MatrixPattern Pattern, MatrixOperands<S, V> Operands, int Threads) : IActivationVisitor<Step>
    {
        public Step Visit<TActivation>()
            where TActivation : struct, IActivation =>
            Pattern.Combine switch
            {
                CombineKind.Multiply => new MatrixStep<S, V, TActivation, MultiplyOther>(Operands, Pattern.Describe(), Threads)
                {
                    Scope = Pattern.Scope,
                },
                CombineKind.AddScaled => new MatrixStep<S, V, TActivation, AddScaledOther>(Operands, Pattern.Describe(), Threads)
                {
                    Scope = Pattern.Scope,
                },
                _ => new MatrixStep<S, V, TActivation, KeepAlone>(Operands, Pattern.Describe(), Threads) { Scope = Pattern.Scope },
            };
    }

    private sealed record WinogradFactory(MatrixPattern Pattern, MatrixOperands<S, V> Operands, VectorConstant Zeros)
        : IActivationVisitor<Step>
    {
        private string Description => $"Winograd {Pattern.Describe()}";

        public Step Visit<TActivation>()
            where TActivation : struct, IActivation =>
            Pattern.Combine switch
            {
                CombineKind.Multiply => new WinogradStep<S, V, TActivation, MultiplyOther>(Operands, Zeros, Description)
                {
                    Scope = Pattern.Scope,
                },
                CombineKind.AddScaled => new WinogradStep<S, V, TActivation, AddScaledOther>(Operands, Zeros, Description)
                {
                    Scope = Pattern.Scope,
                },
                _ => new WinogradStep<S, V, TActivation, KeepAlone>(Operands, Zeros, Description) { Scope = Pattern.Scope },
            };
    }

    private sealed record GatedFactory(
        GatedProjectionPattern Pattern,
        Projection Gate,
        Projection Context,
        Shortcut? Shortcut,
        Slot Output,
        PackedStore Store,
        int Threads
    ) : IActivationVisitor<Step>
    {
        public Step Visit<TActivation>()
            where TActivation : struct, IActivation
        {
            Conv2d project = Pattern.Project;
            return new GatedProjectionStep<S, V, TActivation>(
                Gate,
                Context,
                Store.ConvMatrix(project),
                Store.Vector(project.OutChannels, project.Bias, Pattern.Shortcut?.Shift),
                Shortcut,
                Output,
                Threads
            )
            {
                Scope = Pattern.Scope,
            };
        }
    }

    private sealed record DepthwiseFactory(
        MapView Input,
        Conv2d Conv,
        PanelWeights Weights,
        VectorConstant Bias,
        Slot Output,
        int Threads,
        string Scope
    ) : IActivationVisitor<Step>
    {
        public Step Visit<TActivation>()
            where TActivation : struct, IActivation =>
            new DepthwiseStep<S, V, TActivation>(Input, Conv, Weights, Bias, Output, Threads) { Scope = Scope };
    }

    private sealed record AnyDepthwiseFactory(Slot Input, Conv2d Conv, VectorConstant Taps, VectorConstant Bias, Slot Output)
        : IActivationVisitor<Step>
    {
        public Step Visit<TActivation>()
            where TActivation : struct, IActivation => GeneralSteps<S, V>.Depthwise<TActivation>(Input, Conv, Taps, Bias, Output);
    }

    private sealed record GroupNormFactory(Slot Input, GroupNorm Op, PackedStore Store, Slot Output, string Scope)
        : IActivationVisitor<Step>
    {
        public Step Visit<TActivation>()
            where TActivation : struct, IActivation
        {
            int channels = Op.Channels / Op.Groups;
            return new GroupNormStep<S, V, TActivation>(
                Input,
                Op.Groups,
                Op.Epsilon,
                Store.Tables.Rows(Op.Weight, Op.Groups, channels),
                Store.Tables.Rows(Op.Bias, Op.Groups, channels),
                Store.Mask(0, channels, MapLayout.RoundUp(channels)),
                Output
            )
            {
                Scope = Scope,
            };
        }
    }

    private sealed record MlpFactory(
        Slot Input,
        NormConstants? Norm,
        Layer Expand,
        string Description,
        Layer Project,
        Shortcut? Shortcut,
        Slot Output,
        int Threads,
        string Scope
    ) : IActivationVisitor<Step>
    {
        public Step Visit<TActivation>()
            where TActivation : struct, IActivation =>
            new MlpStep<S, V, TActivation>(Input, Norm, Expand, Description, Project, Shortcut, Output, Threads) { Scope = Scope };
    }

    private sealed record ActivationFactory(Slot Input, Slot Output, string Description) : IActivationVisitor<Step>
    {
        public Step Visit<TActivation>()
            where TActivation : struct, IActivation => GeneralSteps<S, V>.Activation<TActivation>(Input, Output, Description);
    }
}
