<?php
/**
 * A signer for <mule-upload> in one file: PHP 8 alone, and SQLite by PDO to resume uploads in another browser.
 *
 *     S3_BUCKET=films AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… SIGNER_SECRET=… php -S 127.0.0.1:8080 php_signer.php
 *
 * AWS_REGION, AWS_SESSION_TOKEN, S3_ENDPOINT, DATABASE_URL (a DSN of PDO; by default signer.db in the folder above the
 * document root) and MAX_SIZE (bytes) are optional. Your own sign-in sets $_SESSION['user']; ALLOW_ANONYMOUS=true
 * allows anonymous uploads. OVERWRITE=false (the default at Amazon S3) signs If-None-Match, so that stored objects
 * cannot be changed. REFUSES_UNSIGNED_HEADERS=true (the default at Amazon S3 and R2) is for a store that rejects x-amz-*
 * headers without a signature. The page has <mule-upload signer="/sign">. A form that has <mule-upload name="film"
 * form-value="receipt"> may be submitted to /films.
 */
declare(strict_types=1);

const MIB = 1024 ** 2;
const MAX_FILES = 100;
const MAX_CHUNKS = 1000;
const PART_SIZE = 8 * MIB;
const URL_LIFETIME_SECONDS = 3600;
const GRANT_LIFETIME_SECONDS = 7 * 86400;
const MAX_UPLOAD_AGE_SECONDS = 30 * 86400;
const RECEIPT_LIFETIME_SECONDS = 86400;

/** Returns the user of the session that your own sign-in started, as text; null for an anonymous call. */
function principal(): ?string
{
    if (isset($_COOKIE[session_name()]) && !isset($_SESSION)) {
        // unlocked at once, so that concurrent calls of one user do not wait for each other
        session_start(['read_and_close' => true, 'use_strict_mode' => true]);
    }
    $user = $_SESSION['user'] ?? null;
    return (is_string($user) || is_int($user)) && $user !== '' ? (string) $user : null;
}

/** Returns an environment variable. @throws RuntimeException if it is not set and has no default */
function setting(string $name, ?string $default = null): string
{
    return getenv($name) ?: $default ?? throw new RuntimeException("$name is not set");
}

/** A refused call: the HTTP status, an error code of the protocol as the name, and a message. */
class Refusal extends Exception
{
    public function __construct(public int $status, public string $name, string $message)
    {
        parent::__construct($message);
    }
}

function expect(bool $condition, string $message, int $status = 400, string $code = 'invalid-request'): void
{
    if (!$condition) {
        throw new Refusal($status, $code, $message);
    }
}

// ---- Parsing untrusted input ----

/** Replaces lone surrogates, for which PHP would refuse the whole body, with U+FFFD. Returns null for invalid JSON. */
function parse_json(string $json): mixed
{
    // one JSON escape: a surrogate pair, a lone surrogate (in group 1), or any other
    $escape = '~\\\\(?:u[dD][89abAB]..\\\\u[dD][c-fC-F]..|u([dD][89a-fA-F]..)|.)~s';
    $replaced = preg_replace_callback($escape, fn ($found) => isset($found[1]) ? '\\ufffd' : $found[0], $json);
    return json_decode($replaced, true, 32);
}

function text_field(array $body, string $name, int $maximum = 4096, int $minimum = 1): string
{
    $value = $body[$name] ?? null;
    expect(is_string($value) && strlen($value) >= $minimum && strlen($value) <= $maximum, "$name must be a string");
    return $value;
}

function upload_id_of(array $body, int $minimum = 1): string
{
    $value = text_field($body, 'upload_id', 2048, $minimum);
    expect(preg_match('/^[!-~]*$/D', $value) === 1, 'upload_id must be visible ASCII');
    return $value;
}

function integer_field(array $body, string $name, int $minimum = 0, int $maximum = 2 ** 53 - 1): int
{
    $value = $body[$name] ?? null;
    $isInRange = is_int($value) && $value >= $minimum && $value <= $maximum;
    expect($isInRange, "$name must be a whole number from $minimum to $maximum");
    return $value;
}

/** Returns the last path segment, without control, format and bidirectional characters. */
function clean_name(string $name): string
{
    $name = preg_replace('~^.*[/\\\\]|[\p{C}\p{Zl}\p{Zp}]~su', '', $name);
    $name = trim(preg_replace('/\.{2,}/', '.', $name));
    while (strlen($name) > 500) {
        $name = preg_replace('/^./su', '', $name);
    }
    return $name === '' || $name === '.' ? 'file' : $name;
}

