#!/bin/sh
# Makes the customer's certificates: self-signed ones for the client, now and later, and a server's with its chain.
# $1: the host that the server's certificate names.
set -eu
curve="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -sha256 -nodes"
leaf() { printf '%s\n' "subjectAltName=DNS:$1" "basicConstraints=critical,CA:FALSE" "extendedKeyUsage=serverAuth"; }
authority() { printf '%s\n' "basicConstraints=critical,CA:TRUE" "keyUsage=critical,keyCertSign,cRLSign"; }
issue() { openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days 30 -sha256 \
    -extfile "$1.ext" -out "$1.pem"; }

for client in client renewed; do
    openssl req -x509 $curve -days 729 -subj "/CN=acme.customer.example" \
        -addext "basicConstraints=critical,CA:FALSE" -addext "keyUsage=critical,digitalSignature" \
        -addext "extendedKeyUsage=clientAuth" -keyout $client.key -out $client.pem
done

openssl req -x509 $curve -days 30 -subj "/CN=TEST root of acme" -keyout root.key -out root.pem
openssl req $curve -subj "/CN=TEST intermediate of acme" -keyout intermediate.key -out intermediate.csr
authority > intermediate.ext
issue intermediate root
openssl req $curve -subj "/CN=$1" -keyout server.key -out server.csr
leaf "$1" > server.ext
issue server intermediate
cat server.pem intermediate.pem root.pem > server-chain.pem
cat server.pem root.pem > server-and-root.pem
