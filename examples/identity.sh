#!/bin/sh
# Makes the customer's certificates in certs/: a self-signed client certificate with the command of Thales' guide, and
# a server certificate with its chain. In your own repository these are the files that you handed to Thales.
set -eu
cd "$(dirname "$0")"
mkdir -p certs
cd certs

curve="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -sha256 -nodes"

# The client certificate and the one that will follow it: self-signed, P-256, SHA-256, at most two years, CN as the
# portal shows it.
for client in client renewed; do
    openssl req -x509 $curve -days 729 -subj "/CN=acme.customer.example" \
        -addext "basicConstraints=critical,CA:FALSE" -addext "keyUsage=critical,digitalSignature" \
        -addext "extendedKeyUsage=clientAuth" -keyout $client.key -out $client.pem
done

# The server certificate. Its authority stands in for the one that issues yours.
openssl req -x509 $curve -days 30 -subj "/CN=TEST authority of acme" -keyout ca.key -out ca.pem
openssl req $curve -subj "/CN=issuer.acme.example" -keyout server.key -out server.csr
printf '%s\n' "subjectAltName=DNS:issuer.acme.example" "basicConstraints=critical,CA:FALSE" \
    "keyUsage=critical,digitalSignature" "extendedKeyUsage=serverAuth" > server.ext
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -sha256 \
    -extfile server.ext -out server.pem
cat server.pem ca.pem > server-chain.pem
rm ca.key ca.srl server.csr server.ext