// ---- Grants and receipts: sealed, because pages store them and send them back ----

function base64url(string $bytes): string
{
    return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
}

/** Identifies this signer in every seal, so that signers with the same secret refuse each other's grants. */
function audience(): string
{
    return implode("\n", [getenv('S3_ENDPOINT') ?: 'aws', setting('AWS_REGION', 'us-east-1'), setting('S3_BUCKET')]);
}

/** Returns the seal of a payload. It depends on the kind, so that a receipt is not accepted as a grant. */
function seal_of(string $kind, string $payload): string
{
    return base64url(hash_hmac('sha256', "$kind\n" . audience() . "\n$payload", setting('SIGNER_SECRET'), true));
}

function seal(string $kind, array $value): string
{
    $payload = base64url(json_encode($value, JSON_THROW_ON_ERROR));
    return $payload . '.' . seal_of($kind, $payload);
}

function unseal(string $kind, string $sealed): ?array
{
    [$payload, $seal] = [...explode('.', $sealed, 2), ''];
    $isGenuine = hash_equals(seal_of($kind, $payload), $seal);
    return $isGenuine ? json_decode(base64_decode(strtr($payload, '-_', '+/')), true) : null;
}

/** Returns the contents of a grant, which may have expired. */
function open_grant(array $body): array
{
    expect(is_string($body['grant'] ?? null), 'the call has no grant; call init first', 403, 'grant-required');
    $grant = unseal('grant', $body['grant']);
    expect($grant !== null, 'the grant was not issued by this signer', 403, 'grant-invalid');
    expect($grant['key'] === ($body['key'] ?? null), 'the grant is for another key', 403, 'key-mismatch');
    expect($grant['principal'] === principal(), 'the grant belongs to another user', 403, 'principal-mismatch');
    expect_not_submitted($grant['key']);
    return $grant;
}

/** Refuses to sign for an object whose receipt a form has submitted. */
function expect_not_submitted(string $key): void
{
    $isSubmitted = run('select 1 from php_taken where key = ?', [$key])->fetch() !== false;
    expect(!$isSubmitted, 'the file was submitted already; upload it again', 403, 'receipt-taken');
}

/** Returns the contents of a grant that has not expired. */
function open_valid_grant(array $body): array
{
    $grant = open_grant($body);
    $isValid = time() - $grant['issued'] < GRANT_LIFETIME_SECONDS;
    expect($isValid, 'the grant has expired; renew it by init', 403, 'grant-expired');
    return $grant;
}

// ---- Signing: Signature Version 4 in the query ----

/** @param array $headers sent unchanged by the browser, which sets content-length itself */
function sign(string $method, string $key, array $query = [], array $headers = [], ?int $length = null): array
{
    $region = setting('AWS_REGION', 'us-east-1');
    $bucket = setting('S3_BUCKET');
    $endpoint = getenv('S3_ENDPOINT');
    $base = $endpoint ? rtrim($endpoint, '/') . "/$bucket" : "https://$bucket.s3.$region.amazonaws.com";
    ['host' => $host] = $url = parse_url($base);
    $host .= isset($url['port']) ? ":{$url['port']}" : '';
    $path = ($url['path'] ?? '') . '/' . str_replace('%2F', '/', rawurlencode($key));

    $headers += $method === 'PUT' ? copy_guard() : [];
    $signed = ['host' => $host, ...$headers, ...($length === null ? [] : ['content-length' => (string) $length])];
    ksort($signed);
    $names = implode(';', array_keys($signed));
    // S3 signs several spaces as one
    $lineOf = fn ($name, $value) => "$name:" . preg_replace('/ +/', ' ', $value) . "\n";
    $headerLines = implode('', array_map($lineOf, array_keys($signed), $signed));

    $time = time();
    [$date, $day] = [gmdate('Ymd\THis\Z', $time), gmdate('Ymd', $time)];
    $scope = "$day/$region/s3/aws4_request";
    $query += [
        'X-Amz-Algorithm' => 'AWS4-HMAC-SHA256',
        'X-Amz-Credential' => setting('AWS_ACCESS_KEY_ID') . "/$scope",
        'X-Amz-Date' => $date,
        'X-Amz-Expires' => (string) URL_LIFETIME_SECONDS,
        'X-Amz-SignedHeaders' => $names,
        ...(getenv('AWS_SESSION_TOKEN') ? ['X-Amz-Security-Token' => getenv('AWS_SESSION_TOKEN')] : []),
    ];
    ksort($query, SORT_STRING);
    $queryString = http_build_query($query, '', '&', PHP_QUERY_RFC3986);

    $canonicalHash = hash('sha256', "$method\n$path\n$queryString\n$headerLines\n$names\nUNSIGNED-PAYLOAD");
    $signingKey = 'AWS4' . setting('AWS_SECRET_ACCESS_KEY');
    foreach ([$day, $region, 's3', 'aws4_request'] as $step) {
        $signingKey = hash_hmac('sha256', $step, $signingKey, true);
    }
    $signature = hash_hmac('sha256', "AWS4-HMAC-SHA256\n$date\n$scope\n$canonicalHash", $signingKey);
    return [
        'method' => $method,
        'url' => "{$url['scheme']}://$host$path?$queryString&X-Amz-Signature=$signature",
        'expires' => ($time + URL_LIFETIME_SECONDS) * 1000,
        ...($headers ? ['headers' => $headers] : []),
    ];
}

