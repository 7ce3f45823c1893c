// Command tailnet is a Tailscale network for tests: the control server of Tailscale's own tests, with peers that come and go as a
// test says over the socket: POST /peer?ip=100.100.1.9&name=one&online=true.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"tailscale.com/tailcfg"
	"tailscale.com/tstest/integration/testcontrol"
	"tailscale.com/types/key"
)

// peers are the machines of the network, by address. None of them exists: only what the control server says of them.
type peers struct {
	control *testcontrol.Server
	mu      sync.Mutex
	known   map[netip.Addr]*tailcfg.Node
}

func (p *peers) set(name, ip string, online bool) error {
	address, err := netip.ParseAddr(ip)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	node := p.known[address]
	if node == nil {
		node = newNode(tailcfg.NodeID(1000+len(p.known)), name, address)
		p.known[address] = node
	}
	node.Online = &online
	if !online {
		seen := time.Now().UTC().Truncate(time.Second)
		node.LastSeen = &seen
	}
	p.control.UpdateNode(node)
	return nil
}

func newNode(id tailcfg.NodeID, name string, address netip.Addr) *tailcfg.Node {
	addresses := []netip.Prefix{netip.PrefixFrom(address, address.BitLen())}
	return &tailcfg.Node{
		ID:                id,
		StableID:          tailcfg.StableNodeID(fmt.Sprintf("test%d", id)),
		User:              tailcfg.UserID(id),
		Name:              name + ".test.",
		Machine:           key.NewMachine().Public(),
		Key:               key.NewNode().Public(),
		DiscoKey:          key.NewDisco().Public(),
		MachineAuthorized: true,
		Addresses:         addresses,
		AllowedIPs:        addresses,
		Hostinfo:          (&tailcfg.Hostinfo{Hostname: name, OS: "linux"}).View(),
		Cap:               tailcfg.CurrentCapabilityVersion,
	}
}

// nowhere is a relay that nobody reaches: nothing is to be sent.
func nowhere() *tailcfg.DERPMap {
	node := &tailcfg.DERPNode{Name: "1a", RegionID: 1, HostName: "127.0.0.1", IPv4: "127.0.0.1", IPv6: "none", DERPPort: 1, STUNPort: -1}
	region := &tailcfg.DERPRegion{RegionID: 1, RegionCode: "none", Nodes: []*tailcfg.DERPNode{node}}
	return &tailcfg.DERPMap{OmitDefaultRegions: true, Regions: map[int]*tailcfg.DERPRegion{1: region}}
}

func main() {
	address := flag.String("listen", "127.0.0.1:8080", "where tailscaled finds its control server")
	socket := flag.String("socket", "", "Unix socket through which a test speaks")
	flag.Parse()
	control := &testcontrol.Server{ExplicitBaseURL: "http://" + *address, DERPMap: nowhere(), MagicDNSDomain: "test"}
	all := &peers{control: control, known: map[netip.Addr]*tailcfg.Node{}}
	commands := http.NewServeMux()
	commands.HandleFunc("POST /peer", func(w http.ResponseWriter, r *http.Request) {
		words := r.URL.Query()
		if err := all.set(words.Get("name"), words.Get("ip"), words.Get("online") == "true"); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	listener, err := net.Listen("unix", *socket)
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.ListenAndServe(*address, control)) }()
	log.Fatal(http.Serve(listener, commands))
}
