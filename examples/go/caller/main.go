// The issuer's client for Thales on net/http. It is driven by lines: one call in, one answer out.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"
)

type call struct {
	URL     string            `json:"url"`
	Method  string            `json:"method"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

func main() {
	thales, err := client()
	if err != nil {
		log.Fatal(err)
	}
	answers := json.NewEncoder(os.Stdout)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var order struct {
			ID   uint64 `json:"id"`
			Call call   `json:"call"`
		}
		if err := json.Unmarshal(lines.Bytes(), &order); err != nil {
			log.Fatal(err)
		}
		answer := map[string]any{"id": order.ID}
		if status, err := order.Call.by(thales); err != nil {
			answer["failed"] = map[string]string{"error": err.Error()}
		} else {
			answer["completed"] = map[string]int{"status": status}
		}
		if err := answers.Encode(answer); err != nil {
			log.Fatal(err)
		}
	}
}

// client shows the issuer's certificate, trusts Thales' authority alone, and keeps no connection longer than a request.
func client() (*http.Client, error) {
	trust, err := os.ReadFile("/etc/acme/thales-server-ca.pem")
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(trust) {
		return nil, errors.New("/etc/acme/thales-server-ca.pem holds no certificate")
	}
	certificate, err := tls.LoadX509KeyPair("/etc/acme/client.pem", "/etc/acme/client.key")
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{
			RootCAs:    roots,
			MinVersion: tls.VersionTLS12,
			// With Certificates, Go would withhold it where Thales names authorities that it is not from.
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificate, nil },
		},
		// Thales moves by DNS: a connection that is kept alive under traffic would stay at the old address.
		DisableKeepAlives:   true,
		TLSHandshakeTimeout: 5 * time.Second,
	}
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}, nil
}

func (c call) by(thales *http.Client) (int, error) {
	request, err := http.NewRequest(c.Method, c.URL, strings.NewReader(c.Body))
	if err != nil {
		return 0, err
	}
	for name, value := range c.Headers {
		request.Header.Set(name, value)
	}
	answer, err := thales.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, err
}
