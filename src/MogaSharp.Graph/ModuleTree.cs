namespace MogaSharp.Graph;

/// <summary>A module with its parameters and submodules, which lists parameters as PyTorch's <c>state_dict</c> does.</summary>
internal sealed class ModuleTree
{
    private readonly List<ParameterSpec> _own = [];
    private readonly List<ModuleTree> _children = [];
    private readonly Dictionary<string, ModuleTree> _byName = new(StringComparer.Ordinal);

    /// <summary>A module's own parameters, its buffers, then those of its submodules in the order in which they were first named.</summary>
    public IEnumerable<ParameterSpec> Parameters => _own.OrderBy(spec => spec.Kind).Concat(_children.SelectMany(child => child.Parameters));

    /// <summary>Files a parameter under its module.</summary>
    public void Add(ParameterSpec spec) => Name(spec.Name[..Math.Max(0, spec.Name.LastIndexOf('.'))])._own.Add(spec);

    /// <summary>Finds a module, and gives it the next place if it has none.</summary>
    public ModuleTree Name(string path)
    {
        ModuleTree module = this;
        foreach (string part in path.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!module._byName.TryGetValue(part, out ModuleTree? child))
            {
                child = new ModuleTree();
                module._byName.Add(part, child);
                module._children.Add(child);
            }

            module = child;
        }

        return module;
    }
}
