param(
    [string]$Version = "1.1.0"
)
Invoke-WebRequest "https://github.com/wildcard/caro/releases/download/v$Version/caro-windows-amd64.exe" -OutFile caro.exe
