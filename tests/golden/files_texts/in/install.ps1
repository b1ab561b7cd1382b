param(
  [string]$Version = "1.1.0"
)