/** Returns the header that prevents overwriting; off by default at other stores, because not all of them support it. */
function only_if_new(): array
{
    $overwrites = setting('OVERWRITE', getenv('S3_ENDPOINT') ? 'true' : 'false') === 'true';
    return $overwrites ? [] : ['if-none-match' => '*'];
}

/** Returns whether the store rejects x-amz-* headers without a signature, or has no ACLs that they could change. */
function refuses_unsigned_headers(): bool
{
    $known = '~^$|\.(amazonaws\.com(\.cn)?|r2\.cloudflarestorage\.com)(:\d+)?/*$~D';
    return getenv('REFUSES_UNSIGNED_HEADERS') === 'true' || preg_match($known, getenv('S3_ENDPOINT') ?: '') === 1;
}

/** Returns the header that keeps the holder of a URL from publishing the object by a header without a signature. */
function acl_header(): array
{
    return refuses_unsigned_headers() ? [] : ['x-amz-acl' => 'private'];
}

/**
 * Returns headers that keep the holder of a URL from copying another object into this one by a header without a
 * signature. No source meets these conditions, and stores ignore them if nothing is copied.
 */
function copy_guard(): array
{
    $guard = ['x-amz-copy-source-if-match' => '"none"', 'x-amz-copy-source-range' => 'none'];
    return refuses_unsigned_headers() ? [] : $guard;
}

function content_type_of(array $file): string
{
    $type = ($file['content_type'] ?? '') ?: 'application/octet-stream';
    // a parameter's value may have quotes; without them it may contain a comma, as in video/webm;codecs=vp8,opus
    $parameter = ' *; *[\w!#$&^.+-]+=(?:[\w!#$&^.+,-]+|"[\w !#$&^.+,:/-]*")';
    $pattern = "~^[\\w!#$&^.+-]{1,127}/[\\w!#$&^.+-]{1,127}(?:$parameter)*$~D";
    $isType = is_string($type) && preg_match($pattern, $type);
    expect((bool) $isType, 'the media type is malformed', 403, 'type');
    return $type;
}

/** Returns the length that a part of the file must have. */
function exact_size(array $grant, int $chunk): int
{
    $bytesLeft = $grant['size'] - ($chunk - 1) * $grant['part_size'];
    expect($bytesLeft > 0 || ($chunk === 1 && $bytesLeft === 0), "the file has no part $chunk", 400, 'no-such-chunk');
    return min($grant['part_size'], $bytesLeft);
}

/** Signs the length too: without it, the URL would allow up to 5 GiB. */
function sign_part(array $grant, string $uploadId, int $chunk): array
{
    $query = ['partNumber' => (string) $chunk, 'uploadId' => $uploadId];
    return sign('PUT', $grant['key'], $query, [], exact_size($grant, $chunk));
}

function sign_list(array $grant, string $uploadId, int $marker = 0): array
{
    $markerParameter = $marker > 0 ? ['part-number-marker' => (string) $marker] : [];
    return sign('GET', $grant['key'], ['uploadId' => $uploadId] + $markerParameter);
}

