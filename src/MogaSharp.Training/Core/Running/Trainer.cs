using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Torch;

namespace MogaSharp.Training;

/// <summary>
/// Carries out a run: epochs of updates, evaluation, checkpoints, logs. What it computes depends on recipe, weights and data alone; a run
/// that is stopped or killed and resumed gives the same weights as one that was not, on the CPU bit for bit.
/// </summary>
public sealed class Trainer : IDisposable
{
    private readonly TrainingRecipe _recipe;
    private readonly TrainingTask _task;
    private readonly ModelCard _card;
    private readonly ITrainingData _data;
    private readonly TrainerOptions _options;
    private readonly ITrainingObserver _observer;
    private readonly TrainingStep _engine;
    private readonly CheckpointFolder _folder;
    private readonly LearningRateSchedule _schedule;
    private readonly long _updatesPerEpoch;
    private readonly bool _evaluates;
    private readonly BadItemReport _badTraining;
    private readonly BadItemReport _badEvaluation;
    private TrainingProgress _progress;

    // So many bad items are enough to judge before an epoch's end.
    private const int ManyBadItems = 100;

    /// <summary>Prepares a new run.</summary>
    /// <param name="card">The model: options without training rates, preprocessing, labels.</param>
    /// <param name="weights">A tensor for every parameter and buffer.</param>
    /// <param name="recipe">The recipe.</param>
    /// <param name="data">The images or clips.</param>
    /// <param name="options">Folder and device.</param>
    /// <param name="observer">Receives the progress.</param>
    /// <exception cref="RecipeException">The recipe does not fit the network, the data or the device.</exception>
    /// <exception cref="TorchUnavailableException">libtorch is not there.</exception>
    /// <exception cref="TorchException">There is no such device.</exception>
    /// <exception cref="ProcessGroupException">Another process is lost.</exception>
    public Trainer(
        ModelCard card,
        WeightSet weights,
        TrainingRecipe recipe,
        ITrainingData data,
        TrainerOptions options,
        ITrainingObserver observer
    )
    {
        (_recipe, _card, _data, _options, _observer) = (recipe.Validated(), card, data, options, observer);
        _task = TrainingTask.Create(recipe, card.Options);
        // Several processes even their parts out by repeating items; an update more for that would be another run than one process's.
        _updatesPerEpoch = Math.Min(data.BatchesPerEpoch / recipe.AccumulationSteps, data.Count / recipe.BatchSize);
        if (_updatesPerEpoch == 0)
            throw PerRankBatch.TooFew(recipe, data.Count, _task.Items, options.Group?.Size ?? 1);
        _schedule = LearningRateSchedule.Create(recipe, _updatesPerEpoch);
        _folder = new CheckpointFolder(options.Folder);
        _engine = new TrainingStep(BuildGraph(card, recipe), card.Options, weights, recipe, options.Device, options.Group);
        // With few items some processes have none.
        _evaluates = options.Group?.Any(data.EvalBatches > 0) ?? data.EvalBatches > 0;
        _progress = new TrainingProgress { DatasetSize = data.Count };
        _badTraining = new BadItemReport(data.Count, $"training {_task.Items}", "passed over: others take their place", observer.OnMessage);
        _badEvaluation = new BadItemReport(data.EvalCount, $"evaluation {_task.Items}", "left out of the figures", observer.OnMessage);
    }

    /// <summary>Where the run stands.</summary>
    public TrainingProgress Progress => _progress;

    /// <summary>Epochs of the whole run.</summary>
    public int TotalEpochs => _recipe.TotalEpochs(_updatesPerEpoch);

    private TorchProcessGroup? Group => _options.Group;

    private ILogger Logger => _options.Logger;

    // The last epoch of a run that goes by updates may be cut off.
    private long EpochLength => Math.Min(_updatesPerEpoch, _recipe.TotalUpdates(_updatesPerEpoch) - (_progress.Epoch * _updatesPerEpoch));

    private bool Writes => Group is null or { Rank: 0 };

    /// <summary>The weights in training.</summary>
    public TrainingStep Engine => _engine;

    /// <summary>The network that a card and a recipe train: for images of the recipe's size, or clips of the card's.</summary>
    /// <param name="card">The model.</param>
    /// <param name="recipe">Drop rates and image size.</param>
    /// <exception cref="GraphException">The options describe no network.</exception>
    public static ComputationGraph BuildGraph(ModelCard card, TrainingRecipe recipe)
    {
        ModelCard training = card with { Options = card.Options with { DropRate = recipe.Drop, DropPathRate = recipe.DropPath } };
        return training.CreateDefinition().Build(TaskTraining.Of(recipe.Task).InputShape(training, recipe), ModelOutputs.Training);
    }

