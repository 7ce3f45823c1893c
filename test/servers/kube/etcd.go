package main

import (
	"context"
	"errors"
	"net"
	"net/url"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/storage/wal"
)

// startEtcd runs a one-member etcd on free loopback ports; data from an earlier run in dir is kept.
func startEtcd(ctx context.Context, dir string) (*embed.Etcd, error) {
	// A full-size segment is preallocated at start; a test store never fills it.
	wal.SegmentSizeBytes = 4 << 20

	clients, err := freeURL()
	if err != nil {
		return nil, err
	}
	peers := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	cfg := embed.NewConfig()
	cfg.Dir = dir
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = clients, clients
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = peers, peers
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	// One member elects itself: waiting a full default election costs a second per start and proves nothing.
	cfg.TickMs, cfg.ElectionMs = 10, 100
	// A killed process loses nothing that reached the page cache; only a power cut would, and no test cuts power.
	cfg.UnsafeNoFsync = true
	cfg.LogLevel = "error"

	store, err := embed.StartEtcd(cfg)
	if err != nil {
		return nil, err
	}
	select {
	case <-store.Server.ReadyNotify():
		return store, nil
	case err := <-store.Err():
		store.Close()
		return nil, err
	case <-time.After(startDeadline):
		store.Close()
		return nil, errors.New("no leader before the deadline")
	case <-ctx.Done():
		store.Close()
		return nil, ctx.Err()
	}
}

// freeURL names a port that is free now. Port 0 would do for the store itself, but its JSON gateway, with which tests
// compact it, dials the port it was told.
func freeURL() ([]url.URL, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return []url.URL{{Scheme: "http", Host: listener.Addr().String()}}, listener.Close()
}

func endpoint(store *embed.Etcd) string {
	return "http://" + store.Clients[0].Addr().String()
}
