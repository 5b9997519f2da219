namespace MogaSharp.Weights;

/// <summary>
/// Which names a pickle may call. Nothing is ever resolved or run, whatever the name: an unknown class becomes an inert value. Still a file
/// that calls what only an attack calls is refused, so that people hear of it.
/// </summary>
internal static class PickleNames
{
    /// <summary>Dictionaries under other names.</summary>
    public static readonly HashSet<string> DictClasses =
    [
        "collections.OrderedDict",
        "collections.defaultdict",
        "collections.Counter",
        "builtins.dict",
        "__builtin__.dict",
        "addict.addict.Dict",
        "addict.Dict",
        "mmcv.utils.config.ConfigDict",
        "mmengine.config.config.ConfigDict",
        "easydict.EasyDict",
        "yacs.config.CfgNode",
        "fvcore.common.config.CfgNode",
    ];

    // Modules that reach the machine, other code, or the interpreter itself, by the first part of their names.
    private static readonly HashSet<string> DangerousModules =
    [
        "builtins",
        "__builtin__",
        "__builtins__",
        "os",
        "posix",
        "nt",
        "posixpath",
        "ntpath",
        "subprocess",
        "_posixsubprocess",
        "sys",
        "importlib",
        "_frozen_importlib",
        "imp",
        "runpy",
        "pty",
        "shutil",
        "socket",
        "_socket",
        "ssl",
        "ctypes",
        "_ctypes",
        "pickle",
        "_pickle",
        "cPickle",
        "marshal",
        "code",
        "codeop",
        "types",
        "functools",
        "_functools",
        "operator",
        "_operator",
        "itertools",
        "copyreg",
        "copy_reg",
        "webbrowser",
        "platform",
        "commands",
        "popen2",
        "multiprocessing",
        "threading",
        "_thread",
        "asyncio",
        "concurrent",
        "signal",
        "tempfile",
        "glob",
        "io",
        "_io",
        "fileinput",
        "inspect",
        "pdb",
        "bdb",
        "timeit",
        "cProfile",
        "profile",
        "trace",
        "doctest",
        "distutils",
        "setuptools",
        "pip",
        "pkgutil",
        "pkg_resources",
        "zipimport",
        "urllib",
        "urllib2",
        "http",
        "httplib",
        "requests",
        "ftplib",
        "smtplib",
        "telnetlib",
        "xmlrpc",
        "sqlite3",
        "dill",
        "cloudpickle",
        "joblib",
        "shelve",
        "site",
        "atexit",
        "gc",
        "weakref",
        "ast",
        "dis",
        "_codecs",
        "codecs",
    ];

    // Plain data although their modules hold other things.
    private static readonly HashSet<string> HarmlessNames =
    [
        "argparse.Namespace",
        "types.SimpleNamespace",
        "functools.partial",
        "torch.serialization._get_layout",
        .. PlainBuiltins("builtins"),
        .. PlainBuiltins("__builtin__"),
    ];

    /// <summary>Whether a call becomes an inert value instead of ending the reading.</summary>
    public static bool IsInert(PickleGlobal name)
    {
        if (HarmlessNames.Contains(name.FullName))
            return true;
        string root = First(name.Module);
        if (root is "torch" or "torchvision")
            return IsClass(name.Name);
        // Functions of numpy read and write files; what makes its objects again is named as below.
        if (root == "numpy")
            return IsClass(name.Name)
                || name.Name.EndsWith("_ctor", StringComparison.Ordinal)
                || name.Name.EndsWith("reconstruct", StringComparison.Ordinal);
        return !DangerousModules.Contains(root) && !DangerousModules.Contains(First(name.Name));
    }

    /// <summary>Whether a class is of PyTorch's modules, of which a saved model object consists.</summary>
    public static bool IsModule(string fullName) => fullName.StartsWith("torch.nn.", StringComparison.Ordinal);

    /// <summary>Attributes that data does not have.</summary>
    public static bool IsSpecialAttribute(string name) =>
        name
            is "__class__"
                or "__bases__"
                or "__base__"
                or "__mro__"
                or "__subclasses__"
                or "__globals__"
                or "__code__"
                or "__builtins__"
                or "__reduce__"
                or "__reduce_ex__"
                or "__setstate__"
                or "__getstate__"
                or "__getattribute__"
                or "__getattr__"
                or "__setattr__"
                or "__call__"
                or "__import__"
                or "__init__"
                or "__new__"
                or "__del__";

    private static bool IsClass(string name) =>
        name.Length > 0 && char.IsAsciiLetterUpper(name[Math.Min(name.LastIndexOf('.') + 1, name.Length - 1)]);

    private static string First(string dotted) =>
        dotted.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot ? dotted[..dot] : dotted;

    private static IEnumerable<string> PlainBuiltins(string module) =>
        new[]
        {
            "object",
            "complex",
            "slice",
            "range",
            "xrange",
            "long",
            "unicode",
            "int",
            "float",
            "bool",
            "str",
            "bytes",
            "tuple",
        }.Select(name => $"{module}.{name}");
}
