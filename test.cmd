@echo off
rem Builds, and runs every test. Last line: N passed, N failed, N skipped.
powershell -NoProfile -ExecutionPolicy Bypass -File "%~dp0.ci\test.ps1" %*
exit /b %ERRORLEVEL%
