using System.Buffers;

namespace MogaSharp.Data;

/// <summary>How clips of moving images are drawn. The defaults are those of Moving MNIST.</summary>
public sealed record MovingImagesOptions
{
    /// <summary>The frames that are seen. Default 10.</summary>
    public int InputFrames { get; init; } = 10;

    /// <summary>The frames that follow. Default 10.</summary>
    public int OutputFrames { get; init; } = 10;

    /// <summary>The images that move in a clip. Default 2.</summary>
    public int Objects { get; init; } = 2;

    /// <summary>The side of a frame in pixels. Default 64.</summary>
    public int CanvasSize { get; init; } = 64;

    /// <summary>The step from frame to frame, as a part of the room that an image has to move in. Default 0.1.</summary>
    public double StepLength { get; init; } = 0.1;

    /// <summary>The clips of an epoch. Default 10,000.</summary>
    public int Clips { get; init; } = 10_000;

    /// <summary>Null for other clips in every epoch; a seed for the same clips always, as a test set needs them. Default null.</summary>
    public long? FixedSeed { get; init; }

    internal void Check()
    {
        AugmentationOptions.Require(InputFrames is >= 1 and <= 10_000, nameof(InputFrames), "1 to 10,000");
        AugmentationOptions.Require(OutputFrames is >= 1 and <= 10_000, nameof(OutputFrames), "1 to 10,000");
        AugmentationOptions.Require(Objects is >= 1 and <= 100, nameof(Objects), "1 to 100");
        AugmentationOptions.Require(CanvasSize is >= 1 and <= 4096, nameof(CanvasSize), "1 to 4096");
        AugmentationOptions.Require(StepLength is > 0 and <= 1, nameof(StepLength), "more than 0, at most 1");
        AugmentationOptions.Require(Clips >= 1, nameof(Clips), "at least 1");
    }
}

/// <summary>
/// Clips of images that move over a black canvas in straight lines and bounce off its edges, drawn when they are asked for: Moving
/// MNIST (Srivastava et al., "Unsupervised learning of video representations using LSTMs", 2015) when the images are MNIST's digits.
/// Each image gets a random start, direction and digit; where images lie over each other, the brighter pixel shows. As
/// <c>video_prediction/simvp/datasets/dataloader_moving_mnist.py</c> of the official code draws them.
/// </summary>
public sealed class MovingImages : IClipDataset
{
    private readonly string _path;
    private readonly byte[] _images;
    private readonly int _rows;
    private readonly int _columns;
    private readonly MovingImagesOptions _options;

    /// <summary>Reads the images, which stay in memory.</summary>
    /// <param name="path">
    /// A folder with the file <c>train-images-idx3-ubyte</c> (or <c>t10k-...</c>; with or without <c>.gz</c>), a path prefix such as
    /// <c>data/train</c>, or the file itself.
    /// </param>
    /// <param name="split">The part to take the images of; counts only when the path is a folder.</param>
    /// <param name="options">How clips are drawn; those of Moving MNIST when null.</param>
    /// <exception cref="DatasetException">The file is missing or broken, or its images are larger than the canvas.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public MovingImages(string path, DatasetSplit split = DatasetSplit.Train, MovingImagesOptions? options = null)
    {
        _options = options ?? new MovingImagesOptions();
        _options.Check();
        _path = IdxPaths.FindImages(path, split);
        IdxFile file = IdxFile.Read(_path, IdxDataset.DefaultMaxBytes);
        if (file.Extents is not [_, int rows, int columns])
            throw new DatasetException(_path, $"Images must be count x rows x columns, not {string.Join(" x ", file.Extents)}.");
        if (rows > _options.CanvasSize || columns > _options.CanvasSize)
            throw new DatasetException(
                _path,
                $"Images of {rows} x {columns} pixels do not fit onto a canvas of {_options.CanvasSize} x {_options.CanvasSize}."
            );
        (_images, _rows, _columns) = (file.Data, rows, columns);
        Shape = new ClipShape(_options.InputFrames, _options.OutputFrames, 1, _options.CanvasSize, _options.CanvasSize);
    }