    /// <summary>Goes on from a checkpoint of the same model and data.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <exception cref="RunFolderException">It is of another model, recipe or data set.</exception>
    public void Resume(TrainingCheckpoint checkpoint)
    {
        if (checkpoint.Progress.DatasetSize != _data.Count)
            throw new RunFolderException(
                $"The run was begun on {checkpoint.Progress.DatasetSize} training {_task.Items}; the data now has {_data.Count}."
            );
        try
        {
            GradientScalerState? scale = checkpoint.Progress.LossScale is { } value ? new(value, checkpoint.Progress.LossScaleAge) : null;
            _engine.Load(checkpoint.Tensors, scale);
        }
        catch (Exception e) when (e is KeyNotFoundException or GraphException or TorchException)
        {
            throw new RunFolderException($"The checkpoint does not fit the model and recipe of this run: {e.Message}");
        }

        _progress = checkpoint.Progress;
    }

    /// <summary>
    /// Trains to the end, or until asked to stop. To be called on the thread that made the trainer. Several processes begin with what rank
    /// 0 has, so that it alone needs weights to start from or a checkpoint to resume.
    /// </summary>
    /// <param name="cancellationToken">Asks to stop: the update in progress is finished, and a checkpoint written. Of several processes it
    /// is enough to ask one.</param>
    /// <exception cref="TrainingException">
    /// Losses are not finite again and again, or too many items cannot be read; in the second case a checkpoint of what was done has been
    /// written.
    /// </exception>
    /// <exception cref="CheckpointWriteException">The checkpoint at the end of the run cannot be written.</exception>
    /// <exception cref="ProcessGroupException">Another process is lost.</exception>
    public TrainingResult Run(CancellationToken cancellationToken = default)
    {
        Synchronize();
        int epochs = TotalEpochs;
        long updates = _recipe.TotalUpdates(_updatesPerEpoch);
        Logger.Began(_options.Folder, _options.Device, _progress.Update, updates, Group?.Rank ?? 0, Group?.Size ?? 1);
        using RunLog? log = !Writes ? null : new RunLog(_options.Folder, _task, _progress, _observer.OnMessage);
        var pace = new ThroughputMeter(_progress, updates, epochs);
        while (_progress.Epoch < epochs)
        {
            var clock = Stopwatch.StartNew();
            try
            {
                if (!TrainEpoch(log, pace, cancellationToken))
                    return Stop(log);
                EpochRecord record = Evaluated(clock, pace, cancellationToken);
                log?.Add(record);
                Logger.EndedEpoch(record.Epoch + 1, record.Seconds, record.TrainLoss, record.Score);
                _observer.OnEpoch(record);
                EndEpoch(record);
            }
            catch (OperationCanceledException)
            {
                return Stop(log);
            }
        }

        return End(TrainingEnd.Finished, log);
    }

    /// <summary>All of the run at this moment.</summary>
    public TrainingCheckpoint Capture() => new(Capture(_progress), _recipe, _card, _options.Data, [.. _engine.State()]);

    /// <inheritdoc/>
    public void Dispose() => _engine.Dispose();

    private TrainingProgress Capture(TrainingProgress progress) =>
        progress with
        {
            LossScale = _engine.Scale?.Scale,
            LossScaleAge = _engine.Scale?.GoodSteps ?? 0,
        };

    // False when it was asked to stop before the epoch's end.
    private bool TrainEpoch(RunLog? log, ThroughputMeter pace, CancellationToken cancellationToken)
    {
        if (_progress.EpochUpdates >= EpochLength)
            return true;
        int epoch = _progress.Epoch;
        using var reader = new MicroBatchReader(
            _data.Train(
                epoch,
                checked((int)(_progress.EpochUpdates * _recipe.AccumulationSteps)),
                Group is null ? cancellationToken : CancellationToken.None
            )
        );
        var window = new LogInterval(_progress);
        var saved = Stopwatch.StartNew();
        while (_progress.EpochUpdates < EpochLength)
        {
            if (IsAskedToStop(cancellationToken) || _progress.Update >= _options.StopAfter)
                return false;
            long start = Stopwatch.GetTimestamp();
            long time = _recipe.ScheduleUnit == ScheduleUnit.Update ? _progress.Update : epoch;
            double rate = _schedule.RateAt(time);
            UpdateResult result = Update(reader, rate, _schedule.MomentumAt(time));
            _progress = Counted(result, reader, Stopwatch.GetElapsedTime(start).TotalSeconds);
            Report(result, rate);
            RequireReadable();
            _observer.OnProgress(pace.Status(_progress, TrainingPhase.Training, (double)_progress.EpochUpdates / EpochLength, rate));
            if (_progress.Update % _options.LogEvery == 0)
                log?.Add(window.Close(_progress, rate, result));
            if ((_options.SaveEvery > 0 && _progress.Update % _options.SaveEvery == 0) || saved.Elapsed >= _options.SaveInterval)
            {
                Save(_folder.SaveLast);
                saved.Restart();
            }
        }

        return true;
    }

