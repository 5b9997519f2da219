using MogaSharp.Torch;

namespace MogaSharp.Training.Tests;

public sealed class RecipeForDeviceTests
{
    private const string NoBf16 =
        "This processor has no instructions for bfloat16, in which it would take several times as long; this run computes in float32.";

    [Theory]
    [InlineData(Precision.Bf16, "cpu", false, Precision.None, NoBf16)]
    [InlineData(Precision.Bf16, "cpu", true, Precision.Bf16, null)]
    [InlineData(Precision.Bf16, "cuda", false, Precision.Bf16, null)]
    [InlineData(Precision.None, "cpu", false, Precision.None, null)]
    [InlineData(Precision.Fp16, "cuda", false, Precision.Fp16, null)]
    [InlineData(
        Precision.Fp16,
        "cpu",
        true,
        Precision.None,
        "The recipe's fp16 needs CUDA; this run computes in float32 (amp bf16 is possible)."
    )]
    [InlineData(Precision.Fp16, "cpu", false, Precision.None, "The recipe's fp16 needs CUDA; this run computes in float32.")]
    public void A_number_format_that_is_not_there_becomes_float32_and_is_said(
        Precision asked,
        string device,
        bool hasBfloat16,
        Precision run,
        string? said
    )
    {
        var heard = new List<string>();
        TrainingRecipe recipe = RecipeChoice.ForDevice(
            new TrainingRecipe { Amp = asked },
            TorchDevice.Parse(device),
            hasBfloat16,
            heard.Add
        );
        Assert.Equal(new TrainingRecipe { Amp = run }.Amp, recipe.Amp);
        Assert.Equal(said is null ? [] : [said], heard);
    }
}
