// The issuer's server on Go's net/http. Each of its words changes one thing of the configuration.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"log"
	"net/http"
	"os"
)

func main() {
	authority, err := os.ReadFile(os.Getenv("THALES_CLIENT_CA"))
	if err != nil {
		log.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(authority)
	config := &tls.Config{
		ClientCAs:  clients,
		ClientAuth: tls.RequireAndVerifyClientCert,
		MinVersion: tls.VersionTLS12,
	}
	for _, word := range os.Args[1:] {
		switch word {
		case "default-versions":
			config.MinVersion = 0
		case "if-given":
			config.ClientAuth = tls.VerifyClientCertIfGiven
		case "any":
			config.ClientAuth = tls.RequireAnyClientCert
		}
	}
	answer := func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Content-Type", "application/json")
		out.Write([]byte("{}"))
	}
	server := &http.Server{Addr: "0.0.0.0:443", Handler: http.HandlerFunc(answer), TLSConfig: config}
	chain, key := os.Getenv("CUSTOMER_TLS_SERVER_CERTIFICATE_CHAIN"), os.Getenv("CUSTOMER_TLS_SERVER_KEY")
	log.Fatal(server.ListenAndServeTLS(chain, key))
}
