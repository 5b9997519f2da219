using System.Diagnostics;
using MogaSharp.Testing;

namespace MogaSharp.Cli.Tests;

/// <summary>The script <c>moga</c> in checkouts whose "dotnet" writes down what it is asked.</summary>
public sealed class LauncherTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Log => _folder.File("log");

    private string[] Calls => File.Exists(Log) ? File.ReadAllLines(Log) : [];

    public void Dispose()
    {
        // A build in the background may still be writing.
        foreach (string file in Directory.EnumerateFiles(_folder.FullName, ".background", SearchOption.AllDirectories))
            Process.Start("bash", ["-c", $"kill -9 -- -{File.ReadAllText(file).Trim()}"]).WaitForExit();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_first_start_does_not_wait_for_native_code()
    {
        string moga = Checkout("checkout");
        Outcome first = (await ShellAsync($"NATIVE_WAITS=1 {Quoted(moga)} x")).Succeeded();
        Assert.EndsWith("moga-jit/moga.dll|x|\n", first.Output, StringComparison.Ordinal);
        Assert.Equal(
            ["moga: building, once", "moga: making native code in the background; when it is done, moga starts faster"],
            first.ErrorLines
        );
        // While it is made, nothing waits and nothing is begun twice.
        Outcome second = (await ShellAsync($"{Quoted(moga)} x")).Succeeded();
        Assert.Equal((first.Output, ""), (second.Output, second.Errors));
        File.WriteAllText(_folder.File("go"), "");
        await NativeAsync();
        Assert.EndsWith("moga/moga|x|\n", (await ShellAsync($"{Quoted(moga)} x")).Succeeded().Output, StringComparison.Ordinal);
        Assert.Equal(2, Calls.Count(call => call.StartsWith("publish|", StringComparison.Ordinal)));
        Assert.False(File.Exists(_folder.File("checkout/artifacts/.background")));
    }

    [Fact]
    public async Task A_change_ends_the_build_in_the_background()
    {
        string moga = Checkout("checkout");
        (await ShellAsync($"NATIVE_WAITS=1 {Quoted(moga)} x")).Succeeded();
        string old = File.ReadAllText(_folder.File("checkout/artifacts/.background"));
        File.SetLastWriteTimeUtc(_folder.File("checkout/src/a.cs"), DateTime.UtcNow.AddSeconds(-0.01));
        Assert.EndsWith(
            "moga-jit/moga.dll|x|\n",
            (await ShellAsync($"NATIVE_WAITS=1 {Quoted(moga)} x")).Succeeded().Output,
            StringComparison.Ordinal
        );
        Assert.NotEqual(old, File.ReadAllText(_folder.File("checkout/artifacts/.background")));
        Assert.NotEqual(0, (await ShellAsync($"tr '\\0' ' ' < /proc/{old.Trim()}/cmdline | grep moga")).ExitCode);
        File.WriteAllText(_folder.File("go"), "");
        await NativeAsync();
    }

    [Fact]
    public async Task Native_code_that_cannot_be_made_is_not_tried_at_each_start()
    {
        string moga = Checkout("checkout");
        (await ShellAsync($"BACKGROUND_FAILS=1 {Quoted(moga)} x")).Succeeded();
        await WaitForAsync("checkout/artifacts/moga.failed");
        Outcome second = (await ShellAsync($"{Quoted(moga)} x")).Succeeded();
        Assert.EndsWith("moga-jit/moga.dll|x|\n", second.Output, StringComparison.Ordinal);
        Assert.Equal("", second.Errors);
        // A change may have mended it.
        File.SetLastWriteTimeUtc(_folder.File("checkout/src/a.cs"), DateTime.UtcNow.AddSeconds(-0.01));
        (await ShellAsync($"{Quoted(moga)} x")).Succeeded();
        await NativeAsync();
    }

    [Fact]
    public async Task A_measurement_waits_for_native_code()
    {
        string moga = Checkout("checkout");
        Assert.EndsWith(
            "moga/moga|bench|xt|\n",
            (await ShellAsync($"{Quoted(moga)} bench xt")).Succeeded().Output,
            StringComparison.Ordinal
        );
        Outcome wrong = await ShellAsync($"MOGA_BUILD=fast {Quoted(moga)} bench xt");
        Assert.Equal((2, "moga: MOGA_BUILD is 'fast'; it may be 'native' or 'jit'"), (wrong.ExitCode, wrong.ErrorLines.Single()));
    }

    private Task NativeAsync() => WaitForAsync("checkout/artifacts/moga/.built");

    private async Task WaitForAsync(string file)
    {
        for (int i = 0; !File.Exists(_folder.File(file)) || File.Exists(_folder.File("checkout/artifacts/.background")); i++)
        {
            Assert.True(i < 600, $"there is no {file} after a minute");
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }

    [Theory]
    [InlineData("checkout")]
    [InlineData("it's a $HOME `x` (é) 100% \"q\" ; & *")]
    [InlineData("-n")]
    public async Task Runs_from_folders_of_any_name_and_through_links(string name)
    {
        string moga = Checkout(name);
        string bin = Directory.CreateDirectory(_folder.File("bin")).FullName;
        // A chain: an absolute link, to a relative one, to the program; and one to the folder.
        File.CreateSymbolicLink(Path.Combine(bin, "relative"), Path.Combine("..", name, "moga"));
        File.CreateSymbolicLink(Path.Combine(bin, "moga"), Path.Combine(bin, "relative"));
        Directory.CreateSymbolicLink(_folder.File("place"), Path.Combine(_folder.FullName, name));
        string program = Path.Combine(_folder.FullName, name, "artifacts", "moga", "moga");
        foreach (
            string line in new[]
            {
                $"{Quoted(moga)} a 'b c'",
                "moga a 'b c'",
                $"{Quoted(_folder.File("place"))}/moga a 'b c'",
                "cd ./bin && ./relative a 'b c'",
            }
        )
        {
            Outcome outcome = (
                await ShellAsync($"export MOGA_BUILD=native PATH={Quoted(bin)}:$PATH CDPATH=/:{Quoted(_folder.FullName)}; {line}")
            ).Succeeded();
            Assert.Equal($"{program}|a|b c|\n", outcome.Output);
        }

        Assert.Single(Calls, call => call.StartsWith("publish|", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", "native")]
    [InlineData("flock", "native")]
    [InlineData("", "jit")]
    public async Task First_starts_at_the_same_time_build_once(string without, string build)
    {
        string moga = Checkout("checkout");
        string hide = without.Length > 0 ? $"command() {{ [ \"$2\" != {without} ] && builtin command \"$@\"; }}; export -f command; " : "";
        Outcome[] outcomes = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(i => ShellAsync($"{hide}MOGA_BUILD={build} {Quoted(moga)} {i}"))
        );
        for (int i = 0; i < 4; i++)
            Assert.EndsWith(
                build == "jit" ? $"moga-jit/moga.dll|{i}|\n" : $"moga/moga|{i}|\n",
                outcomes[i].Succeeded().Output,
                StringComparison.Ordinal
            );
        Assert.Single(Calls, call => call.StartsWith("publish|", StringComparison.Ordinal));
        Assert.Single(outcomes, outcome => outcome.Errors.Contains("building, once", StringComparison.Ordinal));
        // A change of the sources is built again.
        File.SetLastWriteTimeUtc(_folder.File("checkout/src/a.cs"), DateTime.UtcNow.AddSeconds(5));
        (await ShellAsync($"MOGA_BUILD={build} {Quoted(moga)}")).Succeeded();
        Assert.Equal(2, Calls.Count(call => call.StartsWith("publish|", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_build_that_fails_or_is_interrupted_is_done_again()
    {
        string moga = Checkout("checkout");
        Outcome failed = await ShellAsync($"MOGA_BUILD=native BUILD_FAILS=1 {Quoted(moga)}");
        Assert.Equal((1, ""), (failed.ExitCode, failed.Output));
        Assert.Contains("a.cs: error: no", failed.Errors, StringComparison.Ordinal);
        Assert.Equal(137, (await ShellAsync($"MOGA_BUILD=native BUILD_DIES=1 {Quoted(moga)}")).ExitCode | 128 | 9);
        (await ShellAsync($"MOGA_BUILD=native {Quoted(moga)}")).Succeeded();
        // The one that failed was tried in three ways.
        Assert.Equal(5, Calls.Count(call => call.StartsWith("publish|", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Without_the_native_compiler_the_runtime_runs_the_program()
    {
        string moga = Checkout("checkout");
        Outcome outcome = (await ShellAsync($"MOGA_BUILD=native NATIVE_FAILS=1 {Quoted(moga)} x")).Succeeded();
        Assert.EndsWith("moga/moga.dll|x|\n", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("the program will start more slowly", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains(Calls, call => call.Contains("PublishReadyToRun", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_switches_instruction_sets_off_is_obeyed()
    {
        string moga = Checkout("checkout");
        // Native code could not obey.
        Outcome outcome = (await ShellAsync($"DOTNET_EnableAVX512=0 {Quoted(moga)} x")).Succeeded();
        Assert.EndsWith("moga-jit/moga.dll|x|\n", outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(
            Calls,
            call => call.Contains("PublishAot", StringComparison.Ordinal) || call.Contains("ReadyToRun", StringComparison.Ordinal)
        );
        Assert.EndsWith(
            "moga/moga|x|\n",
            (await ShellAsync($"MOGA_BUILD=native {Quoted(moga)} x")).Succeeded().Output,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Native_code_of_another_processor_is_made_anew()
    {
        string moga = Checkout("checkout");
        (await ShellAsync($"MOGA_BUILD=native {Quoted(moga)}")).Succeeded();
        string stamp = _folder.File("checkout/artifacts/moga/.built");
        Assert.Contains(File.ReadLines("/proc/cpuinfo"), line => line == File.ReadAllText(stamp).TrimEnd('\n'));
        File.WriteAllText(stamp, "another processor");
        File.SetLastWriteTimeUtc(stamp, DateTime.UtcNow.AddSeconds(5));
        Assert.Contains(
            "building, once",
            (await ShellAsync($"MOGA_BUILD=native {Quoted(moga)}")).Succeeded().Errors,
            StringComparison.Ordinal
        );
        Assert.Equal(2, Calls.Count(call => call.StartsWith("publish|", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Nothing_else_is_built_and_closed_streams_stay_closed()
    {
        string moga = Checkout("checkout");
        // libtorch's shim is the program's affair, which first looks at the command line.
        (await ShellAsync($"MOGA_BUILD=native {Quoted(moga)} train --misspelt")).Succeeded();
        Assert.DoesNotContain(Calls, call => call.StartsWith("native|", StringComparison.Ordinal));
        Assert.Contains(Calls, call => call == $"MOGA_NATIVE={_folder.File("checkout")}/.ci/native");
        Outcome closed = await ShellAsync($"MOGA_BUILD=native {Quoted(moga)} x >&-");
        Assert.NotEqual(0, closed.ExitCode);
        (await ShellAsync($"MOGA_BUILD=native {Quoted(moga)} x <&- 2>&-")).Succeeded();
    }

    [Fact]
    public async Task The_shim_is_built_when_the_command_line_is_known_to_be_good()
    {
        string script = _folder.File("native"),
            card = Fixtures.WriteModel(_folder, Fixtures.Small);
        Script(script, $"echo called >> {Quoted(Log)}; echo building the shim");
        string moga = $"MOGA_NATIVE={Quoted(script)} {Moga.Shell}";
        foreach (
            string line in new[]
            {
                "train --misspelt",
                "train --model tiny",
                "train --model tiny --data idx:x --set nothing=1",
                "train --model tiny --data idx:x --init nowhere.pth",
                "bench nothing --train",
                "info xt",
            }
        )
            Assert.NotEqual(1, (await ShellAsync($"{moga} {line}")).ExitCode);
        Assert.Empty(Calls);
        Outcome outcome = await ShellAsync($"{moga} bench {Quoted(card)} --train --device cuda:99");
        Assert.Equal(["called"], Calls);
        Assert.Equal("building the shim", outcome.ErrorLines[0]);
        Assert.NotEqual(0, outcome.ExitCode);
        // Interrupted by the key that the terminal sends to both.
        Script(script, "kill -INT $$");
        (await ShellAsync($"{moga} bench {Quoted(card)} --train --device cuda:99")).Failed(130, "Cancelled.");
    }

    private string Checkout(string name)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder.FullName, name)).FullName;
        foreach (string part in new[] { "src", "models", ".ci" })
            Directory.CreateDirectory(Path.Combine(folder, part));
        File.Copy(Path.Combine(Repository.Root, "moga"), Path.Combine(folder, "moga"));
        foreach (string file in new[] { "Directory.Build.props", "global.json", "src/a.cs" })
            File.WriteAllText(Path.Combine(folder, file), "");
        File.Copy(Path.Combine(Repository.Root, ".ci", "build"), Path.Combine(folder, ".ci", "build"));
        Script(Path.Combine(folder, ".ci", "native"), $"echo native >> {Quoted(Log)}");
        Script(
            Path.Combine(Directory.CreateDirectory(_folder.File("fake")).FullName, "dotnet"),
            $$"""
            printf '%s|' "$@" >> {{Quoted(Log)}}; echo >> {{Quoted(Log)}}
            if [ "$1" = publish ]; then
                [ -z "${BUILD_FAILS:-}" ] || { echo 'a.cs: error: no'; exit 1; }
                [ -z "${BUILD_DIES:-}" ] || kill -9 $PPID $$
                case "$*" in *PublishAot*)
                    while [ -n "${NATIVE_WAITS:-}" ] && [ ! -e {{Quoted(_folder.File("go"))}} ]; do sleep 0.05; done
                    [ -z "${NATIVE_FAILS:-}" ] || exit 1; name=moga ;; *) name=moga.dll ;; esac
                case "$*" in *artifacts/moga.new*) [ -z "${BACKGROUND_FAILS:-}" ] || exit 1 ;; esac
                sleep 0.5
                for word; do case $word in -p:PublishDir=*) out=$2/${word#*=} ;; esac; done
                mkdir -p "$2" "$out"
                printf '#!/usr/bin/env bash\necho "MOGA_NATIVE=$MOGA_NATIVE" >> %q\nprintf "%%s|" "$0" "$@"; echo\n' {{Quoted(
                Log
            )}} > "$out/$name"
                chmod +x "$out/$name"
                exit 0
            fi
            echo "MOGA_NATIVE=$MOGA_NATIVE" >> {{Quoted(Log)}}
            printf '%s|' "$@" && echo
            """
        );
        return Path.Combine(folder, "moga");
    }

    private static void Script(string path, string text)
    {
        File.WriteAllText(path, $"#!/usr/bin/env bash\n{text}\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private async Task<Outcome> ShellAsync(string line)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the launcher is a script for bash");
        using Process process = Moga.StartOther(
            "bash",
            _folder.FullName,
            null,
            "-c",
            $"export PATH={Quoted(_folder.File("fake"))}:$PATH; {line}"
        );
        return await Moga.FinishAsync(process);
    }

    private static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
