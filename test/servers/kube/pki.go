package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// keys are the files the server and its administrator identify themselves with.
type keys struct {
	caCert, serverCert, serverKey, adminCert, adminKey, tokenKey string
	caPEM                                                        []byte
}

// ensureKeys makes the keys in dir once; a restart finds and keeps them, so earlier kubeconfigs and tokens stay valid.
func ensureKeys(dir string) (keys, error) {
	at := func(name string) string { return filepath.Join(dir, name) }
	k := keys{
		caCert: at("ca.crt"), serverCert: at("server.crt"), serverKey: at("server.key"),
		adminCert: at("admin.crt"), adminKey: at("admin.key"), tokenKey: at("token.key"),
	}
	done := at("complete")
	if _, err := os.Stat(done); err != nil {
		if err := makeKeys(dir, k); err != nil {
			return keys{}, err
		}
		if err := os.WriteFile(done, nil, 0o600); err != nil {
			return keys{}, err
		}
	}
	var err error
	k.caPEM, err = os.ReadFile(k.caCert)
	return k, err
}

func makeKeys(dir string, k keys) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	ca := template("sync-controller test CA")
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature
	caKey, err := issue(ca, ca, nil, k.caCert, filepath.Join(dir, "ca.key"))
	if err != nil {
		return err
	}
	server := template("kube-apiserver")
	server.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback, net.IPv4(10, 43, 0, 1)}
	server.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}
	server.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if _, err := issue(server, ca, caKey, k.serverCert, k.serverKey); err != nil {
		return err
	}
	admin := template("admin")
	admin.Subject.Organization = []string{"system:masters"}
	admin.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if _, err := issue(admin, ca, caKey, k.adminCert, k.adminKey); err != nil {
		return err
	}
	_, err = newKey(k.tokenKey)
	return err
}

func template(name string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err) // no randomness, no server
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(10, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}

// issue signs cert with the parent's key, or with its own when signer is nil.
func issue(cert, parent *x509.Certificate, signer *ecdsa.PrivateKey, certFile, keyFile string) (*ecdsa.PrivateKey, error) {
	key, err := newKey(keyFile)
	if err != nil {
		return nil, err
	}
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, parent, key.Public(), signer)
	if err != nil {
		return nil, err
	}
	return key, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600)
}

func newKey(file string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

func writeKubeconfig(file, url string, k keys) error {
	cert, err := os.ReadFile(k.adminCert)
	if err != nil {
		return err
	}
	key, err := os.ReadFile(k.adminKey)
	if err != nil {
		return err
	}
	const name = "sync-test"
	config := api.NewConfig()
	config.Clusters[name] = &api.Cluster{Server: url, CertificateAuthorityData: k.caPEM}
	config.AuthInfos[name] = &api.AuthInfo{ClientCertificateData: cert, ClientKeyData: key}
	config.Contexts[name] = &api.Context{Cluster: name, AuthInfo: name}
	config.CurrentContext = name
	return clientcmd.WriteToFile(*config, file)
}
