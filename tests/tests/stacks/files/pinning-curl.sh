#!/bin/sh
# Notes the public key of the first certificate that Thales shows, and takes no other one afterwards.
# Its words are further options of curl.
options=$*
call() {
    curl $options --tlsv1.2 --fail --silent --show-error --cacert "$TSH_TLS_SERVER_CERTIFICATE_CHAIN" \
        --cert "$CUSTOMER_TLS_CLIENT_CERTIFICATE" --key "$CUSTOMER_TLS_CLIENT_KEY" "$@" "$THALES_URL"
}
if [ -s /tmp/pin ]; then
    call --pinnedpubkey "sha256//$(cat /tmp/pin)"
else
    call --output /dev/null --write-out '%{certs}' > /tmp/certs || exit
    openssl x509 -in /tmp/certs -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary |
        base64 > /tmp/pin
fi
