using System.Runtime.Intrinsics;
using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Passes;
using MogaSharp.Cpu.Planning;
using MogaSharp.Cpu.Steps;
using MogaSharp.Cpu.Tests.Kernels;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Tests.Support;

/// <summary>
/// Runs a plan of any vector width without session and threads, in memory that is full of NaN and ends at forbidden pages: whoever
/// reads what nobody has written, or past the end of the arena or the scratch memory, is found out.
/// </summary>
internal static unsafe class DirectRun
{
    public static Tensor[] Run(GraphCase c, int lanes, int threads = 1)
    {
        Widths.Require(lanes);
        (ComputationGraph graph, WeightSet weights) = GraphOptimizer.Run(c.Graph, c.Weights);
        using var store = new PackedStore(weights, lanes);
        Plan plan = Compile(graph, [.. c.Inputs.Select(input => input.Shape)], store, lanes, threads);
        using var arena = new GuardedMemory(plan.ArenaFloats);
        using var scratch = new GuardedMemory(plan.ScratchFloats);
        Shape[] shapes = c.Graph.InferShapes([.. c.Inputs.Select(input => input.Shape)]);
        Tensor[] outputs = [.. c.Graph.Outputs.Select(output => new Tensor(shapes[output.Value.Index]))];
        var frame = new Frame(threads)
        {
            Arena = arena.Data,
            Inputs = c.Inputs,
            Outputs = outputs,
        };
        foreach (Step step in plan.Steps)
            for (int item = 0; item < step.Items; item++)
            {
                scratch.Span.Fill(float.NaN);
                step.Run(frame, item, scratch.Data);
            }

        return outputs;
    }

    public static Plan Compile(ComputationGraph graph, Shape[] inputs, PackedStore store, int lanes, int threads) =>
        lanes switch
        {
            16 => PlanCompiler<Simd512, Vector512<float>>.Compile(graph, inputs, store, threads),
            8 => PlanCompiler<Simd256, Vector256<float>>.Compile(graph, inputs, store, threads),
            _ => PlanCompiler<Simd128, Vector128<float>>.Compile(graph, inputs, store, threads),
        };
}
