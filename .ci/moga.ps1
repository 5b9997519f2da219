# Builds MogaSharp once and runs it, as the script moga does elsewhere: a program for the .NET runtime, compiled ahead of time where the compiler
# for that is at hand. Works in Windows PowerShell 5.1 and in PowerShell 7 on any system.
$ErrorActionPreference = 'Stop'
$here = Split-Path -Parent $PSScriptRoot
$folder = Join-Path $here 'artifacts/moga-net'
$stamp = Join-Path $folder '.built'
$program = Join-Path $folder 'moga.dll'

function Test-Built {
    if (-not (Test-Path -LiteralPath $stamp)) { return $false }
    $built = (Get-Item -Force -LiteralPath $stamp).LastWriteTimeUtc
    $sources = Get-ChildItem -LiteralPath (Join-Path $here 'src'), (Join-Path $here 'models') -Recurse -File |
        Where-Object { $_.FullName -notmatch '[\\/](obj|bin)[\\/]' }
    $sources += Get-ChildItem -Path (Join-Path $here 'Directory.*.props'), (Join-Path $here 'global.json')
    return -not ($sources | Where-Object { $_.LastWriteTimeUtc -gt $built } | Select-Object -First 1)
}

function Publish-Program([string[]] $Options) {
    $new = "$folder.new"
    if (Test-Path -LiteralPath $new) { Remove-Item -LiteralPath $new -Recurse -Force }
    $log = Join-Path $here 'artifacts/build.log'
    & dotnet publish (Join-Path $here 'src/MogaSharp.Cli') -c Release -p:MogaProgram=true '-p:PublishDir=../../artifacts/moga-net.new/' --nologo -v quiet @Options *>> $log
    if ($LASTEXITCODE -ne 0) { return $false }
    if (Test-Path -LiteralPath $folder) { Remove-Item -LiteralPath $folder -Recurse -Force }
    Move-Item -LiteralPath $new -Destination $folder
    return $true
}

if (-not (Get-Command dotnet -ErrorAction SilentlyContinue)) {
    [Console]::Error.WriteLine('MogaSharp needs the .NET SDK 10: https://dotnet.microsoft.com/download/dotnet/10.0')
    exit 1
}
if (-not (Test-Built)) {
    [void](New-Item -ItemType Directory -Force -Path (Join-Path $here 'artifacts'))
    # Several first starts at once build once; the others wait.
    $lock = $null
    while ($null -eq $lock) {
        try { $lock = [IO.File]::Open((Join-Path $here 'artifacts/.building-net'), 'OpenOrCreate', 'ReadWrite', 'None') } catch [IO.IOException] { Start-Sleep -Milliseconds 200 }
    }
    try {
        if (-not (Test-Built)) {
            [Console]::Error.WriteLine('moga: building, once')
            $begun = [DateTime]::UtcNow
            $system = if ($env:OS -eq 'Windows_NT') { 'win' } elseif ($IsMacOS) { 'osx' } else { 'linux' }
            $rid = "$system-" + [Runtime.InteropServices.RuntimeInformation]::OSArchitecture.ToString().ToLowerInvariant()
            $done = (Publish-Program @('-r', $rid, '--self-contained', 'false', '-p:PublishReadyToRun=true')) -or (Publish-Program @('-r', $rid, '--self-contained', 'false'))
            if (-not $done) {
                [Console]::Error.WriteLine('moga: the build failed; all of it is in artifacts/build.log')
                exit 1
            }
            # What was changed during the build is built the next time.
            [void](New-Item -ItemType File -Force -Path $stamp)
            (Get-Item -Force -LiteralPath $stamp).LastWriteTimeUtc = $begun
        }
    }
    finally { $lock.Dispose() }
}
& dotnet $program @args
exit $LASTEXITCODE
