using MogaSharp.Testing;

namespace MogaSharp.Cli.Tests;

/// <summary>What is said of the demonstration models, which have an answer to everything.</summary>
public sealed class DefaultModelTests : IDisposable
{
    private const string Clothing =
        "note: without --model this is moganet_xtiny_fashion, a demonstration that only knows ten kinds of clothing in 28x28 gray "
        + "pixels (Fashion-MNIST); "
        + "for photographs: moga pull moganet_small, then --model moganet_small\n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_picture_s_classes_come_with_what_the_model_knows()
    {
        string bag = Fixtures.Sample("bag_0018.png");
        Assert.Equal(Clothing, (await Moga.RunAsync("classify", bag, bag)).Succeeded().Errors);
        Outcome json = (await Moga.RunAsync("classify", bag, "--json")).Succeeded();
        Assert.Equal(Clothing, json.Errors);
        Assert.DoesNotContain("without", json.Output, StringComparison.Ordinal);
        Assert.Equal("", (await Moga.RunAsync("classify", bag, "--model", "moganet_xtiny_fashion")).Succeeded().Errors);
        string weights = Path.Combine(Repository.Root, "models", "moganet_xtiny_fashion", "model.safetensors");
        Assert.Equal("", (await Moga.RunAsync("classify", bag, "--weights", weights)).Succeeded().Errors);
    }

    [Fact]
    public async Task A_prediction_comes_with_what_the_model_has_seen()
    {
        string[] arguments = ["predict", VideoFixtures.Sample("moving_mnist.gif"), "--output", _folder.File("out")];
        Assert.StartsWith(
            "note: without --model this is simvp_moga_small, a demonstration",
            (await Moga.RunAsync(arguments)).Succeeded().Errors,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain(
            "demonstration",
            (await Moga.RunAsync([.. arguments, "--model", "simvp_moga_small"])).Succeeded().Errors,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Moga_alone_prints_its_help()
    {
        Outcome alone = (await Moga.RunAsync()).Succeeded();
        Assert.Equal((await Moga.RunAsync("--help")).Succeeded().Output, alone.Output);
        Assert.Empty(alone.Errors);
    }
}
