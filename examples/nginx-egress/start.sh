#!/bin/sh
# Starts nginx with the name server of the network that it stands in: nginx does not read /etc/resolv.conf by itself.
# In nginx's own container image NGINX_ENTRYPOINT_LOCAL_RESOLVERS does the same.
set -eu
awk '$1 == "nameserver" { print "resolver " $2 " ipv6=off;"; exit }' /etc/resolv.conf > /tmp/resolver.conf
exec nginx -e stderr -c "$(dirname "$0")/nginx.conf" -g "daemon off;"
