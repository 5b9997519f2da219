using System.Text.Json.Serialization;
using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>Options of a network made of a backbone of any family and a head for a dense task. <see cref="ModelOptions.DropRate"/> and
/// <see cref="ModelOptions.DropPathRate"/> are the backbone's.</summary>
public abstract record DenseOptions : ModelOptions
{
    /// <summary>The backbone's options; in a card an object with the <c>family</c> beside them. Classes and drop rates in it mean
    /// nothing.</summary>
    public ClassifierOptions Backbone
    {
        get => field;
        init => field = value with { NumClasses = 0, DropRate = 0, DropPathRate = 0 };
    } = new MogaNetOptions { NumClasses = 0 };

    /// <summary>Image channels.</summary>
    [JsonIgnore]
    public int InChannels => Backbone.InChannels;

    /// <summary>The modules over the backbone and the pyramid, by their official names.</summary>
    [JsonIgnore]
    public static string BackboneName => "backbone";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Backbone.Validate();
        Require(Backbone.CreateBackbone().Features.Length >= 1, "the backbone has stages");
    }

    /// <summary>The backbone with this network's drop rates. Validates the options.</summary>
    /// <exception cref="GraphException">The options describe no network.</exception>
    public IBackbone CreateBackbone()
    {
        Validate();
        return (Backbone with { DropRate = DropRate, DropPathRate = DropPathRate }).CreateBackbone();
    }

    /// <inheritdoc/>
    protected internal override void CheckLimits(Action<bool, string> require)
    {
        Backbone.CheckLimits(require);
        require(ClassCount <= CardRules.MaxClasses, $"classes are at most {CardRules.MaxClasses}");
    }

    /// <summary>States what <see cref="CheckLimits"/> states of channels.</summary>
    /// <param name="require">Takes a condition and the rule that it stands for.</param>
    /// <param name="channels">Channels of layers.</param>
    protected static void RequireChannels(Action<bool, string> require, params ReadOnlySpan<int> channels)
    {
        foreach (int count in channels)
            require(count <= CardRules.MaxChannels, $"channels are at most {CardRules.MaxChannels}");
    }
}

/// <summary>Options of a network from images to the class of each pixel.</summary>
public abstract record SegmentationOptions : DenseOptions
{
    /// <summary>Classes, 1 or more.</summary>
    public int NumClasses { get; init; } = 150;

    /// <summary>Share of the channels that heads drop before the classes, 0 to below 1 (training only).</summary>
    public double HeadDropRate { get; init; } = 0.1;

    /// <inheritdoc/>
    public override ModelTask Task => ModelTask.Segmentation;

    /// <inheritdoc/>
    public override int ClassCount => NumClasses;

    /// <inheritdoc/>
    public override ModelOptions WithClasses(int classes) => this with { NumClasses = classes };

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require(NumClasses > 0, "there is at least one class");
        Require(HeadDropRate is >= 0 and < 1, "drop rates lie from 0 to below 1");
    }
}
