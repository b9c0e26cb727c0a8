# Installs the certificate and key that onboarding holds now, in one step.
cp "$CUSTOMER_TLS_CLIENT_PEM" /tmp/acme-client.new && mv /tmp/acme-client.new /tmp/acme-client.pem
