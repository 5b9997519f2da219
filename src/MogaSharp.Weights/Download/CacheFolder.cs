namespace MogaSharp.Weights;

/// <summary>Where downloads are kept. Never the current folder: every folder would download anew.</summary>
public static class CacheFolder
{
    private const string Chosen = "MOGA_CACHE",
        Shared = "XDG_CACHE_HOME",
        HomeVariable = "HOME",
        Own = "mogasharp";

    /// <summary>
    /// The environment's <c>MOGA_CACHE</c>, or "mogasharp" in the user's cache folder: <c>XDG_CACHE_HOME</c> or <c>~/.cache</c>, on Windows
    /// the local application data. It need not exist yet, and neither need the home folder. Paths of <c>XDG_CACHE_HOME</c> and <c>HOME</c>
    /// that are not absolute are passed over.
    /// </summary>
    /// <exception cref="IOException">There is no home folder; the message says what to set.</exception>
    public static string Default => Find(Environment.GetEnvironmentVariable, AccountHome);

    /// <summary>The user's home folder, which need not exist; null when neither <c>HOME</c> nor the account has an absolute path.</summary>
    public static string? Home => HomeOf(Environment.GetEnvironmentVariable, AccountHome);

    /// <summary>Makes a folder for downloads, with those above it.</summary>
    /// <exception cref="IOException">It cannot be made; the message says where it was to be, why, and what to set.</exception>
    public static void Create(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string reason = e is IOException ? SystemMessage.Reason(e) : "permission is denied";
            throw new IOException(
                $"The cache folder '{folder}' cannot be made: {reason}. Set {Chosen} to a folder that can be written to.",
                e
            );
        }
    }

    internal static string Find(Func<string, string?> variable, Func<string?> accountHome)
    {
        if (variable(Chosen) is { Length: > 0 } chosen)
            return chosen;
        if (OperatingSystem.IsWindows())
            return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), Own);
        if (Absolute(variable(Shared)) is { } shared)
            return Path.Combine(shared, Own);
        string home =
            HomeOf(variable, accountHome)
            ?? throw new IOException(
                $"There is no place for the cache: neither {HomeVariable} nor the account names a home folder. Set {Chosen} to a folder."
            );
        return Path.Combine(home, ".cache", Own);
    }

    private static string? HomeOf(Func<string, string?> variable, Func<string?> accountHome) =>
        Absolute(variable(HomeVariable)) ?? Absolute(accountHome());

    private static string? Absolute(string? path) => path is { Length: > 0 } && Path.IsPathFullyQualified(path) ? path : null;

    // .NET looks into the account only where HOME is empty, so one that is not a path has to be passed over here.
    private static string? AccountHome()
    {
        string asked = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
        if (Absolute(asked) is not null)
            return asked;
        const string Accounts = "/etc/passwd";
        if (!File.Exists(Accounts))
            return null;
        return File.ReadLines(Accounts)
            .Select(line => line.Split(':'))
            .FirstOrDefault(fields => fields.Length > 5 && fields[0] == Environment.UserName)
            ?[5];
    }
}
