// Package admin shows what runs.
package admin

// About returns what /about answers.
func About() map[string]string {
	return map[string]string{
		"name":    "llm-proxy",
		"version": "0.1.0",
	}
}
