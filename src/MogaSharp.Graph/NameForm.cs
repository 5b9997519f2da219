namespace MogaSharp.Graph;

/// <summary>How a project names the tensors of a network that is defined here under other names.</summary>
/// <param name="Project">The project, for people.</param>
/// <param name="Rename">The network's name of a tensor; the name itself where the form does not touch it, null for a tensor that is to be
/// left aside.</param>
public sealed record NameForm(string Project, Func<string, string?> Rename)
{
    /// <summary>A name that files of this form have and no others, by which they are recognized without a network; null when there is
    /// none.</summary>
    public string? Mark { get; init; }

    /// <summary>A parameter of the network that only networks of this form's family have; null to try the form with every
    /// network.</summary>
    public string? Parameter { get; init; }
}
