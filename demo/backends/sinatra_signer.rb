# A signer for <mule-upload> in one file: Sinatra, and SQLite to resume uploads in another browser.
#
#     S3_BUCKET=films AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… SIGNER_SECRET=… ruby sinatra_signer.rb
#
# AWS_REGION, AWS_SESSION_TOKEN, S3_ENDPOINT, DATABASE_FILE (signer.db by default), MAX_SIZE (bytes) and PORT are
# optional. Your own sign-in sets session['user']; ALLOW_ANONYMOUS=true allows anonymous uploads. OVERWRITE=false (the
# default at Amazon S3) signs If-None-Match, so that stored objects cannot be changed. REFUSES_UNSIGNED_HEADERS=true (the
# default at Amazon S3 and R2) is for a store that rejects x-amz-* headers without a signature. The page has <mule-upload
# signer="/sign">. A form that has <mule-upload name="film" form-value="receipt"> may be submitted to /films.

require 'base64'
require 'json'
require 'net/http'
require 'openssl'
require 'securerandom'
require 'sinatra/base'
require 'sqlite3'

MIB = 1024**2
MAX_FILES = 100
MAX_CHUNKS = 1000
PART_SIZE = 8 * MIB
URL_LIFETIME_SECONDS = 3600
GRANT_LIFETIME_SECONDS = 7 * 86_400
MAX_UPLOAD_AGE_SECONDS = 30 * 86_400
RECEIPT_LIFETIME_SECONDS = 86_400

