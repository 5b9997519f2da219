using System.Diagnostics;
using System.Globalization;
using MogaSharp.TorchSharpPeer;
using static TorchSharp.torch;

// The peer torchsharp of moga bench, started by benchmarks/torchsharp_peer: FILE SHAPE CLASSES THREADS MODE, where FILE is a
// TorchScript and MODE is eval or train. It says its name, then answers each line of stdin with the milliseconds of one step.
long[] shape = [.. args[1].Split('x').Select(extent => long.Parse(extent, CultureInfo.InvariantCulture))];
int classes = int.Parse(args[2], CultureInfo.InvariantCulture);
set_num_threads(int.Parse(args[3], CultureInfo.InvariantCulture));
using var network = jit.load<Tensor, Tensor>(args[0]);
using Tensor input = randn(shape);
using Trainer? trainer = args[4] == "train" ? new Trainer(network, shape, classes) : null;
if (trainer is null)
    network.eval();
string version = typeof(Tensor).Assembly.GetName().Version!.ToString(3);
Console.WriteLine($"TorchSharp {version} with libtorch {__version__}, TorchScript");
while (Console.ReadLine() is not null)
{
    long start = Stopwatch.GetTimestamp();
    using (NewDisposeScope())
    {
        if (trainer is not null)
            trainer.Step(input);
        else
            using (no_grad())
                network.forward(input);
    }

    Console.WriteLine(Stopwatch.GetElapsedTime(start).TotalMilliseconds.ToString(CultureInfo.InvariantCulture));
}
