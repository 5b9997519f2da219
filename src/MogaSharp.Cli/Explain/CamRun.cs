using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using MogaSharp.Cli.Commands;
using MogaSharp.Data;
using MogaSharp.Drawing;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Vision;

namespace MogaSharp.Cli;

/// <summary>What <c>moga explain cam</c> is asked for.</summary>
/// <param name="Options">How maps are made.</param>
/// <param name="Class">A class by name or number; null for what the model finds.</param>
/// <param name="Box">Which box of a detector; null for the surest.</param>
/// <param name="Labels">A file with class names in place of the model's.</param>
/// <param name="Folder">Where files are written; null for nowhere.</param>
internal sealed record CamRequest(CamOptions Options, string? Class, int? Box, string? Labels, OutputFolder? Folder)
{
    /// <summary>The class by its index; null where none is named.</summary>
    /// <exception cref="UsageException">There is no such class.</exception>
    public int? ClassOf(ModelCard card)
    {
        if (Class is null)
            return null;
        IReadOnlyList<string> names = card.GetLabels();
        for (int i = 0; i < names.Count; i++)
            if (names[i].Equals(Class, StringComparison.OrdinalIgnoreCase))
                return i;
        return int.TryParse(Class, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number < names.Count
            ? number
            : throw new UsageException($"There is no class '{Class}': {NameDistance.Choices(Class, [.. names])}.");
    }

    /// <summary>Refuses what is for models of other tasks.</summary>
    /// <exception cref="UsageException">There is something.</exception>
    public void RefuseBox(ModelCard card)
    {
        if (Box is not null)
            throw new UsageException($"--box is for detectors; {card.Name} is a model for {card.Options.Task}.");
    }

    /// <inheritdoc cref="RefuseBox"/>
    public void RefuseClassifiersOptions(ModelCard card)
    {
        if (Labels is not null)
            throw new UsageException($"--labels is for classifiers; {card.Name} is a model for {card.Options.Task}.");
        if (Options.AugmentationSmooth)
            throw new UsageException($"--smooth aug is for classifiers; {card.Name} is a model for {card.Options.Task}.");
    }
}

/// <summary>Makes maps of the images of a command line, whatever the model is for.</summary>
internal abstract class CamRun<T>(CamRequest request) : ImageRun<T, ActivatedImage>
{
    protected override string Title => "Explaining";

    protected override string Done => "explained";

    protected override OutputFolder? Folder => request.Folder;

    protected override JsonTypeInfo<ActivatedImage> Json => CliJson.Printed.ActivatedImage;

    /// <summary>What is asked for.</summary>
    protected CamRequest Request => request;

    /// <summary>What is looked at in an image, and what the network sees of it.</summary>
    protected abstract (Prediction Of, CamResult Cam, RgbImage Seen) Read(T value);

    /// <summary>The box that is looked at, in pixels of what the network sees and of the image; null where it is none.</summary>
    protected virtual (Box Seen, Box Image)? BoxOf(T value) => null;

    protected override IEnumerable<ActivatedImage> Report(ImageResult<T> result, string[]? notes)
    {
        (Prediction of, CamResult cam, RgbImage seen) = Read(result.Value!);
        if (float.IsNaN(of.Score) || !cam.Map.Data.All(float.IsFinite))
            throw new FailureException("The network's outputs are not finite; the weights may be damaged.");
        int peak = System.Numerics.Tensors.TensorPrimitives.IndexOfMax<float>(cam.Map.Data),
            width = cam.Map.Shape[2];
        (Box Seen, Box Image)? box = BoxOf(result.Value!);
        string? overlay = null,
            file = null;
        if (request.Folder is { } folder)
        {
            string[] files = folder.FilesOf(result.Source.Name);
            (overlay, file) = (files[0], files[1]);
            Paths.Write(overlay, Draw(seen, cam.Map, box?.Seen).SavePng);
            Paths.Write(file, path => NpyFile.Save(path, [cam.Map.Shape[1], width], cam.Map.Data));
        }

        yield return new ActivatedImage(
            result.Source.Name,
            of,
            [.. cam.Raw.Keys],
            new PixelPlace(peak % width, peak / width),
            box is { Image: var place }
                ? new PrintedBox(Rounded(place.X), Rounded(place.Y), Rounded(place.Right), Rounded(place.Bottom))
                : null,
            overlay,
            file,
            null,
            notes
        );
    }

    protected override ActivatedImage Fail(string path, string error, string[]? notes) =>
        new(path, null, null, null, null, null, null, error, notes);

    protected override string Line(ActivatedImage report)
    {
        Prediction of = report.Class!.Value;
        string score = string.Create(CultureInfo.InvariantCulture, $"{of.Label} {100 * of.Score:F1}%");
        string place = report.Box is { } box
            ? string.Create(
                CultureInfo.InvariantCulture,
                $" at {box.Xmin:F0},{box.Ymin:F0} {box.Xmax - box.Xmin:F0}x{box.Ymax - box.Ymin:F0}"
            )
            : "";
        string files = report.Overlay is null ? "" : $" -> {report.Overlay}, {report.Map}";
        return $"{report.Path}: {score}{place}, most at {report.Peak!.X},{report.Peak.Y}{files}";
    }

    private static RgbImage Draw(RgbImage seen, Graph.Tensor map, Box? box)
    {
        using var canvas = new Canvas(seen);
        canvas.DrawHeatMap(
            new HeatMap(map.Shape[2], map.Shape[1], map.Data)
            {
                Colormap = Colormap.Jet,
                Low = 0,
                High = 1,
            }
        );
        if (box is { } place)
            canvas.DrawBoxes([
                new LabeledBox((float)place.X, (float)place.Y, (float)place.Right, (float)place.Bottom, new RgbColor(255, 255, 255)),
            ]);
        return canvas.ToImage();
    }

    private static double Rounded(double value) => Math.Round(value, 3);
}

/// <summary>What <c>moga explain cam --json</c> prints of an image.</summary>
internal sealed record ActivatedImage(
    string Path,
    Prediction? Class,
    string[]? Layers,
    PixelPlace? Peak,
    PrintedBox? Box,
    string? Overlay,
    string? Map,
    string? Error,
    string[]? Notes
) : IImageReport;

/// <summary>A pixel of the part of an image that the network sees.</summary>
internal sealed record PixelPlace(int X, int Y);
