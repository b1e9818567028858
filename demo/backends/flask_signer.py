"""A signer for <mule-upload> in one file: Flask, boto3, and SQLAlchemy to resume uploads in another browser.

    S3_BUCKET=films AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… SIGNER_SECRET=… python3 flask_signer.py

AWS_REGION, S3_ENDPOINT, DATABASE_URL (sqlite:///signer.db by default), MAX_SIZE (bytes) and PORT are optional. Your
own sign-in sets session["user"]; ALLOW_ANONYMOUS=true allows anonymous uploads. OVERWRITE=false (the default at
Amazon S3) signs If-None-Match, so that stored objects cannot be changed. REFUSES_UNSIGNED_HEADERS=true (the default
at Amazon S3 and R2) is for a store that rejects x-amz-* headers without a signature. The page has <mule-upload
signer="/sign">. A form that has <mule-upload name="film" form-value="receipt"> may be submitted to /films.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import time
from functools import partial

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from flask import Flask, g, jsonify, request, session
from sqlalchemy import BigInteger, Column, MetaData, String, Table, Text, create_engine
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import HTTPException

MIB = 1024**2
BUCKET = os.environ["S3_BUCKET"]
SECRET = os.environ["SIGNER_SECRET"].encode()
ENDPOINT = os.environ.get("S3_ENDPOINT")
REGION = os.environ.get("AWS_REGION", "us-east-1")
# included in every seal, so that signers with the same secret refuse each other's grants
AUDIENCE = f"{ENDPOINT or 'aws'}\n{REGION}\n{BUCKET}"
ALLOW_ANONYMOUS = os.environ.get("ALLOW_ANONYMOUS") == "true"
# the header that prevents overwriting; off by default at other stores, because not all of them support it
ONLY_IF_NEW = {} if os.environ.get("OVERWRITE", "true" if ENDPOINT else "false") == "true" else {"if-none-match": "*"}
REFUSES_UNSIGNED_HEADERS = (
    not ENDPOINT
    or os.environ.get("REFUSES_UNSIGNED_HEADERS") == "true"
    or bool(re.search(r"\.(amazonaws\.com(\.cn)?|r2\.cloudflarestorage\.com)(:\d+)?/*$", ENDPOINT))
)
# other stores act on headers without a signature: signed, these keep the holder of a URL from publishing the object, or
# copying another one into it. No source meets the conditions, and stores ignore them if nothing is copied
PRIVATE = {} if REFUSES_UNSIGNED_HEADERS else {"x-amz-acl": "private"}
COPY_GUARD = {"x-amz-copy-source-if-match": '"none"', "x-amz-copy-source-range": "none"} if PRIVATE else {}
MAX_SIZE = int(os.environ.get("MAX_SIZE", 5 * 1024**4))
MAX_FILES = 100
MAX_CHUNKS = 1000
PART_SIZE = 8 * MIB
URL_LIFETIME_SECONDS = 3600
GRANT_LIFETIME_SECONDS = 7 * 86400
MAX_UPLOAD_AGE_SECONDS = 30 * 86400
RECEIPT_LIFETIME_SECONDS = 86400

s3 = boto3.client(
    "s3",
    region_name=REGION,
    endpoint_url=ENDPOINT,
    config=Config(
        signature_version="s3v4",
        s3={"addressing_style": "path" if ENDPOINT else "virtual"},
    ),
)

SIGNED_HEADERS = {
    "create_multipart_upload": PRIVATE,
    "put_object": {**ONLY_IF_NEW, **PRIVATE, **COPY_GUARD},
    "upload_part": COPY_GUARD,
    "complete_multipart_upload": ONLY_IF_NEW,
}


def add_headers(headers, request, **_):
    """Adds headers to a request before boto3 signs it."""
    for name, value in headers.items():
        request.headers[name] = value


for operation, added_headers in SIGNED_HEADERS.items():
    event = f"before-sign.s3.{s3.meta.method_to_api_mapping[operation]}"
    s3.meta.events.register(event, partial(add_headers, added_headers))

database = create_engine(os.environ.get("DATABASE_URL", "sqlite:///signer.db"))
metadata = MetaData()
uploads = Table(
    "flask_upload",
    metadata,
    Column("principal", String(255), primary_key=True),
    Column("upload_id", String(1024), primary_key=True),
    Column("mark", String(64), nullable=False, index=True),
    Column("key", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("part_size", BigInteger, nullable=False),
    Column("begun", BigInteger, nullable=False),
)
submitted_keys = Table("flask_taken", metadata, Column("key", String(1024), primary_key=True))
metadata.create_all(database)

app = Flask(__name__)
app.config.update(MAX_CONTENT_LENGTH=MIB, SESSION_COOKIE_SAMESITE="Lax")
app.secret_key = hmac.new(SECRET, b"session", hashlib.sha256).digest()


def principal():
    """Returns the user of the session that your own sign-in started, as text; None for an anonymous call."""
    user = session.get("user")
    return None if user is None or user is False or user == "" else str(user)


class Refusal(Exception):
    """A refused call: the HTTP status, an error code of the protocol, and a message."""

    def __init__(self, status, code, message):
        self.status, self.code, self.message = status, code, message


def expect(condition, message, status=400, code="invalid-request"):
    if not condition:
        raise Refusal(status, code, message)


# ---- Parsing untrusted input ----

# one JSON escape: a surrogate pair, a lone surrogate (in group 1), or any other
ESCAPE = re.compile(r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u([dD][89a-fA-F]..)|.)", re.DOTALL)


def parse_json(data):
    """Replaces lone surrogates, which UTF-8 cannot encode, with U+FFFD. Returns None for invalid JSON."""
    try:
        return json.loads(ESCAPE.sub(lambda escape: r"\ufffd" if escape[1] else escape[0], data.decode()))
    except (ValueError, RecursionError):
        return None


def text_field(body, name, maximum=4096, minimum=1):
    value = body.get(name)
    expect(isinstance(value, str) and minimum <= len(value) <= maximum, f"{name} must be a string")
    return value


def upload_id_of(body, minimum=1):
    value = text_field(body, "upload_id", 2048, minimum)
    expect(re.fullmatch("[!-~]*", value), "upload_id must be visible ASCII")
    return value


def integer_field(body, name, minimum=0, maximum=2**53 - 1):
    value = body.get(name)
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    expect(is_integer and minimum <= value <= maximum, f"{name} must be a whole number from {minimum} to {maximum}")
    return value


def clean_name(name):
    """Returns the last path segment, without control, format and bidirectional characters."""
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(char for char in name if char.isprintable())
    name = re.sub(r"\.{2,}", ".", name).strip()
    while len(name.encode()) > 500:
        name = name[1:]
    return "file" if name in ("", ".") else name


# ---- Grants and receipts: sealed, because pages store them and send them back ----


def seal_of(kind, payload):
    """Returns the seal of a payload. It depends on the kind, so that a receipt is not accepted as a grant."""
    message = f"{kind}\n{AUDIENCE}\n{payload}".encode("utf-8", "replace")
    return base64.urlsafe_b64encode(hmac.new(SECRET, message, hashlib.sha256).digest()).decode()


def seal(kind, value):
    payload = base64.urlsafe_b64encode(json.dumps(value).encode()).decode()
    return f"{payload}.{seal_of(kind, payload)}"


def unseal(kind, sealed):
    payload, _, given_seal = sealed.partition(".")
    is_genuine = hmac.compare_digest(seal_of(kind, payload).encode(), given_seal.encode("utf-8", "replace"))
    return json.loads(base64.urlsafe_b64decode(payload)) if is_genuine else None


def open_grant(body):
    """Returns the contents of a grant, which may have expired."""
    grant = body.get("grant")
    expect(isinstance(grant, str) and grant, "the call has no grant; call init first", 403, "grant-required")
    opened = unseal("grant", grant)
    expect(opened is not None, "the grant was not issued by this signer", 403, "grant-invalid")
    expect(opened["key"] == body.get("key"), "the grant is for another key", 403, "key-mismatch")
    expect(opened["principal"] == g.principal, "the grant belongs to another user", 403, "principal-mismatch")
    expect_not_submitted(opened["key"])
    return opened


def expect_not_submitted(key):
    """Refuses to sign for an object whose receipt a form has submitted."""
    with database.connect() as connection:
        found = connection.execute(submitted_keys.select().where(submitted_keys.c.key == key)).first()
    expect(found is None, "the file was submitted already; upload it again", 403, "receipt-taken")


def open_valid_grant(body):
    """Returns the contents of a grant that has not expired."""
    grant = open_grant(body)
    is_valid = time.time() - grant["issued"] < GRANT_LIFETIME_SECONDS
    expect(is_valid, "the grant has expired; renew it by init", 403, "grant-expired")
    return grant


# ---- Signing ----


def sign(operation, method, headers=None, **parameters):
    """Signs a request. The browser sends the headers unchanged; boto3 takes the other signed ones from parameters."""
    headers = {**(headers or {}), **SIGNED_HEADERS.get(operation, {})}
    url = s3.generate_presigned_url(operation, {"Bucket": BUCKET, **parameters}, URL_LIFETIME_SECONDS, method)
    signed = {"method": method, "url": url, "expires": int(time.time() * 1000) + URL_LIFETIME_SECONDS * 1000}
    return {**signed, "headers": headers} if headers else signed


# a parameter's value may have quotes; without them it may contain a comma, as in video/webm;codecs=vp8,opus
MEDIA_TYPE = re.compile(
    r"[\w!#$&^.+-]{1,127}/[\w!#$&^.+-]{1,127}"
    r"""(?: *; *[\w!#$&^.+-]+=(?:[\w!#$&^.+,-]+|"[\w !#$&^.+,:/-]*"))*""",
    re.ASCII,
)


def content_type_of(file):
    media_type = file.get("content_type") or "application/octet-stream"
    is_valid = isinstance(media_type, str) and MEDIA_TYPE.fullmatch(media_type)
    expect(is_valid, "the media type is malformed", 403, "type")
    return media_type


def exact_size(grant, chunk):
    """Returns the length that a part of the file must have."""
    bytes_left = grant["size"] - (chunk - 1) * grant["part_size"]
    expect(bytes_left > 0 or (chunk == 1 and bytes_left == 0), f"the file has no part {chunk}", 400, "no-such-chunk")
    return min(grant["part_size"], bytes_left)


def sign_part(grant, upload_id, chunk):
    # the length is signed too: without it, the URL would allow up to 5 GiB
    size = exact_size(grant, chunk)
    return sign("upload_part", "PUT", Key=grant["key"], UploadId=upload_id, PartNumber=chunk, ContentLength=size)


def sign_list(grant, upload_id, marker=0):
    marker_parameter = {"PartNumberMarker": marker} if marker else {}
    return sign("list_parts", "GET", Key=grant["key"], UploadId=upload_id, **marker_parameter)


def sign_end(grant, upload_id):
    return sign("complete_multipart_upload", "POST", Key=grant["key"], UploadId=upload_id)


# ---- The actions ----


def mark_of(file):
    """Returns a hash that identifies a user's file and its folder, to find its unfinished upload."""
    if file.get("fingerprint"):
        value = text_field(file, "fingerprint", 1024)
    else:
        modified = integer_field({"last_modified": file.get("last_modified") or 0}, "last_modified", -(2**53))
        value = [file["filename"], file["filesize"], modified]
    if file.get("relative_path"):
        value = [value, text_field(file, "relative_path", 32768)]
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def answer_file(file):
    expect(isinstance(file, dict), "each entry of files must be an object")
    file_id = text_field(file, "id", 1024)
    # an invalid file does not affect the others of the call
    try:
        return {"id": file_id, **grant_file(file, text_field(file, "filename"), integer_field(file, "filesize"))}
    except Refusal as refusal:
        return {"id": file_id, "error": {"code": refusal.code, "message": refusal.message}}


def grant_file(file, name, size):
    expect(size <= MAX_SIZE, f"the file has {size:,} bytes; the maximum is {MAX_SIZE:,}", 403, "too-big")
    media_type = content_type_of(file)
    now, upload_id, tracked = int(time.time()), None, None
    if (file.get("grant") or file.get("key")) and not file.get("force"):
        grant = open_grant(file)
        expect(grant["size"] == size, "the grant is for another size", 403, "size-mismatch")
        expect(now - grant["begun"] < MAX_UPLOAD_AGE_SECONDS, "the upload is too old; restart it", 403, "grant-expired")
        grant["issued"], upload_id = now, upload_id_of(file) if file.get("upload_id") else None
    else:
        if not file.get("force") and g.principal is not None:
            query = uploads.select().where(uploads.c.principal == g.principal, uploads.c.mark == mark_of(file))
            with database.connect() as connection:
                tracked = connection.execute(query.order_by(uploads.c.begun.desc())).mappings().first()
        if tracked and tracked["size"] == size and now - tracked["begun"] < MAX_UPLOAD_AGE_SECONDS:
            key, part_size, begun, upload_id = (tracked[name] for name in ("key", "part_size", "begun", "upload_id"))
        else:
            key, begun = f"uploads/{secrets.token_hex(16)}/{clean_name(name)}", now
            part_size = max(PART_SIZE, -(-size // 9000 // MIB) * MIB)
        grant = {"key": key, "size": size, "part_size": part_size, "principal": g.principal}
        grant = {**grant, "mark": mark_of(file), "begun": begun, "issued": now}
        expect_not_submitted(key)
    answer = {"key": grant["key"], "grant": seal("grant", grant), "tracked": True, "part_size": grant["part_size"]}
    header = {"content-type": media_type}
    if size <= grant["part_size"]:
        put = sign("put_object", "PUT", header, Key=grant["key"], ContentLength=size, ContentType=media_type)
        return {**answer, "put": put}
    if upload_id:
        return {**answer, "upload_id": upload_id}
    return {**answer, "init": sign("create_multipart_upload", "POST", header, Key=grant["key"], ContentType=media_type)}


def get_init_signature(body):
    files = body.get("files")
    expect(isinstance(files, list) and files, "files must be a list")
    expect(len(files) <= MAX_FILES, f"at most {MAX_FILES} files in a call", 413, "too-many")
    actions = ["get_all_signatures", "get_delete_signature", "get_head_signature", "chunk_loaded"]
    answers = [answer_file(file) for file in files]
    # pages use the principal to separate the files of different users; None for an anonymous call
    return {"principal": g.principal, "actions": actions, "limits": {"files": MAX_FILES}, "files": answers}


def get_chunk_signature(body):
    grant, number = open_valid_grant(body), integer_field(body, "chunk", 1, 10000)
    expect(integer_field(body, "size") == exact_size(grant, number), "the part has another length", 400, "size-mismatch")
    return sign_part(grant, upload_id_of(body), number)


def get_list_signature(body):
    marker = integer_field(body, "part_number_marker", 0, 10000) if body.get("part_number_marker") is not None else 0
    return sign_list(open_valid_grant(body), upload_id_of(body), marker)


def get_end_signature(body):
    grant = open_valid_grant(body)
    expect(integer_field(body, "size") == grant["size"], "the grant is for another size", 400, "size-mismatch")
    return sign_end(grant, upload_id_of(body))


def get_delete_signature(body):
    return sign("abort_multipart_upload", "DELETE", Key=open_valid_grant(body)["key"], UploadId=upload_id_of(body))


def get_head_signature(body):
    return sign("head_object", "HEAD", Key=open_valid_grant(body)["key"])


def get_all_signatures(body):
    grant, upload_id, numbers = open_valid_grant(body), upload_id_of(body), body.get("chunks")
    expect(isinstance(numbers, list), "chunks must be a list")
    expect(len(numbers) <= MAX_CHUNKS, f"at most {MAX_CHUNKS} chunks in a call", 413, "too-many")
    expect(integer_field(body, "size") == grant["size"], "the grant is for another size", 400, "size-mismatch")
    has_same_part_size = integer_field(body, "part_size") == grant["part_size"]
    expect(has_same_part_size, "the grant is for parts of another size", 400, "part-size-mismatch")
    numbers = [integer_field({"chunk": number}, "chunk", 1, 10000) for number in numbers]
    parts = {number: sign_part(grant, upload_id, number) for number in numbers}
    upload_signatures = {"list": sign_list(grant, upload_id), "end": sign_end(grant, upload_id)}
    return {**upload_signatures, "delete": get_delete_signature(body), "head": get_head_signature(body), "chunks": parts}


def chunk_loaded(body):
    grant, upload_id = open_valid_grant(body), upload_id_of(body, minimum=0)
    answer = {"receipt": receipt_of(grant)} if body.get("state") == "complete" else None
    row = {"principal": g.principal, "upload_id": upload_id}
    # a file of a single request has no upload to resume, even if the call names one
    is_tracked = upload_id and g.principal is not None and grant["size"] > grant["part_size"]
    with database.begin() as connection:
        if body.get("state") in ("complete", "aborted"):
            connection.execute(uploads.delete().where(*(uploads.c[name] == value for name, value in row.items())))
        elif body.get("state") == "started" and is_tracked:
            row.update({name: grant[name] for name in ("mark", "key", "size", "part_size", "begun")})
            try:
                with connection.begin_nested():
                    connection.execute(uploads.insert().values(row))
            except IntegrityError:
                pass  # the upload was reported before
    return answer


# ---- Receipts of stored objects ----


def stored_object(key):
    try:
        stored = s3.head_object(Bucket=BUCKET, Key=key)
    except ClientError as error:
        raise Refusal(409, "not-stored", "no object is stored under this key") from error
    return {"size": stored["ContentLength"], "etag": stored["ETag"].strip('"')}


def receipt_of(grant):
    stored = stored_object(grant["key"])
    expect(stored["size"] == grant["size"], "the object has another size", 409, "size-mismatch")
    return seal("receipt", {"key": grant["key"], **stored, "principal": g.principal, "time": int(time.time())})


@app.post("/films")
def films():
    """Receives a form. The receipt, not the page, determines the object and its uploader."""
    receipt = unseal("receipt", request.form.get("film", ""))
    expect(receipt is not None, "the receipt was not issued by this signer", 403, "receipt-invalid")
    expect(receipt["principal"] == principal(), "the receipt belongs to another user", 403, "principal-mismatch")
    expect(time.time() - receipt["time"] < RECEIPT_LIFETIME_SECONDS, "the receipt is too old", 403, "receipt-expired")
    key = receipt["key"]
    expect(stored_object(key)["etag"] == receipt["etag"], "the object has changed", 409, "object-changed")
    try:
        with database.begin() as connection:
            connection.execute(submitted_keys.insert().values(key=key))
            connection.execute(uploads.delete().where(uploads.c.key == key))
    except IntegrityError as error:
        raise Refusal(409, "receipt-taken", "the file was submitted before") from error
    return {name: receipt[name] for name in ("key", "size")}  # your application stores them here


ACTIONS = {
    "get_init_signature": get_init_signature,
    "get_chunk_signature": get_chunk_signature,
    "get_list_signature": get_list_signature,
    "get_end_signature": get_end_signature,
    "get_delete_signature": get_delete_signature,
    "get_head_signature": get_head_signature,
    "get_all_signatures": get_all_signatures,
    "chunk_loaded": chunk_loaded,
}


@app.post("/sign/<action>")
def perform(action):
    expect(action in ACTIONS, "no such action", 404, "unknown-action")
    # forms of other sites can send other types without a preflight
    expect(request.mimetype == "application/json", "the body must be application/json", 415, "unsupported-media-type")
    g.principal = principal()
    expect(g.principal or ALLOW_ANONYMOUS, "sign in to upload", 401, "unauthorized")
    body = parse_json(request.get_data())
    expect(isinstance(body, dict), "the body must be a JSON object", 400, "invalid-json")
    answer = ACTIONS[action](body)
    return ("", 204) if answer is None else jsonify({"time": int(time.time() * 1000), **answer})


@app.errorhandler(Refusal)
def refuse(refusal):
    return jsonify({"error": {"code": refusal.code, "message": refusal.message}}), refusal.status


@app.errorhandler(HTTPException)
def refuse_http(error):
    return jsonify({"error": {"code": error.name.lower().replace(" ", "-"), "message": error.name}}), error.code


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ.get("PORT", 8080)), threaded=True)
