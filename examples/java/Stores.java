import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;

/** Keys and authorities. Nothing here falls back to the cacerts of the JVM, which trusts every public authority. */
class Stores {
    private static final char[] PASSWORD = System.getenv("THALES_STORE_PASSWORD").toCharArray();

    /** Shows the issuer's client certificate, trusts the authority of Thales' servers. */
    static SSLContext client() throws Exception {
        KeyManagerFactory keys = keys("/etc/acme/client.p12");
        KeyManager shown = new AlwaysShown((X509ExtendedKeyManager) keys.getKeyManagers()[0]);
        return context(new KeyManager[] {shown}, pkcs12("/etc/acme/thales-trust.p12"));
    }

    /** Shows the issuer's server certificate with its chain, trusts the Thales Client CA. */
    static SSLContext server() throws Exception {
        KeyStore trust = KeyStore.getInstance("PKCS12");
        trust.load(null, null);
        try (InputStream pem = Files.newInputStream(Path.of("/etc/acme/thales-ca.pem"))) {
            int number = 0;
            for (Certificate authority : CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
                trust.setCertificateEntry("thales-" + number++, authority);
            }
        }
        return context(keys("/etc/acme/server.p12").getKeyManagers(), trust);
    }

    private static SSLContext context(KeyManager[] keys, KeyStore trust) throws Exception {
        TrustManagerFactory authorities = TrustManagerFactory.getInstance("PKIX");
        authorities.init(trust);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys, authorities.getTrustManagers(), null);
        return context;
    }

    private static KeyManagerFactory keys(String path) throws Exception {
        KeyManagerFactory keys = KeyManagerFactory.getInstance("SunX509");
        keys.init(pkcs12(path), PASSWORD);
        return keys;
    }

    private static KeyStore pkcs12(String path) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream file = Files.newInputStream(Path.of(path))) {
            store.load(file, PASSWORD);
        }
        return store;
    }

    /**
     * Shows the one certificate whatever authorities Thales names. The JVM's own managers withhold one that none of
     * them has issued, as with every self-signed certificate.
     */
    private static class AlwaysShown extends X509ExtendedKeyManager {
        private final X509ExtendedKeyManager keys;

        AlwaysShown(X509ExtendedKeyManager keys) {
            this.keys = keys;
        }

        @Override
        public String chooseClientAlias(String[] types, Principal[] authorities, Socket socket) {
            return keys.chooseClientAlias(types, null, socket);
        }

        @Override
        public String chooseEngineClientAlias(String[] types, Principal[] authorities, SSLEngine engine) {
            return keys.chooseEngineClientAlias(types, null, engine);
        }

        @Override
        public String[] getClientAliases(String type, Principal[] authorities) {
            return keys.getClientAliases(type, null);
        }

        @Override
        public String chooseServerAlias(String type, Principal[] authorities, Socket socket) {
            return keys.chooseServerAlias(type, authorities, socket);
        }

        @Override
        public String[] getServerAliases(String type, Principal[] authorities) {
            return keys.getServerAliases(type, authorities);
        }

        @Override
        public X509Certificate[] getCertificateChain(String alias) {
            return keys.getCertificateChain(alias);
        }

        @Override
        public PrivateKey getPrivateKey(String alias) {
            return keys.getPrivateKey(alias);
        }
    }
}
