// A client as one writes it with the JDK: java.net.http, two stores, and the defaults of the machine's DNS cache. It reads
// calls as JSON lines and answers them.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class Caller {
    public static void main(String[] words) throws Exception {
        HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .sslContext(context())
            .build();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String id = first("\"id\":(\\d+)", line);
            String url = first("\"url\":\"([^\"]*)\"", line);
            System.out.println("{\"id\":" + id + "," + answer(client, url) + "}");
            System.out.flush();
        }
    }

    private static String answer(HttpClient client, String url) {
        try {
            HttpRequest request = HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(10)).build();
            int status = client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
            return "\"completed\":{\"status\":" + status + "}";
        } catch (Exception error) {
            return "\"failed\":{\"error\":\"" + error.getClass().getSimpleName() + "\"}";
        }
    }

    private static SSLContext context() throws Exception {
        char[] password = System.getenv("THALES_STORE_PASSWORD").toCharArray();
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store("CUSTOMER_TLS_CLIENT_P12", password), password);
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store("THALES_TRUST_P12", password));
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private static KeyStore store(String name, char[] password) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (var content = Files.newInputStream(Path.of(System.getenv(name)))) {
            store.load(content, password);
        }
        return store;
    }

    private static String first(String pattern, String line) {
        Matcher found = Pattern.compile(pattern).matcher(line);
        return found.find() ? found.group(1) : "";
    }
}
