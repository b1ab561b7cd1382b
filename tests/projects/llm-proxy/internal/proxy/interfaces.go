// Package proxy passes requests on.
package proxy

const version = "0.1.0"

// UserAgent is how the proxy names itself upstream.
func UserAgent() string {
	return "llm-proxy/" + version
}
