param(
  [string]$Version = "0.1.0",
  [string]$PsVersion = "5.1.0"
)
