using System.Collections.Immutable;
using System.CommandLine;
using MogaSharp.Graph;
using MogaSharp.Tasks;

namespace MogaSharp.Cli;

/// <summary><c>moga explain interactions --tensors</c>: everything that there is between inputs and curve, for those who compare.</summary>
internal static class InteractionTensors
{
    public static async Task<int> RunAsync(
        ParseResult parsed,
        ExplainArguments arguments,
        InteractionOptions options,
        bool exact,
        CancellationToken cancellationToken
    )
    {
        string target = arguments.TensorOutput(parsed);
        using var given = new TensorFile(parsed.GetValue(arguments.Tensors)!);
        Tensor input = given.Images();
        int images = input.Shape[0];
        int[] labels = given.Labels(images);
        InteractionDraw[]? draws = exact ? null : Draws(given, images, ref options);
        LoadedModel model = (await arguments.LoadAsync(parsed, cancellationToken).ConfigureAwait(false))[0];
        using IInferenceEngine engine = arguments.Engine.Create(parsed);
        Shape shape = input.Shape.With(0, 1);
        using var meter = new MultiOrderInteraction(model.Definition.Build(shape), model.Weights, options, engine);
        if (!meter.Grid.IsEven)
            Notices.OfThisRun.Add(
                $"a grid of {options.Grid}x{options.Grid} does not divide {shape[2]}x{shape[3]} pixels: patches differ in size by a pixel"
            );
        int length = input.Data.Length / images;
        ImageInteractions[] results = await Output
            .WithProgressAsync(
                "Measuring",
                report =>
                    Task.Run(
                        () =>
                            labels
                                .Select(
                                    (label, i) =>
                                    {
                                        var image = new Tensor(shape, input.Data.AsSpan(i * length, length).ToArray());
                                        var progress = new DirectProgress<double>(share =>
                                            report((i + share) / images, $"{i} of {images} images")
                                        );
                                        return draws is null
                                            ? meter.MeasureAll(image, label, progress, cancellationToken)
                                            : meter.Measure(image, label, draws[i], progress, cancellationToken);
                                    }
                                )
                                .ToArray(),
                        cancellationToken
                    )
            )
            .ConfigureAwait(false);
        if (!results.All(result => result.Values.All(double.IsFinite)))
            throw new FailureException("The network's outputs are not finite; the weights may be damaged.");
        string value = InteractionValues.NameOf(options.Value);
        TensorFile.Write(target, draws is null ? Exact(results, value) : Sampled(results, draws, value));
        return ExitCode.Success;
    }

    private static Dictionary<string, Tensor> Sampled(ImageInteractions[] results, InteractionDraw[] draws, string value)
    {
        (int orders, int pairs, int contexts) = (draws[0].Orders.Length, draws[0].Pairs.Length, draws[0].Contexts[0][0].Length);
        return new()
        {
            [$"v_{value}"] = Of(new Shape(results.Length, orders, pairs, contexts, 4), results.SelectMany(result => result.Values)),
            [$"I_{value}"] = Of(
                new Shape(results.Length, orders, pairs),
                results.SelectMany(result => result.Interactions.SelectMany(row => row))
            ),
            [$"J.{value}"] = Of(new Shape(orders), InteractionCurve.Of(results).J),
            ["pairs"] = Pairs(new Shape(results.Length, pairs, 2), results.SelectMany(result => result.Pairs)),
        };
    }

    private static Dictionary<string, Tensor> Exact(ImageInteractions[] results, string value)
    {
        (int orders, int pairs) = (results[0].Orders.Length, results[0].Pairs.Length);
        Dictionary<string, Tensor> written = new() { ["pairs"] = Pairs(new Shape(pairs, 2), results[0].Pairs) };
        for (int image = 0; image < results.Length; image++)
        {
            ImageInteractions result = results[image];
            written[$"image{image}.v.{value}"] = Of(new Shape(result.Values.Length), result.Values);
            written[$"image{image}.I.{value}"] = Of(
                new Shape(pairs, orders),
                Enumerable.Range(0, pairs * orders).Select(at => result.Interactions[at % orders][at / orders])
            );
        }

        foreach ((string name, int? distance) in new (string, int?)[] { ("all_pairs", null), ("distance_1", 1), ("distance_2", 2) })
            written[$"J.{name}.{value}"] = Of(new Shape(orders), InteractionCurve.Of(results, distance).J);
        return written;
    }

    private static Tensor Of(Shape shape, IEnumerable<double> numbers) => new(shape, [.. numbers.Select(x => (float)x)]);

    private static Tensor Pairs(Shape shape, IEnumerable<PatchPair> pairs) =>
        Of(shape, pairs.SelectMany(pair => new double[] { pair.First, pair.Second }));

    // Those of the file, or drawn where it has none.
    private static InteractionDraw[] Draws(TensorFile given, int images, ref InteractionOptions options)
    {
        if (given.Find("pairs") is not { } pairs || given.Find("contexts") is not { } contexts)
        {
            InteractionOptions asked = options;
            return [.. Enumerable.Range(0, images).Select(image => InteractionDraw.Create(asked, image))];
        }

        Shape shape = contexts.Shape;
        if (shape.Rank != 5 || pairs.Shape != new Shape(images, shape[2], 2) || shape[0] != images || shape.ElementCount == 0)
            throw new UsageException(
                $"'pairs' {pairs.Shape} and 'contexts' {shape} do not fit {images} images; they are (images, pairs, 2) and "
                    + "(images, orders, pairs, contexts, patches)."
            );
        int side = TensorFile.SideOf(contexts);
        options = options with { Grid = side };
        int[] ends = TensorFile.WholeNumbers(pairs, "numbers of patches"),
            sets = TensorFile.WholeNumbers(contexts, "sets of patches");
        return [.. Enumerable.Range(0, images).Select(image => Draw(image, shape, ends, sets))];
    }

    private static InteractionDraw Draw(int image, Shape shape, int[] ends, int[] sets)
    {
        (int orders, int pairs, int contexts, int patches) = (shape[1], shape[2], shape[3], shape[4]);
        ImmutableArray<PatchPair> drawn =
        [
            .. Enumerable.Range(image * pairs, pairs).Select(pair => new PatchPair(ends[2 * pair], ends[(2 * pair) + 1])),
        ];
        ImmutableArray<ImmutableArray<ImmutableArray<PatchMask>>> masks =
        [
            .. Enumerable.Range(0, orders).Select(order => Each(pairs, pair => Each(contexts, context => Set(order, pair, context)))),
        ];
        ImmutableArray<int> sizes = [.. masks.Select(row => row[0][0].Count)];
        for (int order = 0; order < orders; order++)
        for (int pair = 0; pair < pairs; pair++)
        {
            PatchPair both = drawn[pair];
            bool isPair = both.First != both.Second && both.First < patches && both.Second < patches;
            if (!isPair || masks[order][pair].Any(set => set.Count != sizes[order] || set[both.First] || set[both.Second]))
                throw new UsageException(
                    $"Image {image}, order {order}, pair {pair}: these are not two patches and sets of {sizes[order]} others."
                );
        }

        return new(sizes, drawn, masks);

        static ImmutableArray<T> Each<T>(int count, Func<int, T> make) => [.. Enumerable.Range(0, count).Select(make)];

        PatchMask Set(int order, int pair, int context)
        {
            int at = ((((((image * orders) + order) * pairs) + pair) * contexts) + context) * patches;
            return PatchMask.Of(patches, [.. Enumerable.Range(0, patches).Where(patch => sets[at + patch] != 0)]);
        }
    }
}
