// The core workflow: a project that is renamed, a run of it, and the project's runs, page by page, until that one has
// ended. Exits with 0 if all of that went well.
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

public final class Workflow {
    private static final int POLLS = 100, PAGES = 20;

    private final ProductClient client;

    private Workflow(ProductClient client) {
        this.client = client;
    }

    public static void main(String[] words) throws InterruptedException {
        try {
            Map<String, String> env = System.getenv();
            new Workflow(new ProductClient(env.get("PRODUCT_BASE_URL"), env.get("PRODUCT_API_KEY"))).run();
        } catch (ProductClient.Failed | IllegalStateException e) {
            System.err.println("the workflow failed: " + e.getMessage());
            System.exit(1);
        }
        System.exit(0);
    }

    private void run() throws ProductClient.Failed, InterruptedException {
        String named = "{\"name\":\"Nightly export\",\"ownerEmail\":\"owner@example.com\"}";
        String project = text(client.write("POST", "/projects", named), "id");
        Map<?, ?> renamed = client.write("PATCH", "/projects/" + quoted(project), "{\"name\":\"Weekly export\"}");
        if (!project.equals(renamed.get("id"))) throw new IllegalStateException("another project was renamed");
        String asked = "{\"projectId\":\"" + project + "\",\"trigger\":\"manual\"}";
        Map<?, ?> run = client.write("POST", "/runs", asked);
        String id = text(run, "id"), status = text(run, "status");
        for (int poll = 0; poll < POLLS && !ended(status); poll++) {
            Thread.sleep(20);
            status = text(listed(project, id), "status");
        }
        if (!status.equals("succeeded")) throw new IllegalStateException("the run is " + status);
    }

    /** Return a run as the list of its project's has it. */
    private Map<?, ?> listed(String project, String id) throws ProductClient.Failed, InterruptedException {
        String first = "/runs?projectId=" + quoted(project), next = first;
        for (int page = 0; page < PAGES && next != null; page++) {
            Map<?, ?> answer = client.get(next);
            if (!(answer.get("items") instanceof List<?> runs)) throw new IllegalStateException("a page has no items");
            for (Object each : runs) {
                if (each instanceof Map<?, ?> run && id.equals(run.get("id"))) return run;
            }
            next = answer.get("nextCursor") instanceof String cursor ? first + "&cursor=" + quoted(cursor) : null;
        }
        throw new IllegalStateException("the run is not listed");
    }

    private static boolean ended(String status) {
        return List.of("succeeded", "failed", "cancelled").contains(status);
    }

    private static String text(Map<?, ?> object, String name) {
        if (object.get(name) instanceof String text && text.matches("[A-Za-z0-9_.-]{1,128}")) return text;
        throw new IllegalStateException("an answer has no " + name);
    }

    private static String quoted(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
