using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Steps;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <summary>Steps that are compiled anew for each activation.</summary>
internal sealed partial class PlanCompiler<S, V>
{
    private sealed record MatrixMaker(MatrixPattern Pattern, MatrixOperands<S, V> Operands, int Threads) : IActivationUser<Step>
    {
        public Step Use<TActivation>()
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

    private sealed record GatedMaker(
        GatedProjectionPattern Pattern,
        Projection Gate,
        Projection Context,
        Slot? Other,
        Slot Output,
        PackedStore Store,
        int Threads
    ) : IActivationUser<Step>
    {
        public Step Use<TActivation>()
            where TActivation : struct, IActivation
        {
            Conv2d project = Pattern.Project;
            return new GatedProjectionStep<S, V, TActivation>(
                Gate,
                Context,
                Store.ConvMatrix(project),
                Store.Vector(project.OutChannels, project.Bias, Pattern.OtherShift),
                Other,
                Other is null ? null : Store.VectorOrOnes(project.OutChannels, Pattern.OtherScale),
                Output,
                Threads
            )
            {
                Scope = Pattern.Scope,
            };
        }
    }

    private sealed record DepthwiseMaker(
        MapView Input,
        Conv2d Conv,
        PanelWeights Weights,
        VectorConstant Bias,
        Slot Output,
        int Threads,
        string Scope
    ) : IActivationUser<Step>
    {
        public Step Use<TActivation>()
            where TActivation : struct, IActivation =>
            new DepthwiseStep<S, V, TActivation>(Input, Conv, Weights, Bias, Output, Threads) { Scope = Scope };
    }

    private sealed record AnyDepthwiseMaker(Slot Input, Conv2d Conv, VectorConstant Taps, VectorConstant Bias, Slot Output)
        : IActivationUser<Step>
    {
        public Step Use<TActivation>()
            where TActivation : struct, IActivation => GeneralSteps<S, V>.Depthwise<TActivation>(Input, Conv, Taps, Bias, Output);
    }

    private sealed record GroupNormMaker(Slot Input, GroupNorm Op, PackedStore Store, Slot Output, string Scope) : IActivationUser<Step>
    {
        public Step Use<TActivation>()
            where TActivation : struct, IActivation
        {
            int channels = Op.Channels / Op.Groups;
            return new GroupNormStep<S, V, TActivation>(
                Input,
                Op.Groups,
                Op.Epsilon,
                Store.Rows(Op.Weight, Op.Groups, channels),
                Store.Rows(Op.Bias, Op.Groups, channels),
                Store.Mask(0, channels, MapLayout.RoundUp(channels)),
                Output
            )
            {
                Scope = Scope,
            };
        }
    }

    private sealed record MlpMaker(
        Slot Input,
        NormConstants? Norm,
        Layer Expand,
        string Description,
        Layer Project,
        Shortcut? Shortcut,
        Slot Output,
        int Threads,
        string Scope
    ) : IActivationUser<Step>
    {
        public Step Use<TActivation>()
            where TActivation : struct, IActivation =>
            new MlpStep<S, V, TActivation>(Input, Norm, Expand, Description, Project, Shortcut, Output, Threads) { Scope = Scope };
    }

    private sealed record ActivationMaker(Slot Input, Slot Output, string Description) : IActivationUser<Step>
    {
        public Step Use<TActivation>()
            where TActivation : struct, IActivation => GeneralSteps<S, V>.Activation<TActivation>(Input, Output, Description);
    }
}