    /// <inheritdoc/>
    public int Count => _options.Clips;

    /// <inheritdoc/>
    public ClipShape Shape { get; }

    /// <inheritdoc/>
    public string NameOf(int index) => $"{_path}, clip {index}";

    /// <inheritdoc/>
    public void Read(int index, RandomStream random, Span<float> input, Span<float> output)
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent(Shape.InputLength + Shape.OutputLength);
        Span<byte> clip = rented.AsSpan(0, Shape.InputLength + Shape.OutputLength);
        Draw(index, random, clip);
        ClipValues.Write(clip, input, output);
        ArrayPool<byte>.Shared.Return(rented);
    }

    /// <summary>Draws a clip as bytes.</summary>
    /// <param name="index">0 to <see cref="Count"/> - 1.</param>
    /// <param name="random">The random numbers of the clip; not used with a fixed seed.</param>
    /// <param name="clip">All frames, (T + T', H, W), written.</param>
    /// <exception cref="ArgumentException">The span has another length.</exception>
    public void Draw(int index, RandomStream random, Span<byte> clip)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        if (clip.Length != Shape.Frames * Shape.FrameLength)
            throw new ArgumentException($"a clip has {Shape.Frames * Shape.FrameLength} bytes, not {clip.Length}", nameof(clip));
        if (_options.FixedSeed is { } seed)
            random = new RandomStream(seed, RandomPurpose.Clip, 0, index);
        clip.Clear();
        for (int i = 0; i < _options.Objects; i++)
            Add(Draw(random), clip);
    }

    /// <summary>What chance decides about an image of a clip, in the order of the official code.</summary>
    internal MovingObject Draw(RandomStream random)
    {
        double x = random.NextDouble(),
            y = random.NextDouble(),
            angle = random.NextDouble() * 2 * Math.PI;
        return new MovingObject(x, y, angle, random.NextInt(_images.Length / (_rows * _columns)));
    }

    /// <summary>Lays a moving image over all frames of a clip.</summary>
    internal void Add(MovingObject drawn, Span<byte> clip)
    {
        var places = new (int Left, int Top)[Shape.Frames];
        Trajectory(drawn, _options.StepLength, Shape.Width - _columns, Shape.Height - _rows, places);
        ReadOnlySpan<byte> image = _images.AsSpan(drawn.Image * _rows * _columns, _rows * _columns);
        for (int frame = 0; frame < places.Length; frame++)
            Overlay(image, clip.Slice(frame * Shape.FrameLength, Shape.FrameLength), places[frame]);
    }

    /// <summary>Where an image is in each frame: a step along the direction, then stopped and turned round at the edges.</summary>
    internal static void Trajectory(MovingObject drawn, double step, int roomX, int roomY, Span<(int Left, int Top)> places)
    {
        (double x, double y) = (drawn.X, drawn.Y);
        (double speedY, double speedX) = Math.SinCos(drawn.Angle);
        foreach (ref (int Left, int Top) place in places)
        {
            y += speedY * step;
            x += speedX * step;
            Bounce(ref x, ref speedX);
            Bounce(ref y, ref speedY);
            place = ((int)(roomX * x), (int)(roomY * y));
        }
    }

    private static void Bounce(ref double position, ref double speed)
    {
        if (position is > 0 and < 1)
            return;
        position = Math.Clamp(position, 0, 1);
        speed = -speed;
    }

    private void Overlay(ReadOnlySpan<byte> image, Span<byte> frame, (int Left, int Top) place)
    {
        for (int row = 0; row < _rows; row++)
        {
            Span<byte> to = frame.Slice(((place.Top + row) * Shape.Width) + place.Left, _columns);
            ReadOnlySpan<byte> from = image.Slice(row * _columns, _columns);
            for (int i = 0; i < to.Length; i++)
                to[i] = Math.Max(to[i], from[i]);
        }
    }
}

/// <summary>What chance decides about an image that moves: its start as parts of the room, its direction in radians, and which image it
/// is.</summary>
internal readonly record struct MovingObject(double X, double Y, double Angle, int Image);
