// The issuer's client for Thales on Go's net/http: one call a line in, one answer a line out. Each of its words changes
// one thing of the configuration.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

type order struct {
	ID   int `json:"id"`
	Call *struct {
		URL    string `json:"url"`
		Method string `json:"method"`
	} `json:"call"`
}

func fit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func transport(words []string) *http.Transport {
	chain, err := os.ReadFile(os.Getenv("TSH_TLS_SERVER_CERTIFICATE_CHAIN"))
	fit(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(chain)
	pair, err := tls.LoadX509KeyPair(os.Getenv("CUSTOMER_TLS_CLIENT_CERTIFICATE"), os.Getenv("CUSTOMER_TLS_CLIENT_KEY"))
	fit(err)
	config := &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}
	transport := &http.Transport{TLSClientConfig: config}
	for _, word := range words {
		switch word {
		case "whatever-is-named":
			config.Certificates = nil
			config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				return &pair, nil
			}
		case "no-keep-alive":
			transport.DisableKeepAlives = true
		case "http-2":
			transport.ForceAttemptHTTP2 = true
		case "insecure":
			config.InsecureSkipVerify = true
		case "tls-1.0":
			config.MinVersion = tls.VersionTLS10
		case "system-roots":
			config.RootCAs = nil
		}
	}
	return transport
}

func main() {
	client := &http.Client{Transport: transport(os.Args[1:]), Timeout: 10 * time.Second}
	lines := bufio.NewScanner(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked order
		fit(json.Unmarshal(lines.Bytes(), &asked))
		answer := map[string]interface{}{"id": asked.ID}
		if asked.Call == nil {
			answer["unsupported"] = map[string]int{}
			fit(answers.Encode(answer))
			continue
		}
		request, err := http.NewRequest(asked.Call.Method, asked.Call.URL, nil)
		fit(err)
		response, err := client.Do(request)
		if err != nil {
			answer["failed"] = map[string]string{"error": err.Error()}
		} else {
			io.Copy(io.Discard, response.Body)
			response.Body.Close()
			answer["completed"] = map[string]int{"status": response.StatusCode}
		}
		fit(answers.Encode(answer))
	}
}