    private UpdateResult Update(MicroBatchReader reader, double rate, double? momentum)
    {
        try
        {
            UpdateResult result = _engine.Update(reader.Take(_recipe.AccumulationSteps), rate, _progress.Update + 1, momentum);
            _badTraining.Add(reader.BadItems);
            return result;
        }
        catch (DatasetException e)
        {
            throw Unreadable(e.Message, e);
        }
    }

    // A few bad items are what large sets have; with as many bad as good ones it is another set that is trained on.
    private void RequireReadable()
    {
        bool isEnough = _progress.EpochBadItems >= ManyBadItems || _progress.EpochUpdates == EpochLength;
        if (isEnough && _progress.EpochBadItems > _progress.EpochImages)
            throw Unreadable(
                $"Of epoch {_progress.Epoch + 1}, {_progress.EpochImages} {_task.Items} could be read, and {_progress.EpochBadItems} "
                    + "could not."
            );
    }

    // All processes come here with the same numbers, or one alone, whose end ends the others.
    private TrainingException Unreadable(string problem, Exception? cause = null)
    {
        _badTraining.Close();
        string done =
            _progress.Update == 0 ? "Nothing was trained." : $"What was done until update {_progress.Update} is in the last checkpoint.";
        if (_progress.Update > 0)
            Save(_folder.SaveLast);
        return new TrainingException($"{problem} {done}", cause);
    }

    private TrainingProgress Counted(UpdateResult result, MicroBatchReader reader, double seconds)
    {
        bool counts = double.IsFinite(result.Loss);
        int items = reader.Items * (Group?.Size ?? 1);
        return _progress with
        {
            Update = _progress.Update + 1,
            EpochUpdates = _progress.EpochUpdates + 1,
            EpochImages = _progress.EpochImages + items,
            EpochSeconds = _progress.EpochSeconds + seconds,
            EpochWait = _progress.EpochWait + reader.Wait,
            EpochBadItems = _progress.EpochBadItems + result.BadItems,
            LossSum = _progress.LossSum + (counts ? result.Loss * items : 0),
            LossCount = _progress.LossCount + (counts ? items : 0),
            Skipped = _progress.Skipped + (result.Skipped ? 1 : 0),
            SkippedInARow = result.Skipped ? _progress.SkippedInARow + 1 : 0,
        };
    }

    private void Report(UpdateResult result, double rate)
    {
        if (!result.Skipped)
            return;
        string what = double.IsFinite(result.Loss) ? "A gradient" : "The loss";
        if (_progress.SkippedInARow < _recipe.MaxNonFinite)
        {
            _observer.OnMessage($"{what} of update {_progress.Update} is not finite; the update is skipped ({_progress.Skipped} so far).");
            return;
        }

        throw new TrainingException(
            $"The loss or a gradient was not finite in {_progress.SkippedInARow} updates in a row, the last one update "
                + $"{_progress.Update} of epoch {_progress.Epoch + 1} "
                + $"at a learning rate of {rate:G3}. Try a lower learning_rate, clip_gradient, or amp none; the checkpoints are those "
                + "from before."
        );
    }

