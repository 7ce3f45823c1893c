// Command kube-test-server is a whole Kubernetes control-plane API in one process: the real kube-apiserver with its
// store, an embedded etcd. The tests of this repository start, kill and restart it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"k8s.io/component-base/version"
	"k8s.io/klog/v2"
)

const (
	startDeadline = 90 * time.Second
	stopGrace     = 2 * time.Second
)

type settings struct {
	dir        string
	port       int
	extraFlags []string // handed to kube-apiserver as they are
}

func main() {
	var s settings
	showVersion := flag.Bool("version", false, "print the Kubernetes version and exit")
	flag.StringVar(&s.dir, "dir", "", "state directory: etcd data, keys, kubeconfig (kept between runs)")
	flag.IntVar(&s.port, "port", 0, "secure port on 127.0.0.1; 0 picks a free one")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: kube-test-server --dir DIR [--port N] [-- kube-apiserver flags]")
		flag.PrintDefaults()
	}
	flag.Parse()
	s.extraFlags = flag.Args()

	if *showVersion {
		fmt.Println(version.Get().GitVersion)
		return
	}
	if s.dir == "" {
		flag.Usage()
		os.Exit(64)
	}
	if err := run(s); err != nil {
		klog.Flush()
		fmt.Fprintln(os.Stderr, "kube-test-server:", err)
		os.Exit(1)
	}
}

func run(s settings) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	dir, err := filepath.Abs(s.dir)
	if err != nil {
		return err
	}
	keys, err := ensureKeys(filepath.Join(dir, "pki"))
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)))
	if err != nil {
		return err
	}
	store, err := startEtcd(ctx, filepath.Join(dir, "etcd"))
	if err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	defer store.Close()

	url := "https://" + listener.Addr().String()
	kubeconfig := filepath.Join(dir, "kubeconfig")
	if err := writeKubeconfig(kubeconfig, url, keys); err != nil {
		return err
	}
	stopped := make(chan error, 1)
	go func() { stopped <- serveAPI(ctx, listener, endpoint(store), keys, s.extraFlags) }()

	if err := waitUntilReady(ctx, url, keys, stopped); err != nil {
		if ctx.Err() != nil {
			return nil // asked to end before it was ready
		}
		return err
	}
	line := map[string]any{"ready": true, "kubeconfig": kubeconfig, "url": url, "etcd": endpoint(store), "version": version.Get().GitVersion}
	if err := json.NewEncoder(os.Stdout).Encode(line); err != nil {
		return err
	}
	select {
	case err := <-stopped:
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	case <-afterGrace(ctx):
		// Closing the store would wait for the API server in turn; it survives a kill, so it survives this.
		klog.Flush()
		os.Exit(0)
	}
	return nil
}

// afterGrace fires a while after ctx has ended. Left alone, the API server waits up to a minute for open watches.
func afterGrace(ctx context.Context) <-chan struct{} {
	fired := make(chan struct{})
	context.AfterFunc(ctx, func() { time.AfterFunc(stopGrace, func() { close(fired) }) })
	return fired
}
