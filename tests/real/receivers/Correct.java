// A receiver of signed XML in the JDK's own server: an event is on the disk before it is acknowledged.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.xml.sax.SAXException;
import org.xml.sax.helpers.DefaultHandler;

public class Correct {
    private static final int LARGEST = 1_000_000;
    private static final long TOLERANCE_S = 300;
    private static final Pattern SIGNATURE = Pattern.compile("t=([0-9]{1,12})((?:,v[0-9]{1,2}=[0-9a-f]{1,128}){1,8})");

    private final byte[] secret = System.getenv("SECRET").getBytes(StandardCharsets.UTF_8);
    private final Set<String> seen = new HashSet<>();
    private final FileChannel store;

    Correct(Path path) throws IOException {
        store = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        String text = Files.readString(path);
        String whole = text.substring(0, text.lastIndexOf('\n') + 1);
        if (!whole.equals(text)) store.truncate(whole.length()); // a kill cut the last line short, before its answer
        seen.addAll(List.of(whole.split("\n")));
    }

    public static void main(String[] words) throws IOException {
        if (System.getenv("SECRET").isEmpty()) throw new IllegalArgumentException("SECRET is empty");
        Correct receiver = new Correct(Path.of(System.getenv("STORE")));
        int port = Integer.parseInt(System.getenv("PORT"));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 64);
        server.createContext("/hook", each -> answer(each, receiver.hook(each), ""));
        server.createContext("/healthz", each -> answer(each, 200, ""));
        server.createContext("/events/", receiver::effects);
        server.setExecutor(Executors.newFixedThreadPool(16));
        server.start();
    }

    private static void answer(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        if (bytes.length > 0) exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private void effects(HttpExchange exchange) throws IOException {
        String id = exchange.getRequestURI().getPath().substring("/events/".length());
        synchronized (seen) {
            answer(exchange, 200, "{\"effects\": " + (seen.contains(id) ? 1 : 0) + "}");
        }
    }

    private int hook(HttpExchange exchange) throws IOException {
        if (!exchange.getRequestMethod().equals("POST")) return 405;
        byte[] body = exchange.getRequestBody().readNBytes(LARGEST + 1);
        if (body.length > LARGEST) return 413;
        List<String> given = exchange.getRequestHeaders().getOrDefault("X-Product-Signature", List.of());
        List<String> ids = exchange.getRequestHeaders().getOrDefault("X-Product-Event-Id", List.of());
        if (given.size() != 1 || ids.size() != 1 || !ids.get(0).matches("[!-~]{1,200}")) return 401;
        if (!genuine(given.get(0), ids.get(0), body)) return 401;
        Element event = parsed(body);
        if (event == null || !event.getTagName().equals("event")) return 400;
        if (event.getAttribute("type").equals("invoice.paid")) take(ids.get(0));
        return 200;
    }

    private boolean genuine(String header, String id, byte[] body) {
        Matcher found = SIGNATURE.matcher(header);
        if (!found.matches()) return false;
        long age = Instant.now().getEpochSecond() - Long.parseLong(found.group(1));
        if (Math.abs(age) > TOLERANCE_S) return false;
        byte[] expected = ("v1=" + signature(found.group(1) + "." + id + ".", body)).getBytes(StandardCharsets.US_ASCII);
        for (String given : found.group(2).split(",")) {
            if (MessageDigest.isEqual(expected, given.getBytes(StandardCharsets.US_ASCII))) return true;
        }
        return false;
    }

    private String signature(String start, byte[] body) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            mac.update(start.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(mac.doFinal(body));
        } catch (GeneralSecurityException error) {
            throw new IllegalStateException(error);
        }
    }

    private static Element parsed(byte[] body) {
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            DocumentBuilder builder = factory.newDocumentBuilder();
            builder.setErrorHandler(new DefaultHandler());
            return builder.parse(new ByteArrayInputStream(body)).getDocumentElement();
        } catch (ParserConfigurationException | SAXException | IOException error) {
            return null;
        }
    }

    private void take(String id) throws IOException {
        synchronized (seen) {
            if (seen.contains(id)) return;
            write(id + "\n");
            seen.add(id);
        }
    }

    private void write(String line) throws IOException {
        store.write(ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8)));
        store.force(true);
    }
}
