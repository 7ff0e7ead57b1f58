<?php
// PHP, as shopify.dev shows it under "Verify webhook deliveries".
function verify_webhook($data, $hmac_header)
{
    $calculated_hmac = base64_encode(hash_hmac('sha256', $data, getenv('SECRET'), true));
    return hash_equals($calculated_hmac, $hmac_header);
}

$hmac_header = $_SERVER['HTTP_X_SHOPIFY_HMAC_SHA256'];
$data = file_get_contents('php://input');
$verified = verify_webhook($data, $hmac_header);
error_log('Webhook verified: ' . var_export($verified, true));
if ($verified) {
    file_put_contents(getenv('EFFECTS'), $_SERVER['HTTP_X_SHOPIFY_WEBHOOK_ID'] . "\n", FILE_APPEND | LOCK_EX);
} else {
    http_response_code(401);
}
