// Package ext stands in for Traefik's extension point of the same name: a nested module that only Traefik's own
// repository holds, so a build from the module proxy has to bring one. Traefik embeds both types; both are empty.
package ext

// HTTP extends the HTTP part of the dynamic configuration with nothing.
type HTTP struct{}

// Router extends a router with nothing.
type Router struct{}
