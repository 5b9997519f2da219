using MogaSharp.Fuzz;
using SharpFuzz;

if (args.Length == 0)
{
    Console.Error.WriteLine("usage: MogaSharp.Fuzz TARGET [FILE ...]");
    return 2;
}

if (args.Length == 1)
{
    // Under afl-fuzz (.ci/fuzz): an input on stdin, again and again. No instrumented code may run before the fuzzer does, so the target is
    // looked up within.
    Fuzzer.OutOfProcess.Run(stream =>
    {
        using var content = new MemoryStream();
        stream.CopyTo(content);
        FuzzTarget.Find(args[0]).Run(content.ToArray());
    });
    return 0;
}

foreach (string path in args[1..])
    Console.WriteLine($"{path}: {FuzzTarget.Find(args[0]).Run(File.ReadAllBytes(path)) ?? "read"}");
return 0;
