// The issuer's server on net/http: demands a certificate that the Thales Client CA has issued.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

func main() {
	authority, err := os.ReadFile("/etc/acme/thales-ca.pem")
	if err != nil {
		log.Fatal(err)
	}
	clients := x509.NewCertPool()
	if !clients.AppendCertsFromPEM(authority) {
		log.Fatal("/etc/acme/thales-ca.pem holds no certificate")
	}
	server := &http.Server{
		Addr:    "0.0.0.0:443",
		Handler: http.HandlerFunc(eligible),
		TLSConfig: &tls.Config{
			ClientCAs:  clients,
			ClientAuth: tls.RequireAndVerifyClientCert,
			// Before Go 1.22 a server speaks TLS 1.0 unless it is told not to.
			MinVersion: tls.VersionTLS12,
		},
		ReadHeaderTimeout: 10 * time.Second,
	}
	log.Fatal(server.ListenAndServeTLS("/etc/acme/server.pem", "/etc/acme/server.key"))
}

func eligible(answer http.ResponseWriter, request *http.Request) {
	io.Copy(io.Discard, request.Body)
	answer.Header().Set("Content-Type", "application/json")
	io.WriteString(answer, "{}")
}
