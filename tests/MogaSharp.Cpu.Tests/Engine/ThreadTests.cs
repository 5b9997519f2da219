using MogaSharp.Cpu.Tests.Support;
using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Cpu.Tests.Engine;

/// <summary>Results have the same bits for every number of threads, and for an image alone and in a batch.</summary>
public sealed class ThreadTests
{
    public static TheoryData<int> Few => Seeds.Up(8);

    [Theory]
    [MemberData(nameof(Few))]
    public void Random_graphs_do_not_depend_on_threads(int seed) => SameForAllThreads(RandomGraph.Create(60_000 + seed));

    [Theory]
    [MemberData(nameof(Few))]
    public void Random_MogaNets_do_not_depend_on_threads(int seed) => SameForAllThreads(RandomMogaNet.Create(60_000 + seed));

    [Theory]
    [InlineData("x-tiny", 64, 1)]
    [InlineData("x-tiny", 96, 3)]
    [InlineData("tiny", 75, 1)]
    [InlineData("small", 64, 1)]
    public void Official_sizes_do_not_depend_on_threads(string arch, int side, int images) =>
        SameForAllThreads(Official(arch, side, images));

    [Theory]
    [InlineData("x-tiny", 64)]
    [InlineData("tiny", 49)]
    public void An_image_has_the_same_result_alone_and_in_a_batch(string arch, int side) => SameAlone(Official(arch, side, images: 3));

    [Theory]
    [MemberData(nameof(Few))]
    public void An_image_has_the_same_result_alone_and_in_a_batch_of_random_MogaNets(int seed) =>
        SameAlone(RandomMogaNet.Create(70_000 + seed).WithBatch(3));

    private static GraphCase Official(string arch, int side, int images)
    {
        var shape = new Shape(images, 3, side, side);
        return GraphCase.Create(
            new MogaNetOptions { Arch = MogaNetArch.Parse(arch), NumClasses = 10 }
                .CreateDefinition()
                .Build(shape, ModelOutputs.All)
        );
    }

    private static void SameForAllThreads(GraphCase c)
    {
        int[][]? first = null;
        foreach (int threads in new[] { 1, 2, 3, 4 })
        {
            using var engine = new CpuEngine(new(threads));
            using CpuSession session = engine.CreateSession(c.Graph, c.Weights);
            int[][] bits = Bits(c.Run(session));
            first ??= bits;
            Assert.Equal(first, bits);
            Assert.Equal(first, Bits(c.Run(session)));
        }
    }

    private static void SameAlone(GraphCase c)
    {
        using var engine = new CpuEngine(new(Threads: 2));
        using CpuSession session = engine.CreateSession(c.Graph, c.Weights);
        Tensor[] together = c.Run(session);
        Tensor batch = Assert.Single(c.Inputs);
        int images = batch.Shape[0],
            size = batch.Data.Length / images;
        for (int image = 0; image < images; image++)
        {
            var alone = new Tensor(batch.Shape.With(0, 1), batch.Data.AsSpan(image * size, size).ToArray());
            Tensor[] results = (c with { Inputs = [alone] }).Run(session);
            for (int i = 0; i < results.Length; i++)
            {
                int length = results[i].Data.Length;
                Assert.Equal(Bits(results[i].Data), Bits(together[i].Data.AsSpan(image * length, length)));
            }
        }
    }

    private static int[][] Bits(Tensor[] tensors) => [.. tensors.Select(tensor => Bits(tensor.Data))];

    private static int[] Bits(ReadOnlySpan<float> elements) =>
        System.Runtime.InteropServices.MemoryMarshal.Cast<float, int>(elements).ToArray();
}
