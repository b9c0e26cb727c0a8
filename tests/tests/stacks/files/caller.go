// The issuer's client for Thales in Go: net/http as it is, which speaks HTTP/2 where the server does.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"time"
)

type order struct {
	Id   int `json:"id"`
	Call struct {
		Url    string `json:"url"`
		Method string `json:"method"`
	} `json:"call"`
}

func main() {
	authorities := x509.NewCertPool()
	chain, _ := os.ReadFile(os.Getenv("TSH_TLS_SERVER_CERTIFICATE_CHAIN"))
	authorities.AppendCertsFromPEM(chain)
	own, err := tls.LoadX509KeyPair(os.Getenv("CUSTOMER_TLS_CLIENT_CERTIFICATE"), os.Getenv("CUSTOMER_TLS_CLIENT_KEY"))
	if err != nil {
		panic(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: authorities, Certificates: []tls.Certificate{own}}
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	lines := bufio.NewScanner(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var order order
		if json.Unmarshal(lines.Bytes(), &order) != nil {
			continue
		}
		answer := map[string]any{"id": order.Id}
		request, _ := http.NewRequest(order.Call.Method, order.Call.Url, nil)
		response, err := client.Do(request)
		if err != nil {
			answer["failed"] = map[string]any{"error": err.Error()}
		} else {
			io.Copy(io.Discard, response.Body)
			response.Body.Close()
			answer["completed"] = map[string]any{"status": response.StatusCode}
		}
		answers.Encode(answer)
	}
}
