// The issuer's client for Thales on Java: one call a line in, one answer a line out. Its first word is the API that it
// calls with, its second one what it takes for a good server.
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

public class Caller {
    interface Client {
        int call(String url) throws Exception;
    }

    static final int TIMEOUT_MS = 10_000;

    static KeyStore store(String variable) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream file = new FileInputStream(System.getenv(variable))) {
            store.load(file, System.getenv("THALES_STORE_PASSWORD").toCharArray());
        }
        return store;
    }

    static SSLContext tls(boolean verifies) throws Exception {
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store("CUSTOMER_TLS_CLIENT_P12"), System.getenv("THALES_STORE_PASSWORD").toCharArray());
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(store("THALES_TRUST_P12"));
        TrustManager[] managers = verifies ? trust.getTrustManagers() : new TrustManager[] {new Anybody()};
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), managers, null);
        return context;
    }

    static Client modern(SSLContext tls) {
        HttpClient client =
                HttpClient.newBuilder().sslContext(tls).connectTimeout(Duration.ofMillis(TIMEOUT_MS)).build();
        return url -> {
            HttpRequest request =
                    HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofMillis(TIMEOUT_MS)).build();
            return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
        };
    }

    static Client classic(SSLContext tls, boolean verifies) {
        return url -> {
            HttpsURLConnection connection = (HttpsURLConnection) new URL(url).openConnection();
            connection.setSSLSocketFactory(tls.getSocketFactory());
            connection.setConnectTimeout(TIMEOUT_MS);
            connection.setReadTimeout(TIMEOUT_MS);
            if (!verifies) {
                connection.setHostnameVerifier((host, session) -> true);
            }
            int status = connection.getResponseCode();
            InputStream body = status < 400 ? connection.getInputStream() : connection.getErrorStream();
            if (body != null) {
                body.readAllBytes();
            }
            return status;
        };
    }

    /** A socket does not compare the host by itself. */
    static Client socket(SSLContext tls, boolean comparesHost) {
        return url -> {
            URI uri = URI.create(url);
            try (Socket plain = tls.getSocketFactory().createSocket(uri.getHost(), 443)) {
                SSLSocket socket = (SSLSocket) plain;
                socket.setSoTimeout(TIMEOUT_MS);
                if (comparesHost) {
                    var parameters = socket.getSSLParameters();
                    parameters.setEndpointIdentificationAlgorithm("HTTPS");
                    socket.setSSLParameters(parameters);
                }
                OutputStream out = socket.getOutputStream();
                String request = "GET " + uri.getPath() + " HTTP/1.1\r\nHost: " + uri.getHost() + "\r\n"
                        + "Connection: close\r\n\r\n";
                out.write(request.getBytes(StandardCharsets.US_ASCII));
                out.flush();
                String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
                return Integer.parseInt(answer.split(" ")[1]);
            }
        };
    }

    /** Takes every certificate for every host: what is found in answers to "PKIX path building failed". */
    static final class Anybody extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    static String text(Throwable error) {
        return String.valueOf(error).replace("\\", "/").replace("\"", "'").replaceAll("\\s+", " ");
    }

    public static void main(String[] words) throws Exception {
        boolean verifies = words.length < 2 || !words[1].equals("anybody");
        SSLContext tls = tls(verifies);
        Client client = switch (words[0]) {
            case "HttpClient" -> modern(tls);
            case "HttpsURLConnection" -> classic(tls, verifies);
            case "SSLSocket" -> socket(tls, words.length < 2);
            default -> throw new IllegalArgumentException(words[0]);
        };
        Pattern order = Pattern.compile("\"id\":(\\d+).*\"url\":\"([^\"]+)\"");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            Matcher found = order.matcher(line);
            if (!found.find()) {
                continue;
            }
            String answer;
            try {
                answer = "\"completed\":{\"status\":" + client.call(found.group(2)) + "}";
            } catch (Exception error) {
                answer = "\"failed\":{\"error\":\"" + text(error) + "\"}";
            }
            System.out.println("{\"id\":" + found.group(1) + "," + answer + "}");
            System.out.flush();
        }
        // The client's selector would keep the machine alive.
        System.exit(0);
    }
}
