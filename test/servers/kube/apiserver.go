package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/rest"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// serveAPI runs the real kube-apiserver on the listener until ctx ends.
func serveAPI(ctx context.Context, listener net.Listener, etcd string, k keys, extra []string) error {
	opts := options.NewServerRunOptions()
	flags := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	for _, set := range opts.Flags().FlagSets {
		flags.AddFlagSet(set)
	}
	if err := flags.Parse(append(apiFlags(etcd, k), extra...)); err != nil {
		return err
	}
	// Handing over an open listener leaves no moment in which another test can take the port.
	opts.SecureServing.Listener = listener
	opts.SecureServing.BindPort = listener.Addr().(*net.TCPAddr).Port

	if err := opts.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return err
	}
	if err := logsapi.ValidateAndApply(opts.Logs, utilfeature.DefaultFeatureGate); err != nil {
		return err
	}
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	completed, err := opts.Complete(ctx)
	if err != nil {
		return err
	}
	if errs := completed.Validate(); len(errs) != 0 {
		return utilerrors.NewAggregate(errs)
	}
	return app.Run(ctx, completed)
}

func apiFlags(etcd string, k keys) []string {
	const issuer = "https://kubernetes.default.svc.cluster.local"
	return []string{
		"--etcd-servers=" + etcd,
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		// Loopback is no legal endpoint, and nothing runs inside this cluster that would look for one.
		"--endpoint-reconciler-type=none",
		"--service-cluster-ip-range=10.43.0.0/16",
		"--authorization-mode=RBAC",
		"--client-ca-file=" + k.caCert,
		"--tls-cert-file=" + k.serverCert,
		"--tls-private-key-file=" + k.serverKey,
		"--service-account-issuer=" + issuer,
		"--service-account-key-file=" + k.tokenKey,
		"--service-account-signing-key-file=" + k.tokenKey,
	}
}

// waitUntilReady returns once the server reports every start hook done and the namespaces the tests rely on exist.
func waitUntilReady(ctx context.Context, url string, k keys, stopped <-chan error) error {
	client, err := adminClient(k)
	if err != nil {
		return err
	}
	deadline := time.After(startDeadline)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	paths := []string{"/readyz", "/api/v1/namespaces/default", "/api/v1/namespaces/kube-system"}
	last := "no answer"
	for {
		select {
		case err := <-stopped:
			return fmt.Errorf("the API server ended before it was ready: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline:
			return fmt.Errorf("the API server was not ready after %s; last answer: %s", startDeadline, last)
		case <-tick.C:
		}
		for len(paths) > 0 {
			if last = get(client, url+paths[0]); last != "" {
				break
			}
			paths = paths[1:]
		}
		if len(paths) == 0 {
			return nil
		}
	}
}

// get returns "" on 200 and else what went wrong.
func get(client *http.Client, url string) string {
	res, err := client.Get(url)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusOK {
		return ""
	}
	body, _ := io.ReadAll(io.LimitReader(res.Body, 2048))
	return fmt.Sprintf("%s: %s", res.Status, body)
}

func adminClient(k keys) (*http.Client, error) {
	pair, err := tls.LoadX509KeyPair(k.adminCert, k.adminKey)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(k.caPEM) {
		return nil, fmt.Errorf("%s holds no certificate", k.caCert)
	}
	return &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}},
	}, nil
}
