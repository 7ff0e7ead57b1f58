<?php
// A receiver of signed deliveries with a timestamp in PHP: one transaction for an event and its effect.
const TOLERANCE_S = 300;

function answer(int $status, string $body = ''): never
{
    http_response_code($status);
    exit($body);
}

function store(): PDO
{
    $store = new PDO('sqlite:' . getenv('STORE'), null, null, [PDO::ATTR_TIMEOUT => 10]);
    $store->exec('PRAGMA journal_mode = WAL');
    $store->exec('CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, type TEXT NOT NULL, amount INTEGER NOT NULL)');
    return $store;
}

/** Whether one of the signatures is that of the body, at a time that is near enough. */
function genuine(string $header, string $body): bool
{
    $secret = (string) getenv('SECRET');
    if ($secret === '' || !preg_match('/^t=([0-9]{1,12})((?:,v[0-9]{1,2}=[0-9a-f]{1,128}){1,8})$/D', $header, $found)) {
        return false;
    }
    if (abs(time() - (int) $found[1]) > TOLERANCE_S) {
        return false;
    }
    $expected = hash_hmac('sha256', $found[1] . '.' . $body, $secret);
    foreach (explode(',', $found[2]) as $given) {
        if (hash_equals("v1=$expected", $given)) {
            return true;
        }
    }
    return false;
}

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($path === '/healthz') {
    answer(200);
}
if (preg_match('#^/events/(.+)$#', (string) $path, $asked)) {
    $query = store()->prepare('SELECT COUNT(*) AS effects FROM events WHERE id = ?');
    $query->execute([rawurldecode($asked[1])]);
    answer(200, json_encode($query->fetch(PDO::FETCH_ASSOC)));
}
if ($path !== '/hook' || $_SERVER['REQUEST_METHOD'] !== 'POST') {
    answer(404);
}
$body = file_get_contents('php://input', false, null, 0, 1_000_001);
if (strlen($body) > 1_000_000) {
    answer(413);
}
if (!genuine($_SERVER['HTTP_X_PRODUCT_SIGNATURE'] ?? '', $body)) {
    answer(401);
}
$event = json_decode($body, true, 64);
if (!is_array($event) || !is_string($event['id'] ?? null) || !is_string($event['type'] ?? null)) {
    answer(400);
}
$amount = $event['data']['amount'] ?? null;
if ($event['type'] === 'invoice.paid' && is_int($amount)) {
    $insert = store()->prepare('INSERT OR IGNORE INTO events VALUES (?, ?, ?)');
    $insert->execute([$event['id'], $event['type'], $amount]);
}
answer(200);
