using System.Runtime.CompilerServices;
using MogaSharp.Cpu;
using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Cli;

/// <summary>
/// Lets the runtime compile the engine's code while a model is still being read: a MogaNet with a few channels goes through every pass,
/// plan and kernel that the real one will need.
/// </summary>
internal static class WarmUp
{
    private static readonly MogaNetOptions Smallest = new()
    {
        Arch = new MogaNetArch([16, 16, 16, 16], [1, 1, 1, 1], [2, 2, 2, 2]),
        NumClasses = 2,
    };

    // Native code is there already.
    private static bool IsWorthwhile => RuntimeFeature.IsDynamicCodeCompiled && Environment.ProcessorCount > 1;

    /// <summary>Begins on another thread, where there is a processor for it and something to compile.</summary>
    /// <returns>Ends when the engine is warm; to be awaited before the engine is disposed.</returns>
    public static Task Begin(CpuEngine engine) =>
        !IsWorthwhile
            ? Task.CompletedTask
            : Task.Run(() =>
            {
                var input = new Shape(1, 3, 64, 64);
                ComputationGraph graph = Smallest.CreateDefinition().Build(input);
                using CpuSession session = engine.CreateSession(graph, WeightInitializer.Create(graph.Parameters, seed: 0));
                session.Run(new Tensor(input));
            });
}
