using System.Diagnostics;
using MogaSharp.Graph;
using MogaSharp.Tasks;

namespace MogaSharp.Cli;

/// <summary>Measures the interactions of images with one or several models, image by image, so that the models are compared by the same
/// ones whenever it stops.</summary>
internal sealed class InteractionRun
{
    private readonly InteractionOptions _options;
    private readonly Func<int, InteractionDraw> _draws;
    private readonly MaskedSet[] _sets;
    private readonly InteractionState _state;
    private readonly TimeSpan? _budget;
    private readonly string? _folder;

    /// <param name="options">What is measured.</param>
    /// <param name="draws">Gives an image's pairs and contexts.</param>
    /// <param name="sets">The images, of each model.</param>
    /// <param name="state">What was measured before.</param>
    /// <param name="budget">The time after which no further image is begun; null for none.</param>
    /// <param name="folder">Where the state is written; null for nowhere.</param>
    public InteractionRun(
        InteractionOptions options,
        Func<int, InteractionDraw> draws,
        MaskedSet[] sets,
        InteractionState state,
        TimeSpan? budget,
        string? folder
    ) => (_options, _draws, _sets, _state, _budget, _folder) = (options, draws, sets, state, budget, folder);

    private int Images => _sets[0].Names.Length;

    /// <summary>Measures what is not measured yet.</summary>
    /// <param name="engine">What computes.</param>
    /// <param name="report">Takes the share that is done and a remark.</param>
    /// <param name="cancellationToken">Ends the run; what is measured is kept in the state.</param>
    /// <returns>Images that all models have.</returns>
    /// <exception cref="FailureException">An image cannot be read, or a network gives no numbers.</exception>
    public int Run(IInferenceEngine engine, Action<double, string> report, CancellationToken cancellationToken)
    {
        LabeledBatch[] batches = [.. _sets.Select(set => Read(set, cancellationToken))];
        var meters = new List<MultiOrderInteraction>();
        try
        {
            foreach (MaskedSet set in _sets)
                meters.Add(new(set.Model.Definition.Build(set.Shape), set.Model.Weights, _options, engine));
            var clock = Stopwatch.StartNew();
            for (int image = 0; image < Images; image++)
            {
                if (
                    image > 0
                    && clock.Elapsed >= _budget
                    && Enumerable.Range(0, _sets.Length).Any(model => _state.Find(model, image) is null)
                )
                {
                    Notices.OfThisRun.Add($"--budget is used up: {image} of {Images} images are measured");
                    return image;
                }

                for (int model = 0; model < _sets.Length; model++)
                    if (_state.Find(model, image) is null)
                        Measure(meters[model], batches[model], model, image, report, cancellationToken);
            }

            return Images;
        }
        finally
        {
            foreach (MultiOrderInteraction meter in meters)
                meter.Dispose();
        }
    }

    /// <summary>The curve of each model over the first images.</summary>
    public ModelInteractions[] Curves(int images) =>
        [
            .. _sets.Select(
                (set, model) =>
                {
                    MeasuredImage[] done = [.. Enumerable.Range(0, images).Select(image => _state.Find(model, image)!)];
                    return ModelInteractions.Of(
                        set.Model.Card.Name,
                        InteractionCurve.Of([.. done.Select(image => image.Result(_state.Settings))]),
                        done.Sum(image => (long)image.Passes)
                    );
                }
            ),
        ];

    // Hours of work shall not end at a file that could have been looked at first.
    private static LabeledBatch Read(MaskedSet set, CancellationToken cancellationToken)
    {
        LabeledBatch batch = set.Read(0, set.Names.Length, cancellationToken);
        if (set.ReportSkipped() is { Length: > 0 } skipped)
            throw new FailureException($"{skipped.Length} of {set.Names.Length} images could not be read; nothing was measured.");
        return batch;
    }

    private void Measure(
        MultiOrderInteraction meter,
        LabeledBatch batch,
        int model,
        int image,
        Action<double, string> report,
        CancellationToken cancellationToken
    )
    {
        int all = Images * _sets.Length,
            before = (image * _sets.Length) + model;
        string remark = $"{image} of {Images} images{Error(model, image)}";
        int length = batch.Input.Data.Length / Images;
        ImageInteractions result = meter.Measure(
            new Tensor(batch.Input.Shape.With(0, 1), batch.Input.Data.AsSpan(image * length, length).ToArray()),
            batch.Labels[image],
            _draws(image),
            new DirectProgress<double>(share => report((before + share) / all, remark)),
            cancellationToken
        );
        if (!result.Values.All(double.IsFinite))
            throw new FailureException("The network's outputs are not finite; the weights may be damaged.");
        _state.Done.Add(MeasuredImage.Of(model, image, result));
        if (_folder is null)
            return;
        Paths.MakeFolder(_folder);
        _state.Save(_folder);
    }

    // How far the curve is from one of all images, as far as it can be told.
    private string Error(int model, int images)
    {
        if (images < 2)
            return "";
        InteractionCurve curve = InteractionCurve.Of([
            .. Enumerable.Range(0, images).Select(image => _state.Find(model, image)!.Result(_state.Settings)),
        ]);
        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $", J +- {curve.StandardError.Max():F3}");
    }
}
