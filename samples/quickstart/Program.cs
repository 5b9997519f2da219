// Trains a small MogaNet, evaluates it and classifies images with it, by the libraries alone.
//
//   dotnet run --project samples/quickstart -- DATA RUN IMAGE...
//
// DATA is a data set as moga train takes it, such as folder:flowers (a folder per class) or idx:PATH; RUN is a folder for
// checkpoints and the finished model. Training needs libtorch, the rest nothing but .NET.

using MogaSharp;
using MogaSharp.Cpu;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Training;

if (args is not [var data, var folder, .. var images])
{
    Console.Error.WriteLine("usage: quickstart DATA RUN IMAGE...");
    return 2;
}

try
{
    // 1. Train: the smallest MogaNet on 64 x 64 pixels. What the data needs, such as the number of classes, is fitted to it.
    var options = new TrainingRunOptions
    {
        Folder = folder,
        Model = ModelCatalogue.Official.Find("moganet_xtiny"),
        Data = data,
        Recipe = RecipePresets.Find("fashion-mnist") with { Epochs = 2, WarmupEpochs = 0, CooldownEpochs = 0, BatchSize = 16 },
        Resume = true,
    };
    TrainingOutcome run = await TrainingRun.RunAsync(options, new ConsoleHost());
    if (run.ModelFolder is not { } model)
        return 130;

    // 2. Evaluate: the finished model on the managed engine, on the part of the data that was not trained on.
    using var engine = new CpuEngine();
    using (ModelEvaluationResult evaluated = ModelEvaluation.Run(await ModelSource.LoadAsync(model, new()), data, engine))
        foreach ((string name, double value) in evaluated.Figures)
            Console.WriteLine($"{name}: {value:F4}");

    // 3. Classify: the finished model on the managed engine; images are decoded ahead and a bad one is a result with an error.
    using ImageClassifier classifier = await ImageClassifier.CreateAsync(model, engine);
    await foreach (ImageResult<Classification> result in classifier.PredictManyAsync(images.Select(path => ImageSource.FromFile(path))))
        Console.WriteLine($"{result.Source}: {(result.IsSuccess ? result.Value.Best.Label : result.Error.Message)}");
    return 0;
}
catch (MogaException e)
{
    Console.Error.WriteLine(e.Message);
    return e.Kind == ErrorKind.InvalidRequest ? 2 : 1;
}

/// <summary>Prints what a run tells.</summary>
internal sealed class ConsoleHost : ITrainingHost
{
    public void OnStart(TrainingStart start) =>
        Console.WriteLine($"training {start.Model.Name} on {start.Data.TrainCount} {start.Task.Items}, {start.Data.Describe}");

    public void OnNote(string note, params ReadOnlySpan<string> fields) => Console.Error.WriteLine($"note: {note}");

    public void OnProgress(in TrainingStatus status) { }

    public void OnEpoch(EpochRecord record) => Console.WriteLine($"epoch {record.Epoch + 1}: loss {record.TrainLoss:F4}");

    public void OnMessage(string message) => Console.Error.WriteLine(message);
}
