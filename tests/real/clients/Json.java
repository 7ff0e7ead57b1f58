// Reads JSON (RFC 8259) into maps, lists, texts, numbers, truth values and null. Half of a text is an error.
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

final class Json {
    private static final int DEEPEST = 100;
    private static final Pattern NUMBER = Pattern.compile("-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:[eE][-+]?[0-9]+)?");
    private static final String ESCAPES = "\"\\/bfnrt", ESCAPED = "\"\\/\b\f\n\r\t";

    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    static Object read(String text) {
        Json json = new Json(text);
        Object value = json.value(0);
        json.skip();
        if (json.at < text.length()) throw json.broken();
        return value;
    }

    private Object value(int depth) {
        skip();
        if (depth > DEEPEST) throw broken();
        if (takes("{")) return object(depth + 1);
        if (takes("[")) return list(depth + 1);
        if (takes("\"")) return string();
        if (takes("true")) return true;
        if (takes("false")) return false;
        if (takes("null")) return null;
        Matcher number = NUMBER.matcher(text).region(at, text.length());
        if (!number.lookingAt()) throw broken();
        at = number.end();
        return new BigDecimal(number.group());
    }

    private Map<String, Object> object(int depth) {
        Map<String, Object> members = new LinkedHashMap<>();
        for (skip(); !takes("}"); skip()) {
            if (!members.isEmpty()) expect(",");
            skip();
            expect("\"");
            String name = string();
            skip();
            expect(":");
            members.put(name, value(depth));
        }
        return members;
    }

    private List<Object> list(int depth) {
        List<Object> entries = new ArrayList<>();
        for (skip(); !takes("]"); skip()) {
            if (!entries.isEmpty()) expect(",");
            entries.add(value(depth));
        }
        return entries;
    }

    private String string() {
        StringBuilder found = new StringBuilder();
        while (!takes("\"")) {
            if (at == text.length() || text.charAt(at) < ' ') throw broken();
            found.append(takes("\\") ? escape() : text.charAt(at++));
        }
        return found.toString();
    }

    private char escape() {
        if (!takes("u")) {
            int which = at < text.length() ? ESCAPES.indexOf(text.charAt(at++)) : -1;
            if (which < 0) throw broken();
            return ESCAPED.charAt(which);
        }
        String digits = text.substring(at, Math.min(at + 4, text.length()));
        if (!digits.matches("[0-9a-fA-F]{4}")) throw broken();
        at += 4;
        return (char) Integer.parseInt(digits, 16);
    }

    private void skip() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
    }

    private boolean takes(String word) {
        boolean is = text.startsWith(word, at);
        if (is) at += word.length();
        return is;
    }

    private void expect(String word) {
        if (!takes(word)) throw broken();
    }

    private IllegalArgumentException broken() {
        return new IllegalArgumentException("no JSON at character " + at);
    }
}
