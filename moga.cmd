@echo off
rem Builds MogaSharp once and runs it: moga classify samples
powershell -NoProfile -ExecutionPolicy Bypass -File "%~dp0.ci\moga.ps1" %*
exit /b %ERRORLEVEL%
