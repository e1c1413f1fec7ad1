// coredns is a stand-in for CoreDNS, which Debian has no package of: it
// answers the A records of the cluster's Services from the API server, and
// nothing else.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/miekg/dns"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

const (
	suffix     = ".svc.cluster.local."
	timeToLive = 30
)

type server struct {
	services listers.ServiceLister
	synced   cache.InformerSynced
}

func main() {
	stop := make(chan struct{})
	s, err := watchServices(stop)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go serveHTTP(":8080", "/health", func() bool { return true })
	go serveHTTP(":8181", "/ready", func() bool { return s.synced() })
	dns.HandleFunc(".", s.answer)
	for _, network := range []string{"udp", "tcp"} {
		go serveDNS(network)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	<-signals
	close(stop)
}

func watchServices(stop chan struct{}) (*server, error) {
	config, err := rest.InClusterConfig()
	if err != nil {
		return nil, err
	}
	// After a boot the API server's address leads nowhere until kube-proxy has its rules: ask again soon.
	config.Dial = (&net.Dialer{Timeout: time.Second}).DialContext
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	factory := informers.NewSharedInformerFactory(clients, 0)
	services := factory.Core().V1().Services()
	s := &server{services.Lister(), services.Informer().HasSynced}
	factory.Start(stop)
	// One call outside the watch, so that a missing right is said at once.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := clients.CoreV1().Services("").List(ctx, metav1.ListOptions{Limit: 1}); err != nil {
		fmt.Fprintln(os.Stderr, "cannot list services yet:", err)
	}
	return s, nil
}

func serveHTTP(address, path string, good func() bool) {
	mux := http.NewServeMux()
	mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
		if !good() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "OK")
	})
	fmt.Fprintln(os.Stderr, http.ListenAndServe(address, mux))
	os.Exit(1)
}

func serveDNS(network string) {
	fmt.Fprintln(os.Stderr, dns.ListenAndServe(":53", network, nil))
	os.Exit(1)
}

func (s *server) answer(w dns.ResponseWriter, request *dns.Msg) {
	reply := new(dns.Msg)
	reply.SetReply(request)
	reply.Authoritative = true
	reply.Rcode = dns.RcodeNameError
	for _, question := range request.Question {
		address, found := s.address(question.Name)
		if !found {
			continue
		}
		reply.Rcode = dns.RcodeSuccess
		if question.Qtype == dns.TypeA && address != nil {
			header := dns.RR_Header{Name: question.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: timeToLive}
			reply.Answer = append(reply.Answer, &dns.A{Hdr: header, A: address})
		}
	}
	_ = w.WriteMsg(reply)
}

// address finds the cluster address of NAME.NAMESPACE.svc.cluster.local.
func (s *server) address(name string) (net.IP, bool) {
	name = strings.ToLower(name)
	if !strings.HasSuffix(name, suffix) {
		return nil, false
	}
	labels := strings.Split(strings.TrimSuffix(name, suffix), ".")
	if len(labels) != 2 {
		return nil, false
	}
	service, err := s.services.Services(labels[1]).Get(labels[0])
	if err != nil {
		return nil, false
	}
	return net.ParseIP(service.Spec.ClusterIP).To4(), true
}
