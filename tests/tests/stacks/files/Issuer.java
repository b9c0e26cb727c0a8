// The issuer's server on the JDK's own HTTPS server. Its word says what it does with callers: "need" a certificate of the
// Thales Client CA, "want" one, or take "anybody".
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.FileInputStream;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

public class Issuer {
    static KeyStore own(char[] password) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream file = new FileInputStream(System.getenv("CUSTOMER_TLS_SERVER_P12"))) {
            store.load(file, password);
        }
        return store;
    }

    static TrustManager[] clients() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream file = new FileInputStream(System.getenv("THALES_CLIENT_CA"))) {
            store.setCertificateEntry("thales", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(store);
        return trust.getTrustManagers();
    }

    public static void main(String[] words) throws Exception {
        String conduct = words[0];
        char[] password = System.getenv("THALES_STORE_PASSWORD").toCharArray();
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(own(password), password);
        SSLContext tls = SSLContext.getInstance("TLS");
        TrustManager[] anybody = {new Caller.Anybody()};
        tls.init(keys.getKeyManagers(), conduct.equals("anybody") ? anybody : clients(), null);
        HttpsServer server = HttpsServer.create(new InetSocketAddress("0.0.0.0", 443), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(tls) {
            @Override
            public void configure(HttpsParameters connection) {
                SSLParameters parameters = getSSLContext().getDefaultSSLParameters();
                if (conduct.equals("want")) {
                    parameters.setWantClientAuth(true);
                } else {
                    parameters.setNeedClientAuth(true);
                }
                connection.setSSLParameters(parameters);
            }
        });
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", exchange -> {
            exchange.getRequestBody().readAllBytes();
            byte[] body = "{}".getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }
}