// ---- The tracker of unfinished uploads ----

function database(): PDO
{
    static $database = null;
    if ($database === null) {
        $root = realpath($_SERVER['DOCUMENT_ROOT'] ?: '.');
        $dsn = setting('DATABASE_URL', 'sqlite:' . dirname($root) . '/signer.db');
        $folder = str_starts_with($dsn, 'sqlite:') ? realpath(dirname(substr($dsn, strlen('sqlite:')))) : false;
        if ($folder !== false && str_starts_with("$folder/", rtrim($root, '/') . '/')) {
            throw new RuntimeException("DATABASE_URL lies below the document root $root, where anybody can fetch it");
        }
        umask(0077);
        $database = new PDO($dsn);
        $database->exec('create table if not exists php_taken (key text primary key)');
        $database->exec(
            'create table if not exists php_upload (principal text, upload_id text, mark text, key text, size bigint,'
            . ' part_size bigint, begun bigint, primary key (principal, upload_id))'
        );
    }
    return $database;
}

function run(string $sql, array $values): PDOStatement
{
    $statement = database()->prepare($sql);
    $statement->execute($values);
    return $statement;
}

/** Returns a hash that identifies a user's file and its folder, to find its unfinished upload. */
function mark_of(array $file): string
{
    $modified = integer_field(['last_modified' => $file['last_modified'] ?? 0], 'last_modified', -(2 ** 53));
    $isNamed = ($file['fingerprint'] ?? '') === '';
    $value = $isNamed ? [$file['filename'], $file['filesize'], $modified] : text_field($file, 'fingerprint', 1024);
    if (($file['relative_path'] ?? '') !== '') {
        $value = [$value, text_field($file, 'relative_path', 32768)];
    }
    return hash('sha256', json_encode($value, JSON_THROW_ON_ERROR));
}

function find_upload(array $file): ?array
{
    $sql = 'select * from php_upload where principal = ? and mark = ? and size = ? and begun > ? order by begun desc';
    $values = [principal(), mark_of($file), $file['filesize'], time() - MAX_UPLOAD_AGE_SECONDS];
    return run($sql, $values)->fetch(PDO::FETCH_ASSOC) ?: null;
}

// ---- The actions ----

function answer_file(mixed $file): array
{
    expect(is_array($file), 'each entry of files must be an object');
    $id = text_field($file, 'id', 1024);
    // an invalid file does not affect the others of the call
    try {
        text_field($file, 'filename');
        integer_field($file, 'filesize');
        return ['id' => $id, ...grant_file($file)];
    } catch (Refusal $refusal) {
        return ['id' => $id, 'error' => ['code' => $refusal->name, 'message' => $refusal->getMessage()]];
    }
}

function grant_file(array $file): array
{
    $size = $file['filesize'];
    $maxSize = (int) setting('MAX_SIZE', (string) (5 * 1024 ** 4));
    expect($size <= $maxSize, 'the file has ' . number_format($size) . ' bytes; the maximum is ' . number_format($maxSize), 403, 'too-big');
    $header = ['content-type' => content_type_of($file)] + acl_header();
    $isForced = (bool) ($file['force'] ?? false);
    if (!$isForced && isset($file['grant'])) {
        $grant = open_grant($file);
        expect($grant['size'] === $size, 'the grant is for another size', 403, 'size-mismatch');
        expect(time() - $grant['begun'] < MAX_UPLOAD_AGE_SECONDS, 'the upload is too old; restart it', 403, 'grant-expired');
        $uploadId = isset($file['upload_id']) ? upload_id_of($file) : null;
    } else {
        $tracked = $isForced || principal() === null ? null : find_upload($file);
        $grant = [
            'key' => $tracked['key'] ?? 'uploads/' . bin2hex(random_bytes(16)) . '/' . clean_name($file['filename']),
            'size' => $size,
            'part_size' => $tracked['part_size'] ?? max(PART_SIZE, (int) ceil($size / 9000 / MIB) * MIB),
            'principal' => principal(),
            'mark' => mark_of($file),
            'begun' => $tracked['begun'] ?? time(),
        ];
        $uploadId = $tracked['upload_id'] ?? null;
        expect_not_submitted($grant['key']);
    }
    $grant['issued'] = time();
    $answer = ['key' => $grant['key'], 'part_size' => $grant['part_size'], 'grant' => seal('grant', $grant)];
    $answer['tracked'] = true;
    if ($size <= $grant['part_size']) {
        return $answer + ['put' => sign('PUT', $grant['key'], [], $header + only_if_new(), $size)];
    }
    if ($uploadId !== null) {
        return $answer + ['upload_id' => $uploadId];
    }
    return $answer + ['init' => sign('POST', $grant['key'], ['uploads' => ''], $header)];
}