BUCKET = ENV.fetch('S3_BUCKET')
REGION = ENV.fetch('AWS_REGION', 'us-east-1')
SECRET = ENV.fetch('SIGNER_SECRET')
ACCESS_KEY = ENV.fetch('AWS_ACCESS_KEY_ID')
SECRET_KEY = ENV.fetch('AWS_SECRET_ACCESS_KEY')
ALLOW_ANONYMOUS = ENV['ALLOW_ANONYMOUS'] == 'true'
# included in every seal, so that signers with the same secret refuse each other's grants
AUDIENCE = [ENV.fetch('S3_ENDPOINT', 'aws'), REGION, BUCKET].join("\n")
# If-None-Match prevents overwriting; off by default at other stores, because not all of them support it
OVERWRITES = ENV.fetch('OVERWRITE', ENV['S3_ENDPOINT'] ? 'true' : 'false') == 'true'
ONLY_IF_NEW = (OVERWRITES ? {} : { 'if-none-match' => '*' }).freeze
REFUSES_UNSIGNED_HEADERS =
  ENV['REFUSES_UNSIGNED_HEADERS'] == 'true' ||
  ENV.fetch('S3_ENDPOINT', '').match?(%r{\A\z|\.(amazonaws\.com(\.cn)?|r2\.cloudflarestorage\.com)(:\d+)?/*\z})
# other stores act on headers without a signature: signed, these keep the holder of a URL from publishing the object, or
# copying another one into it. No source meets the conditions, and stores ignore them if nothing is copied
PRIVATE = (REFUSES_UNSIGNED_HEADERS ? {} : { 'x-amz-acl' => 'private' }).freeze
COPY_CONDITIONS = { 'x-amz-copy-source-if-match' => '"none"', 'x-amz-copy-source-range' => 'none' }.freeze
COPY_GUARD = (REFUSES_UNSIGNED_HEADERS ? {} : COPY_CONDITIONS).freeze
MAX_SIZE = ENV.fetch('MAX_SIZE', 5 * 1024**4).to_i
BASE = URI(ENV['S3_ENDPOINT'] ? "#{ENV['S3_ENDPOINT'].chomp('/')}/#{BUCKET}" : "https://#{BUCKET}.s3.#{REGION}.amazonaws.com")

DATABASE = SQLite3::Database.new(ENV.fetch('DATABASE_FILE', 'signer.db'), results_as_hash: true)
DATABASE.busy_timeout = 5000
DATABASE.execute('create table if not exists ruby_taken (key text primary key)')
DATABASE.execute(<<~SQL)
  create table if not exists ruby_upload (principal text, upload_id text, mark text, key text, size integer,
    part_size integer, begun integer, primary key (principal, upload_id))
SQL

# A refused call: the HTTP status, an error code of the protocol, and a message.
class Refusal < StandardError
  attr_reader :status, :code

  def initialize(status, code, message)
    super(message)
    @status = status
    @code = code
  end
end

# ---- Parsing untrusted input ----
module Parsing
  # one JSON escape: a surrogate pair, a lone surrogate (in group 1), or any other
  ESCAPE = /\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u([dD][89a-fA-F]..)|.)/m

  # Replaces lone surrogates, which UTF-8 cannot encode, with U+FFFD. Returns nil for invalid JSON.
  def parse_json(json)
    json = json.dup.force_encoding(Encoding::UTF_8)
    return nil unless json.valid_encoding?

    JSON.parse(json.gsub(ESCAPE) { |escape| Regexp.last_match(1) ? '\ufffd' : escape }, max_nesting: 32)
  rescue JSON::ParserError
    nil
  end

  def expect(condition, message, status = 400, code = 'invalid-request')
    raise Refusal.new(status, code, message) unless condition
  end

  def text_field(body, name, maximum: 4096, minimum: 1)
    value = body[name]
    expect(value.is_a?(String) && value.valid_encoding? && value.length.between?(minimum, maximum), "#{name} must be a string")
    value
  end

  def upload_id_of(body, minimum: 1)
    value = text_field(body, 'upload_id', maximum: 2048, minimum: minimum)
    expect(value.match?(/\A[!-~]*\z/), 'upload_id must be visible ASCII')
    value
  end

  def integer_field(body, name, minimum = 0, maximum = 2**53 - 1)
    value = body[name]
    expect(value.is_a?(Integer) && value.between?(minimum, maximum), "#{name} must be a whole number from #{minimum} to #{maximum}")
    value
  end

  # Returns the last path segment, without control, format and bidirectional characters.
  def clean_name(name)
    name = name.split(%r{[/\\]}, -1).last.to_s.gsub(/[\p{C}\p{Zl}\p{Zp}]/, '').gsub(/\.{2,}/, '.').strip
    name = name[1..] while name.bytesize > 500
    ['', '.'].include?(name) ? 'file' : name
  end
end

# ---- Grants and receipts: sealed, because pages store them and send them back ----
module Sealing
  # Returns the seal of a payload. It depends on the kind, so that a receipt is not accepted as a grant.
  def seal_of(kind, payload)
    Base64.urlsafe_encode64(OpenSSL::HMAC.digest('SHA256', SECRET, "#{kind}\n#{AUDIENCE}\n#{payload}"))
  end

  def seal(kind, value)
    payload = Base64.urlsafe_encode64(JSON.generate(value))
    "#{payload}.#{seal_of(kind, payload)}"
  end

  def unseal(kind, sealed)
    payload, seal = sealed.split('.', 2)
    is_genuine = seal && OpenSSL.secure_compare(seal_of(kind, payload), seal)
    is_genuine ? JSON.parse(Base64.urlsafe_decode64(payload)) : nil
  end

  # Returns the contents of a grant, which may have expired.
  def open_grant(body)
    expect(body['grant'].is_a?(String), 'the call has no grant; call init first', 403, 'grant-required')
    grant = unseal('grant', body['grant'])
    expect(grant, 'the grant was not issued by this signer', 403, 'grant-invalid')
    expect(grant['key'] == body['key'], 'the grant is for another key', 403, 'key-mismatch')
    expect(grant['principal'] == principal, 'the grant belongs to another user', 403, 'principal-mismatch')
    expect_not_submitted(grant['key'])
    grant
  end

  # Refuses to sign for an object whose receipt a form has submitted.
  def expect_not_submitted(key)
    found = DATABASE.get_first_row('select key from ruby_taken where key = ?', [key])
    expect(found.nil?, 'the file was submitted already; upload it again', 403, 'receipt-taken')
  end

  # Returns the contents of a grant that has not expired.
  def open_valid_grant(body)
    grant = open_grant(body)
    is_valid = Time.now.to_i - grant['issued'] < GRANT_LIFETIME_SECONDS
    expect(is_valid, 'the grant has expired; renew it by init', 403, 'grant-expired')
    grant
  end
end

# ---- Signing: Signature Version 4 in the query ----
module Signing
  def encode(text)
    text.to_s.b.gsub(/[^A-Za-z0-9_.~-]/) { |byte| format('%%%02X', byte.ord) }
  end

  # Signs a request. The browser sends the headers unchanged, and sets content-length itself.
  def sign(method, key, query = {}, headers: {}, length: nil)
    host = BASE.port == BASE.default_port ? BASE.host : "#{BASE.host}:#{BASE.port}"
    path = "#{BASE.path}/#{key.split('/', -1).map { |segment| encode(segment) }.join('/')}"
    headers = { **headers, **COPY_GUARD } if method == 'PUT'
    signed = { 'host' => host, **headers, **(length ? { 'content-length' => length } : {}) }.sort
    names = signed.map(&:first).join(';')

    now = Time.now.utc
    date, day = now.strftime('%Y%m%dT%H%M%SZ'), now.strftime('%Y%m%d')
    scope = "#{day}/#{REGION}/s3/aws4_request"
    query = {
      **query,
      'X-Amz-Algorithm' => 'AWS4-HMAC-SHA256',
      'X-Amz-Credential' => "#{ACCESS_KEY}/#{scope}",
      'X-Amz-Date' => date,
      'X-Amz-Expires' => URL_LIFETIME_SECONDS,
      'X-Amz-SignedHeaders' => names
    }
    query['X-Amz-Security-Token'] = ENV['AWS_SESSION_TOKEN'] if ENV['AWS_SESSION_TOKEN']
    query_string = query.sort.map { |pair| pair.map { |text| encode(text) }.join('=') }.join('&')

    # S3 signs several spaces as one
    header_lines = signed.map { |name, value| "#{name}:#{value.to_s.squeeze(' ')}\n" }.join
    canonical = [method, path, query_string, header_lines, names, 'UNSIGNED-PAYLOAD'].join("\n")
    canonical_hash = OpenSSL::Digest::SHA256.hexdigest(canonical)
    signing_key = [day, REGION, 's3', 'aws4_request'].reduce("AWS4#{SECRET_KEY}") do |secret, step|
      OpenSSL::HMAC.digest('SHA256', secret, step)
    end
    signature = OpenSSL::HMAC.hexdigest('SHA256', signing_key, "AWS4-HMAC-SHA256\n#{date}\n#{scope}\n#{canonical_hash}")
    url = "#{BASE.scheme}://#{host}#{path}?#{query_string}&X-Amz-Signature=#{signature}"
    answer = { method: method, url: url, expires: (now.to_i + URL_LIFETIME_SECONDS) * 1000 }
    headers.empty? ? answer : { **answer, headers: headers }
  end

  # a parameter's value may have quotes; without them it may contain a comma, as in video/webm;codecs=vp8,opus
  PARAMETER = %r{ *; *[\w!\#$&^.+-]+=(?:[\w!\#$&^.+,-]+|"[\w !\#$&^.+,:/-]*")}
  MEDIA_TYPE = %r{\A[\w!\#$&^.+-]{1,127}/[\w!\#$&^.+-]{1,127}(?:#{PARAMETER})*\z}

  def content_type_of(file)
    type = file['content_type'].to_s
    type = 'application/octet-stream' if type.empty?
    expect(type.match?(MEDIA_TYPE), 'the media type is malformed', 403, 'type')
    type
  end

  # Returns the length that a part of the file must have.
  def exact_size(grant, chunk)
    bytes_left = grant['size'] - (chunk - 1) * grant['part_size']
    expect(bytes_left.positive? || (chunk == 1 && bytes_left.zero?), "the file has no part #{chunk}", 400, 'no-such-chunk')
    [grant['part_size'], bytes_left].min
  end

  # Signs the length too: without it, the URL would allow up to 5 GiB.
  def sign_part(grant, upload_id, chunk)
    sign('PUT', grant['key'], { 'partNumber' => chunk, 'uploadId' => upload_id }, length: exact_size(grant, chunk))
  end

  def sign_list(grant, upload_id, marker = 0)
    marker_parameter = marker.positive? ? { 'part-number-marker' => marker } : {}
    sign('GET', grant['key'], { 'uploadId' => upload_id, **marker_parameter })
  end
end

class Signer < Sinatra::Base
  include Parsing
  include Sealing
  include Signing

  set :bind, '127.0.0.1'
  set :port, ENV.fetch('PORT', 8080).to_i
  # refusals are answered by the error handlers below, not by Sinatra's error page
  set :show_exceptions, false
  set :raise_errors, false

  set :sessions, same_site: :lax, httponly: true
  set :session_secret, OpenSSL::HMAC.hexdigest('SHA256', SECRET, 'session')
  # remote_token drops the session of requests without a Referer; same_site and the JSON type keep other sites out
  set :protection, except: :remote_token

  # Returns the user of the session that your own sign-in started, as text; nil for an anonymous call.
  def principal
    user = (session['user'] || '').to_s
    user.empty? ? nil : user
  end

  # ---- Init ----

  # Returns a hash that identifies a user's file and its folder, to find its unfinished upload.
  def mark_of(file)
    modified = integer_field({ 'last_modified' => file['last_modified'] || 0 }, 'last_modified', -2**53)
    is_named = file['fingerprint'].nil? || file['fingerprint'] == ''
    value = is_named ? [file['filename'], file['filesize'], modified] : text_field(file, 'fingerprint', maximum: 1024)
    value = [value, text_field(file, 'relative_path', maximum: 32_768)] unless ['', nil].include?(file['relative_path'])
    OpenSSL::Digest::SHA256.hexdigest(JSON.generate(value))
  end

  def find_upload(file)
    since = Time.now.to_i - MAX_UPLOAD_AGE_SECONDS
    sql = 'select * from ruby_upload where principal = ? and mark = ? and size = ? and begun > ? order by begun desc'
    DATABASE.get_first_row(sql, [principal, mark_of(file), file['filesize'], since])
  end

  def answer_file(file)
    expect(file.is_a?(Hash), 'each entry of files must be an object')
    id = text_field(file, 'id', maximum: 1024)
    text_field(file, 'filename')
    integer_field(file, 'filesize')
    { id: id, **grant_file(file) }
  rescue Refusal => e
    raise unless id # an invalid file does not affect the others of the call

    { id: id, error: { code: e.code, message: e.message } }
  end

  def renew_grant(file)
    grant = open_grant(file)
    expect(grant['size'] == file['filesize'], 'the grant is for another size', 403, 'size-mismatch')
    expect(Time.now.to_i - grant['begun'] < MAX_UPLOAD_AGE_SECONDS, 'the upload is too old; restart it', 403, 'grant-expired')
    [grant, file['upload_id'] && upload_id_of(file)]
  end

  def create_grant(file)
    tracked = file['force'] || principal.nil? ? nil : find_upload(file)
    grant = {
      'key' => "uploads/#{SecureRandom.hex(16)}/#{clean_name(file['filename'])}",
      'size' => file['filesize'],
      'part_size' => [PART_SIZE, (file['filesize'] / 9000.0 / MIB).ceil * MIB].max,
      'begun' => Time.now.to_i,
      **(tracked || {}).slice('key', 'part_size', 'begun'),
      'principal' => principal,
      'mark' => mark_of(file)
    }
    expect_not_submitted(grant['key'])
    [grant, tracked && tracked['upload_id']]
  end

  def grant_file(file)
    size = file['filesize']
    expect(size <= MAX_SIZE, "the file has #{size} bytes; the maximum is #{MAX_SIZE}", 403, 'too-big')
    headers = { 'content-type' => content_type_of(file), **PRIVATE }
    grant, upload_id = file['grant'] && !file['force'] ? renew_grant(file) : create_grant(file)
    grant['issued'] = Time.now.to_i
    key, part_size = grant.values_at('key', 'part_size')
    answer = { key: key, part_size: part_size, grant: seal('grant', grant), tracked: true }
    return { **answer, put: sign('PUT', key, headers: { **headers, **ONLY_IF_NEW }, length: size) } if size <= part_size
    return { **answer, upload_id: upload_id } if upload_id

    { **answer, init: sign('POST', key, { 'uploads' => '' }, headers: headers) }
  end

  # ---- The actions ----

  def get_init_signature(body)
    files = body['files']
    expect(files.is_a?(Array) && !files.empty?, 'files must be a list')
    expect(files.length <= MAX_FILES, "at most #{MAX_FILES} files in a call", 413, 'too-many')
    actions = %w[get_all_signatures get_delete_signature get_head_signature chunk_loaded]
    answers = files.map { |file| answer_file(file) }
    # pages use the principal to separate the files of different users; nil for an anonymous call
    { principal: principal, actions: actions, limits: { files: MAX_FILES }, files: answers }
  end

  def get_chunk_signature(body)
    grant, chunk = open_valid_grant(body), integer_field(body, 'chunk', 1, 10_000)
    expect(integer_field(body, 'size') == exact_size(grant, chunk), 'the part has another length', 400, 'size-mismatch')
    sign_part(grant, upload_id_of(body), chunk)
  end

  def get_list_signature(body)
    marker = body['part_number_marker'].nil? ? 0 : integer_field(body, 'part_number_marker', 0, 10_000)
    sign_list(open_valid_grant(body), upload_id_of(body), marker)
  end

  def get_end_signature(body)
    grant = open_valid_grant(body)
    expect(integer_field(body, 'size') == grant['size'], 'the grant is for another size', 400, 'size-mismatch')
    sign('POST', grant['key'], { 'uploadId' => upload_id_of(body) }, headers: ONLY_IF_NEW)
  end

  def get_delete_signature(body)
    sign('DELETE', open_valid_grant(body)['key'], { 'uploadId' => upload_id_of(body) })
  end

  def get_head_signature(body)
    sign('HEAD', open_valid_grant(body)['key'])
  end

  def get_all_signatures(body)
    grant, upload_id, chunks = open_valid_grant(body), upload_id_of(body), body['chunks']
    expect(chunks.is_a?(Array), 'chunks must be a list')
    expect(chunks.length <= MAX_CHUNKS, "at most #{MAX_CHUNKS} chunks in a call", 413, 'too-many')
    has_same_part_size = integer_field(body, 'part_size') == grant['part_size']
    expect(has_same_part_size, 'the grant is for parts of another size', 400, 'part-size-mismatch')
    parts = chunks.each_index.to_h do |index|
      number = integer_field(chunks, index, 1, 10_000)
      [number, sign_part(grant, upload_id, number)]
    end
    upload_signatures = { list: sign_list(grant, upload_id), end: get_end_signature(body), delete: get_delete_signature(body) }
    { **upload_signatures, head: get_head_signature(body), chunks: parts }
  end

  def chunk_loaded(body)
    grant, upload_id = open_valid_grant(body), upload_id_of(body, minimum: 0)
    answer = body['state'] == 'complete' ? { receipt: receipt_of(grant) } : nil
    case body['state']
    when 'complete', 'aborted'
      DATABASE.execute('delete from ruby_upload where principal = ? and upload_id = ?', [principal, upload_id])
    when 'started'
      # a file of a single request has no upload to resume, even if the call names one
      return answer if principal.nil? || upload_id.empty? || grant['size'] <= grant['part_size']

      row = [principal, upload_id, *grant.values_at('mark', 'key', 'size', 'part_size', 'begun')]
      DATABASE.execute('insert into ruby_upload values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing', row)
    end
    answer
  end

  # ---- Receipts of stored objects ----

  def stored_object(key)
    uri = URI(sign('HEAD', key)[:url])
    stored = Net::HTTP.start(uri.host, uri.port, use_ssl: uri.scheme == 'https') { |http| http.head(uri.request_uri) }
    expect(stored.code == '200', 'no object is stored under this key', 409, 'not-stored')
    { size: stored['content-length'].to_i, etag: stored['etag'].delete('"') }
  end

  def receipt_of(grant)
    stored = stored_object(grant['key'])
    expect(stored[:size] == grant['size'], 'the object has another size', 409, 'size-mismatch')
    seal('receipt', { key: grant['key'], **stored, principal: principal, time: Time.now.to_i })
  end

  # Receives a form. The receipt, not the page, determines the object and its uploader.
  post '/films' do
    receipt = unseal('receipt', params['film'].to_s.scrub)
    expect(receipt, 'the receipt was not issued by this signer', 403, 'receipt-invalid')
    expect(receipt['principal'] == principal, 'the receipt belongs to another user', 403, 'principal-mismatch')
    expect(Time.now.to_i - receipt['time'] < RECEIPT_LIFETIME_SECONDS, 'the receipt is too old', 403, 'receipt-expired')
    key = receipt['key']
    expect(stored_object(key)[:etag] == receipt['etag'], 'the object has changed', 409, 'object-changed')
    mark_as_submitted(key)
    content_type :json
    JSON.generate(receipt.slice('key', 'size')) # your application stores them here
  end

  # Marks an object as submitted, so that no grant signs for it.
  def mark_as_submitted(key)
    DATABASE.execute('insert into ruby_taken values (?)', [key])
    DATABASE.execute('delete from ruby_upload where key = ?', [key])
  rescue SQLite3::ConstraintException
    raise Refusal.new(409, 'receipt-taken', 'the file was submitted before')
  end

  # ---- HTTP ----

  ACTIONS = %w[get_init_signature get_chunk_signature get_list_signature get_end_signature get_delete_signature
               get_head_signature get_all_signatures chunk_loaded].freeze

  post '/sign/:action' do |action|
    expect(ACTIONS.include?(action), 'no such action', 404, 'unknown-action')
    # forms of other sites can send other types without a preflight
    expect(request.media_type == 'application/json', 'the body must be application/json', 415, 'unsupported-media-type')
    expect(principal || ALLOW_ANONYMOUS, 'sign in to upload', 401, 'unauthorized')
    json = request.body.read(MIB + 1).to_s
    expect(json.bytesize <= MIB, 'the body is too long', 413, 'body-too-large')
    body = parse_json(json)
    expect(body.is_a?(Hash), 'the body must be a JSON object', 400, 'invalid-json')
    answer = send(action, body)
    next 204 if answer.nil?

    content_type :json
    JSON.generate({ time: (Time.now.to_f * 1000).to_i, **answer })
  end

  error Refusal do |refusal|
    content_type :json
    status refusal.status
    JSON.generate({ error: { code: refusal.code, message: refusal.message } })
  end

  error do
    content_type :json
    status 500
    JSON.generate({ error: { code: 'internal', message: 'The signer failed; try again later.' } })
  end

  run! if app_file == $PROGRAM_NAME
end
