import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;

/** The issuer's client for Thales, on both clients of the JDK. */
class Thales {
    private final URI url;
    private final SSLContext tls;
    private final HttpClient client;

    Thales(URI url, SSLContext tls) {
        this.url = url;
        this.tls = tls;
        SSLParameters parameters = new SSLParameters();
        parameters.setProtocols(Backend.VERSIONS);
        this.client = HttpClient.newBuilder()
                // HTTP/2 is one connection for as long as there is traffic, and Thales moves by DNS.
                .version(HttpClient.Version.HTTP_1_1)
                .sslContext(tls)
                .sslParameters(parameters)
                .connectTimeout(Duration.ofSeconds(5))
                .build();
    }

    int byHttpClient() throws Exception {
        HttpRequest request = HttpRequest.newBuilder(url).timeout(Duration.ofSeconds(10)).build();
        return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    }

    int byUrlConnection() throws Exception {
        HttpsURLConnection connection = (HttpsURLConnection) url.toURL().openConnection();
        connection.setSSLSocketFactory(tls.getSocketFactory());
        connection.setConnectTimeout(5_000);
        connection.setReadTimeout(10_000);
        try {
            return connection.getResponseCode();
        } finally {
            connection.disconnect();
        }
    }
}
