import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.security.Security;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;

/** The issuer's backend: calls Thales when it is told to, and is called by Thales on port 443. */
public class Backend {
    static final String[] VERSIONS = {"TLSv1.2", "TLSv1.3"};

    public static void main(String[] words) throws Exception {
        // The JVM keeps an address for 30 s, and a failed look-up for 10 s, whatever the TTL says. Set before the first
        // look-up; in Production also as -Djava.security.properties or in java.security itself.
        Security.setProperty("networkaddress.cache.ttl", "1");
        Security.setProperty("networkaddress.cache.negative.ttl", "0");
        // Thales moves by DNS: a connection that is kept alive under traffic would stay at the old address.
        System.setProperty("http.keepAlive", "false");

        serve();
        operate();
    }

    /** What Thales calls. */
    static void serve() throws Exception {
        SSLContext tls = Stores.server();
        HttpsServer server = HttpsServer.create(new InetSocketAddress("0.0.0.0", 443), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(tls) {
            @Override
            public void configure(HttpsParameters connection) {
                SSLParameters parameters = tls.getDefaultSSLParameters();
                parameters.setNeedClientAuth(true);
                parameters.setProtocols(VERSIONS);
                connection.setSSLParameters(parameters);
            }
        });
        server.createContext("/issuer/", exchange -> answer(exchange, 200, "{}"));
        // Without threads of its own it does one handshake after another.
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
    }

    /** What operators call, on this machine alone. */
    static void operate() throws Exception {
        Thales thales = new Thales(URI.create(System.getenv("THALES_URL")), Stores.client());
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 8081), 0);
        server.createContext("/health", exchange -> answer(exchange, 200, "up"));
        server.createContext("/refresh/http-client", exchange -> answer(exchange, thales::byHttpClient));
        server.createContext("/refresh/url-connection", exchange -> answer(exchange, thales::byUrlConnection));
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
    }

    interface Call {
        int status() throws Exception;
    }

    static void answer(HttpExchange exchange, Call call) throws IOException {
        try {
            int status = call.status();
            answer(exchange, status / 100 == 2 ? 200 : 502, "Thales answers HTTP " + status);
        } catch (Exception error) {
            answer(exchange, 502, error.toString());
        }
    }

    static void answer(HttpExchange exchange, int status, String text) throws IOException {
        try (exchange) {
            exchange.getRequestBody().readAllBytes();
            byte[] body = text.getBytes();
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
        }
    }
}