function get_init_signature(array $body): array
{
    $files = $body['files'] ?? null;
    expect(is_array($files) && array_is_list($files) && $files !== [], 'files must be a list');
    expect(count($files) <= MAX_FILES, 'at most ' . MAX_FILES . ' files in a call', 413, 'too-many');
    return [
        // pages use the principal to separate the files of different users; null for an anonymous call
        'principal' => principal(),
        'actions' => ['get_all_signatures', 'get_delete_signature', 'get_head_signature', 'chunk_loaded'],
        'limits' => ['files' => MAX_FILES],
        'files' => array_map(answer_file(...), $files),
    ];
}

function get_chunk_signature(array $body): array
{
    [$grant, $number] = [open_valid_grant($body), integer_field($body, 'chunk', 1, 10000)];
    expect(integer_field($body, 'size') === exact_size($grant, $number), 'the part has another length', 400, 'size-mismatch');
    return sign_part($grant, upload_id_of($body), $number);
}

function get_list_signature(array $body): array
{
    $marker = isset($body['part_number_marker']) ? integer_field($body, 'part_number_marker', 0, 10000) : 0;
    return sign_list(open_valid_grant($body), upload_id_of($body), $marker);
}

function get_end_signature(array $body): array
{
    $grant = open_valid_grant($body);
    expect(integer_field($body, 'size') === $grant['size'], 'the grant is for another size', 400, 'size-mismatch');
    return sign('POST', $grant['key'], ['uploadId' => upload_id_of($body)], only_if_new());
}

function get_delete_signature(array $body): array
{
    return sign('DELETE', open_valid_grant($body)['key'], ['uploadId' => upload_id_of($body)]);
}

function get_head_signature(array $body): array
{
    return sign('HEAD', open_valid_grant($body)['key']);
}

function get_all_signatures(array $body): array
{
    [$grant, $uploadId, $chunks] = [open_valid_grant($body), upload_id_of($body), $body['chunks'] ?? null];
    expect(is_array($chunks) && array_is_list($chunks), 'chunks must be a list');
    expect(count($chunks) <= MAX_CHUNKS, 'at most ' . MAX_CHUNKS . ' chunks in a call', 413, 'too-many');
    $hasSamePartSize = integer_field($body, 'part_size') === $grant['part_size'];
    expect($hasSamePartSize, 'the grant is for parts of another size', 400, 'part-size-mismatch');
    $parts = new stdClass(); // json_encode would encode an empty array as a list
    foreach (array_keys($chunks) as $index) {
        $number = integer_field($chunks, (string) $index, 1, 10000);
        $parts->{$number} = sign_part($grant, $uploadId, $number);
    }
    $uploadSignatures = ['list' => sign_list($grant, $uploadId), 'end' => get_end_signature($body)];
    $uploadSignatures += ['delete' => get_delete_signature($body), 'head' => get_head_signature($body)];
    return $uploadSignatures + ['chunks' => $parts];
}

function chunk_loaded(array $body): ?array
{
    [$grant, $uploadId] = [open_valid_grant($body), upload_id_of($body, 0)];
    $state = $body['state'] ?? null;
    $answer = $state === 'complete' ? ['receipt' => receipt_of($grant)] : null;
    $upload = [principal(), $uploadId];
    // a file of a single request has no upload to resume, even if the call names one
    $isTracked = $uploadId !== '' && principal() !== null && $grant['size'] > $grant['part_size'];
    if ($state === 'complete' || $state === 'aborted') {
        run('delete from php_upload where principal = ? and upload_id = ?', $upload);
    } elseif ($state === 'started' && $isTracked) {
        $grantValues = [$grant['mark'], $grant['key'], $grant['size'], $grant['part_size'], $grant['begun']];
        run('insert into php_upload values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing', [...$upload, ...$grantValues]);
    }
    return $answer;
}

// ---- Receipts of stored objects ----

