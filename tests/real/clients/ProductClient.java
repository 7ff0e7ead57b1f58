// The integration guide's ProductClient in the JDK's HttpClient: a key, a deadline for the whole answer, retries with
// back-off, and idempotency keys.
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

final class ProductClient {
    private static final Set<Integer> RETRIED = Set.of(408, 409, 425, 429, 500, 502, 503, 504);
    private static final int ATTEMPTS = 4;
    private static final long WITHIN_MS = 3000, LONGEST_WAIT_MS = 5000, FIRST_PAUSE_MS = 200;

    /** A call that failed. */
    static final class Failed extends Exception {
        private final boolean again;
        private final String retryAfter;

        private Failed(String message, boolean again, String retryAfter) {
            super(message);
            this.again = again;
            this.retryAfter = retryAfter;
        }
    }

    private final HttpClient http = HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NEVER).build();
    private final String baseUrl, key;

    ProductClient(String baseUrl, String key) {
        this.baseUrl = baseUrl;
        this.key = key;
    }

    Map<?, ?> get(String path) throws Failed, InterruptedException {
        return call(request(path).GET().build());
    }

    /** Send a write, with the same idempotency key in every attempt. */
    Map<?, ?> write(String method, String path, String body) throws Failed, InterruptedException {
        HttpRequest.Builder request = request(path).method(method, BodyPublishers.ofString(body));
        request.header("Content-Type", "application/json");
        return call(request.header("Idempotency-Key", UUID.randomUUID().toString()).build());
    }

    private HttpRequest.Builder request(String path) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(baseUrl + path));
        return request.header("Authorization", "Bearer " + key).header("Accept", "application/json");
    }

    private Map<?, ?> call(HttpRequest request) throws Failed, InterruptedException {
        for (int attempt = 1;; attempt++) {
            try {
                return once(request);
            } catch (Failed failed) {
                long waitMs = pauseMs(attempt, failed.retryAfter);
                if (!failed.again || attempt == ATTEMPTS || waitMs > LONGEST_WAIT_MS) throw failed;
                Thread.sleep(waitMs);
            }
        }
    }

    /** The timeout of an HttpRequest ends with the head of the answer; this one is of the whole. */
    private Map<?, ?> once(HttpRequest request) throws Failed, InterruptedException {
        CompletableFuture<HttpResponse<String>> sent = http.sendAsync(request, BodyHandlers.ofString());
        try {
            HttpResponse<String> response = sent.get(WITHIN_MS, TimeUnit.MILLISECONDS);
            int status = response.statusCode();
            if (status / 100 != 2) {
                String retryAfter = response.headers().firstValue("Retry-After").orElse("");
                throw new Failed("HTTP " + status, RETRIED.contains(status), retryAfter);
            }
            if (Json.read(response.body()) instanceof Map<?, ?> object) return object;
            throw new Failed("the answer is no object", true, "");
        } catch (ExecutionException e) {
            throw new Failed("no whole answer: " + e.getCause(), e.getCause() instanceof IOException, "");
        } catch (TimeoutException e) {
            throw new Failed("no whole answer after " + WITHIN_MS + " ms", true, "");
        } catch (IllegalArgumentException e) {
            throw new Failed("no whole answer: " + e.getMessage(), true, "");
        } finally {
            sent.cancel(true);
        }
    }

    /** At random below a bound that doubles, and as long as asked. A Retry-After that cannot be read is ignored. */
    private static long pauseMs(int attempt, String retryAfter) {
        long ownMs = ThreadLocalRandom.current().nextLong(FIRST_PAUSE_MS << attempt);
        if (retryAfter.matches("[0-9]{1,9}")) return Math.max(ownMs, Long.parseLong(retryAfter) * 1000);
        try {
            Instant date = ZonedDateTime.parse(retryAfter, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
            return Math.max(ownMs, Duration.between(Instant.now(), date).toMillis());
        } catch (DateTimeParseException e) {
            return ownMs;
        }
    }
}
