namespace MogaSharp.Imaging.Tests;

/// <summary>Tests that run alone, because they measure the process or read the messages that libvips keeps for all threads.</summary>
[CollectionDefinition(nameof(AloneCollection), DisableParallelization = true)]
public sealed class AloneCollection;