function stored_object(string $key): array
{
    $context = stream_context_create(['http' => ['method' => 'HEAD', 'ignore_errors' => true, 'timeout' => 10]]);
    $headers = @get_headers(sign('HEAD', $key)['url'], true, $context);
    expect($headers !== false, 'the store does not answer', 503, 'store-silent');
    expect(str_contains($headers[0], ' 200'), 'no object is stored under this key', 409, 'not-stored');
    $headers = array_change_key_case($headers);
    return ['size' => (int) $headers['content-length'], 'etag' => trim($headers['etag'], '"')];
}

function receipt_of(array $grant): string
{
    $stored = stored_object($grant['key']);
    expect($stored['size'] === $grant['size'], 'the object has another size', 409, 'size-mismatch');
    return seal('receipt', ['key' => $grant['key'], ...$stored, 'principal' => $grant['principal'], 'time' => time()]);
}

/** Receives a form. The receipt, not the page, determines the object and its uploader. */
function films(): array
{
    $film = $_POST['film'] ?? '';
    $receipt = is_string($film) ? unseal('receipt', $film) : null;
    expect($receipt !== null, 'the receipt was not issued by this signer', 403, 'receipt-invalid');
    expect($receipt['principal'] === principal(), 'the receipt belongs to another user', 403, 'principal-mismatch');
    expect(time() - $receipt['time'] < RECEIPT_LIFETIME_SECONDS, 'the receipt is too old', 403, 'receipt-expired');
    $key = $receipt['key'];
    expect(stored_object($key)['etag'] === $receipt['etag'], 'the object has changed', 409, 'object-changed');
    $isNew = run('insert into php_taken values (?) on conflict do nothing', [$key])->rowCount() === 1;
    expect($isNew, 'the file was submitted before', 409, 'receipt-taken');
    run('delete from php_upload where key = ?', [$key]);
    return ['key' => $key, 'size' => $receipt['size']]; // your application stores them here
}

// ---- HTTP ----

const ACTIONS = [
    'get_init_signature' => 'get_init_signature',
    'get_chunk_signature' => 'get_chunk_signature',
    'get_list_signature' => 'get_list_signature',
    'get_end_signature' => 'get_end_signature',
    'get_delete_signature' => 'get_delete_signature',
    'get_head_signature' => 'get_head_signature',
    'get_all_signatures' => 'get_all_signatures',
    'chunk_loaded' => 'chunk_loaded',
];

function perform(string $path): ?array
{
    $action = ACTIONS[preg_replace('~^/sign/~', '', $path)] ?? null;
    expect($path === '/films' || $action !== null, 'no such action', 404, 'unknown-action');
    expect($_SERVER['REQUEST_METHOD'] === 'POST', 'the method must be POST', 405, 'method-not-allowed');
    $isAllowed = principal() !== null || getenv('ALLOW_ANONYMOUS') === 'true';
    expect($isAllowed, 'sign in to upload', 401, 'unauthorized');
    if ($path === '/films') {
        return films();
    }
    // forms of other sites can send other types without a preflight
    $type = strtolower(trim(explode(';', $_SERVER['CONTENT_TYPE'] ?? '')[0]));
    expect($type === 'application/json', 'the body must be application/json', 415, 'unsupported-media-type');
    $json = file_get_contents('php://input', false, null, 0, MIB + 1);
    expect(strlen($json) <= MIB, 'the body is too long', 413, 'body-too-large');
    $body = parse_json($json);
    expect(is_array($body) && !array_is_list($body), 'the body must be a JSON object', 400, 'invalid-json');
    $answer = $action($body);
    return $answer === null ? null : ['time' => (int) (microtime(true) * 1000), ...$answer];
}

ini_set('display_errors', '0');
header('Content-Type: application/json');
header('Cache-Control: no-store');
try {
    $answer = perform(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) ?: '/');
    http_response_code($answer === null ? 204 : 200);
} catch (Refusal $refusal) {
    http_response_code($refusal->status);
    $answer = ['error' => ['code' => $refusal->name, 'message' => $refusal->getMessage()]];
} catch (Throwable $error) {
    error_log((string) $error);
    http_response_code(500);
    $answer = ['error' => ['code' => 'internal', 'message' => 'The signer failed; try again later.']];
}
if ($answer !== null) {
    echo json_encode($answer, JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR);
}
