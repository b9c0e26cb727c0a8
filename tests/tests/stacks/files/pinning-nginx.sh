#!/bin/sh
# Starts nginx with what the issuer noted of Thales' certificate on the day of the set-up.
set -eu
noted() { openssl x509 -in "$TSH_TLS_CLIENT_CERTIFICATE" -noout "$@"; }
fingerprint=$(noted -fingerprint -sha1 | sed 's/.*=//; s/://g' | tr A-F a-f)
subject=$(noted -subject -nameopt RFC2253 | sed 's/^subject=//; s/\\/\\\\/g')
sed -e "s|@FINGERPRINT@|$fingerprint|" -e "s|@SUBJECT@|$subject|" nginx.conf > /tmp/nginx.conf
exec nginx -e stderr -c /tmp/nginx.conf -g "daemon off;"
