// Package main is the proxy's command line. It has no flag that shows a version.
package main

import (
	"flag"
	"fmt"

	"github.com/sofatutor/llm-proxy/internal/admin"
	"github.com/sofatutor/llm-proxy/internal/server"
)

func main() {
	address := flag.String("addr", ":8080", "where to listen")
	flag.Parse()
	fmt.Println("listening on", *address, server.Health(), admin.About()["version"])
}
