// Package server answers requests.
package server

// Version is what the health page shows.
const Version = "0.1.0"

// Health returns what /health answers.
func Health() string {
	return "ok " + Version
}
