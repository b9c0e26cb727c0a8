// A client as one writes it with the standard library: root store, one certificate, one GET.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

func main() {
	if err := call(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func call() error {
	authorities, err := os.ReadFile(os.Getenv("TSH_TLS_SERVER_CERTIFICATE_CHAIN"))
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authorities)
	own, err := tls.LoadX509KeyPair(os.Getenv("CUSTOMER_TLS_CLIENT_CERTIFICATE"), os.Getenv("CUSTOMER_TLS_CLIENT_KEY"))
	if err != nil {
		return err
	}
	configuration := &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{own}}
	client := &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{TLSClientConfig: configuration},
	}
	response, err := client.Get(os.Getenv("THALES_URL"))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
