param(
  [string]$Version = "0.2.0",
  [string]$PsVersion = "5.1.0"
)
