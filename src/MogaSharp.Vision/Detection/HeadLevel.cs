namespace MogaSharp.Vision;

/// <summary>
/// What a detector's head says of one level of the pyramid for one image, in the order of MMDetection: channels first, and of an anchor's
/// channels all before those of the next anchor.
/// </summary>
/// <param name="Scores">anchors x classes x height x width numbers, before the logistic function.</param>
/// <param name="Deltas">anchors x 4 x height x width numbers.</param>
/// <param name="Size">The size of the level's map.</param>
public readonly record struct HeadLevel(ReadOnlyMemory<float> Scores, ReadOnlyMemory<float> Deltas, ImageSize Size)
{
    /// <summary>Adds the boxes of the surest pairs of an anchor and a class; each comes from the place of its number in
    /// <see cref="Scores"/>, after those of the levels before.</summary>
    internal void Collect(
        AnchorGenerator anchors,
        int level,
        int classes,
        BoxCoder coder,
        ImageSize image,
        TopScores best,
        CandidateList candidates,
        int before,
        bool areLabelsLevels
    )
    {
        int pixels = checked(Size.Width * Size.Height),
            channels = anchors.Count * classes;
        if (Scores.Length != (long)pixels * channels || Deltas.Length != (long)pixels * anchors.Count * 4)
            throw new ArgumentException(
                $"{Scores.Length} scores and {Deltas.Length} deltas are not those of {anchors.Count} anchors and {classes} classes "
                    + $"on {Size}."
            );
        ReadOnlySpan<float> scores = Scores.Span,
            deltas = Deltas.Span,
            bases = anchors.BaseAnchors(level);
        for (int channel = 0; channel < channels; channel++)
            best.Add(scores.Slice(channel * pixels, pixels), channel, channels);
        int count = best.Finish(),
            stride = anchors.Strides[level];
        Span<float> box = stackalloc float[4],
            delta = stackalloc float[4];
        for (int i = 0; i < count; i++)
        {
            (int place, float score) = best[i];
            int pixel = place / channels,
                anchor = place % channels / classes;
            (float right, float down) = (pixel % Size.Width * stride, pixel / Size.Width * stride);
            for (int k = 0; k < 4; k++)
            {
                box[k] = bases[(anchor * 4) + k] + (k % 2 == 0 ? right : down);
                delta[k] = deltas[(((anchor * 4) + k) * pixels) + pixel];
            }

            int source = before + (place % channels * pixels) + pixel;
            coder.Decode(box, delta, candidates.Add(score, areLabelsLevels ? level : place % classes, source), image);
        }
    }

    internal static void CheckCount(int levels, AnchorGenerator anchors)
    {
        if (levels != anchors.Strides.Length)
            throw new ArgumentException($"There are {levels} levels, the anchors have {anchors.Strides.Length}.", nameof(levels));
    }
}