    private EpochRecord Evaluated(Stopwatch clock, ThroughputMeter pace, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, double>? eval = null,
            average = null;
        double rate = _schedule.RateAt(_recipe.ScheduleUnit == ScheduleUnit.Update ? Math.Max(0, _progress.Update - 1) : _progress.Epoch);
        _badTraining.Close();
        long bad = 0;
        if (_evaluates)
        {
            eval = Evaluate(_engine.Network, TrainingPhase.Evaluating);
            if (_engine.Average is not null)
                average = Evaluate(_engine.Average, TrainingPhase.EvaluatingAverage);
            _badEvaluation.Close();
        }

        bad += _progress.EpochBadItems;

        return new EpochRecord
        {
            Epoch = _progress.Epoch,
            Update = _progress.Update,
            LearningRate = rate,
            TrainLoss = ThroughputMeter.MeanLoss(_progress),
            Eval = eval,
            EvalEma = average,
            Score = (average ?? eval)?[_task.Best.Name],
            ItemsPerSecond = ThroughputMeter.ItemsPerSecond(_progress),
            DataWait = ThroughputMeter.DataWait(_progress),
            Seconds = clock.Elapsed.TotalSeconds,
            Skipped = _progress.Skipped,
            SkippedItems = bad > 0 ? bad : null,
        };

        IReadOnlyDictionary<string, double> Evaluate(TorchNetwork network, TrainingPhase phase)
        {
            int done = 0;
            long before = _badEvaluation.Met;
            try
            {
                IReadOnlyDictionary<string, double> figures = Evaluator.Evaluate(
                    _task,
                    network,
                    Readable(_data.Evaluate(cancellationToken)),
                    _engine.Autocast,
                    _ => _observer.OnProgress(pace.Status(_progress, phase, (double)++done / _data.EvalBatches, rate)),
                    Group,
                    cancellationToken
                );
                // Every item that cannot be read is met by each evaluation of the epoch.
                double[] met = [_badEvaluation.Met - before];
                bad = (long)(Group?.AllReduce(met, ReduceKind.Sum) ?? met)[0];
                return figures;
            }
            catch (NothingToEvaluateException e)
            {
                _badEvaluation.Close();
                throw Unreadable(e.Message, e);
            }
        }

        IEnumerable<TrainingBatch> Readable(IEnumerable<TrainingBatch> batches)
        {
            foreach (TrainingBatch batch in batches)
            {
                _badEvaluation.Add(batch.BadItems);
                yield return batch;
            }
        }
    }

    private void EndEpoch(EpochRecord record)
    {
        bool isBest = record.Score is { } score && (_progress.BestScore is not { } best || _task.Best.IsBetter(score, best));
        _progress = new TrainingProgress
        {
            Epoch = _progress.Epoch + 1,
            Update = _progress.Update,
            Skipped = _progress.Skipped,
            SkippedInARow = _progress.SkippedInARow,
            BestScore = isBest ? record.Score : _progress.BestScore,
            BestEpoch = isBest ? record.Epoch : _progress.BestEpoch,
            DatasetSize = _progress.DatasetSize,
        };
        // The best one first: a kill between the two leaves a last one that does not claim what is not there.
        if (isBest)
            Save(_folder.SaveBest);
        Save(_folder.SaveLast);
        if (_options.KeepEvery > 0 && _progress.Epoch % _options.KeepEvery == 0)
            Save(_folder.SaveEpoch);
    }

    // In the middle of a run a full disk may have room again later; the training goes on.
    private void Save(Action<TrainingCheckpoint> save)
    {
        if (!Writes)
            return;
        try
        {
            long start = Stopwatch.GetTimestamp();
            save(Capture());
            TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
            Logger.Saved(_progress.Update, elapsed);
        }
        catch (CheckpointWriteException e)
        {
            Logger.NotSaved(_progress.Update, e.Message);
            _observer.OnMessage(e.Message);
        }
    }

    private TrainingResult Stop(RunLog? log) => End(TrainingEnd.Stopped, log);

    private TrainingResult End(TrainingEnd end, RunLog? log)
    {
        if (Writes)
            _folder.SaveLast(Capture());
        Logger.Ended(end, _progress.Update);
        return new TrainingResult(end, _progress, log?.Epochs ?? []);
    }

    private bool IsAskedToStop(CancellationToken cancellationToken) =>
        Group?.Any(cancellationToken.IsCancellationRequested) ?? cancellationToken.IsCancellationRequested;

    private void Synchronize()
    {
        if (Group is null)
            return;
        JsonTypeInfo<TrainingProgress> type = CheckpointContext.Default.TrainingProgress;
        byte[] mine = JsonSerializer.SerializeToUtf8Bytes(Capture(_progress), type);
        TrainingProgress first = JsonSerializer.Deserialize(Group.BroadcastBytes(mine), type)!;
        bool differs = first.DatasetSize != _data.Count;
        if (Group.Any(differs))
            throw new RunFolderException(
                differs
                    ? $"Rank 0 trains on {first.DatasetSize} {_task.Items}, rank {Group.Rank} on {_data.Count}: all need the same --data."
                    : $"Another rank has other {_task.Items} than rank 0: all need the same --data."
            );
        _progress = first;
        _engine.Synchronize();
        if (first.LossScale is { } scale)
            _engine.Scale = new GradientScalerState(scale, first.LossScaleAge);
    }
}
