# Builds, and runs every test, as the script test does elsewhere. What needs libtorch, a terminal of Unix or Debian's data sets is skipped.
$ErrorActionPreference = 'Stop'
$here = Split-Path -Parent $PSScriptRoot
Set-Location -LiteralPath $here
$results = Join-Path $here 'artifacts/test-results'
if (Test-Path -LiteralPath $results) { Remove-Item -LiteralPath $results -Recurse -Force }
[void](New-Item -ItemType Directory -Force -Path $results)
'building'
& dotnet build MogaSharp.slnx -c Release --nologo -v quiet *> (Join-Path $here 'artifacts/test-build.log')
if ($LASTEXITCODE -ne 0) {
    Select-String -Path (Join-Path $here 'artifacts/test-build.log') -Pattern 'error' | Select-Object -First 20 | ForEach-Object { $_.Line }
    '0 passed, 1 failed, 0 skipped'
    exit 1
}
$status = 0
foreach ($project in Get-ChildItem -Directory -Path (Join-Path $here 'tests') -Filter '*.Tests') {
    "testing $($project.Name)"
    & dotnet test $project.FullName -c Release --no-build --nologo -v quiet --logger "trx;LogFileName=$($project.Name).trx" --results-directory $results *> (Join-Path $results "$($project.Name).log")
    if ($LASTEXITCODE -ne 0) { $status = 1 }
}
$passed = 0; $failed = 0; $skipped = 0
foreach ($file in Get-ChildItem -Path $results -Filter '*.trx') {
    $counters = ([xml](Get-Content -LiteralPath $file.FullName -Raw)).TestRun.ResultSummary.Counters
    $passed += [int]$counters.passed; $failed += [int]$counters.failed; $skipped += [int]$counters.total - [int]$counters.executed
}
if ($status -ne 0 -and $failed -eq 0) { $failed = 1 }
"$passed passed, $failed failed, $skipped skipped"
exit [int]($failed -ne 0)
