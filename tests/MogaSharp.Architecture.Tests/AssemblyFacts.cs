using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace MogaSharp.Architecture.Tests;

/// <summary>What an assembly's metadata says, read without loading it.</summary>
/// <param name="References">The assemblies that it references.</param>
/// <param name="Imports">The native libraries whose functions it imports.</param>
/// <param name="Types">The types of other assemblies that it names.</param>
internal sealed record AssemblyFacts(HashSet<string> References, HashSet<string> Imports, HashSet<string> Types)
{
    public static AssemblyFacts Read(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        MetadataReader metadata = file.GetMetadataReader();
        return new(
            [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))],
            [
                .. metadata
                    .MethodDefinitions.Select(metadata.GetMethodDefinition)
                    .Where(method => method.Attributes.HasFlag(MethodAttributes.PinvokeImpl))
                    .Select(method => metadata.GetString(metadata.GetModuleReference(method.GetImport().Module).Name)),
            ],
            [
                .. metadata
                    .TypeReferences.Select(metadata.GetTypeReference)
                    .Select(type => $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}"),
            ]
        );
    }
}
