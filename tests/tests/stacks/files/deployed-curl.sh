# A caller with a copy of its own, which only a deployment changes.
[ -e /tmp/acme-client.pem ] || sh deploy.sh
exec curl --fail --silent --show-error --tlsv1.2 --cacert "$TSH_TLS_SERVER_CERTIFICATE_CHAIN" \
    --cert /tmp/acme-client.pem "$THALES_URL"
