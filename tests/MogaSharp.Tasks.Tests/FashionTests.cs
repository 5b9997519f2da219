using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Tasks.Tests;

/// <summary>The shipped weights on the 10,000 test images, against PyTorch with the same weights (tests/fixtures/fashion).</summary>
public sealed class FashionTests(ShippedModel model) : IClassFixture<ShippedModel>
{
    private const string DataFolder = "/usr/share/datasets/fashion-mnist";
    private const int BatchSize = 100;

    [Fact]
    public void Predicts_what_PyTorch_predicts_on_every_image_of_clear_margin()
    {
        Assert.SkipUnless(
            Directory.Exists(DataFolder),
            "Fashion-MNIST is not installed; to install: sudo apt-get install -y dataset-fashion-mnist"
        );
        var expected = new FixtureFile(Repository.Fixture("fashion", "expected.safetensors"));
        byte[] predicted = expected.Bytes("predicted");
        float[] margins = expected.Floats("margin"),
            logits = expected.Floats("logits_first_256");
        var set = new IdxDataset(DataFolder, DatasetSplit.Test, model.Card.Labels);
        Assert.Equal(predicted.Length, set.Count);

        int correct = 0,
            unclear = 0;
        double largest = 0;
        var wrong = new List<int>();
        for (int first = 0; first < set.Count; first += BatchSize)
        {
            Tensor outputs = Run(set, first);
            for (int i = first; i < first + BatchSize; i++)
            {
                ReadOnlySpan<float> row = outputs.Span.Slice((i - first) * 10, 10);
                int best = Best(row);
                if (best == set[i].Label)
                    correct++;
                if (margins[i] <= 1e-3f)
                    unclear++;
                else if (best != predicted[i])
                    wrong.Add(i);
                for (int c = 0; c < 10 && i < 256; c++)
                    largest = Math.Max(largest, Math.Abs(row[c] - logits[(i * 10) + c]));
            }
        }

        Assert.Empty(wrong);
        Assert.InRange(largest, 0, 1e-4);
        // PyTorch's accuracy; images of no clear margin may fall to either side.
        int official = Enumerable.Range(0, set.Count).Count(i => predicted[i] == set[i].Label);
        Assert.InRange(correct, official - unclear, official + unclear);
        Assert.InRange(unclear, 0, 20);
        TestContext.Current.SendDiagnosticMessage(
            $"top-1 {correct / 10000.0}, PyTorch {official / 10000.0}, largest difference of logits {largest}, {unclear} without "
                + "clear margin"
        );
    }

    private static int Best(ReadOnlySpan<float> row)
    {
        int best = 0;
        for (int i = 1; i < row.Length; i++)
            if (row[i] > row[best])
                best = i;
        return best;
    }

    private Tensor Run(IdxDataset set, int first)
    {
        var input = new Tensor(model.Classifier.InputShape.With(0, BatchSize));
        int length = input.Data.Length / BatchSize;
        for (int i = 0; i < BatchSize; i++)
            set[first + i].WriteInput(model.Classifier.Preprocessor, input.Data.AsSpan(i * length, length));
        return model.Classifier.Logits(input, TestContext.Current.CancellationToken);
    }
}
