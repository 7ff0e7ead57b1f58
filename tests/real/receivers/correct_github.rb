# github_sinatra.rb corrected by docs.github.com, "Best practices for using webhooks": forms, each delivery once, an answer
# of 4xx to what is not genuine.
require "sinatra"
require "json"
require "openssl"
require "sqlite3"
require "uri"

secret = ENV.fetch("SECRET")
abort "SECRET is empty" if secret.empty?
# Sinatra reads a form before any route runs, so what is too long is refused in front of it.
class Bounded
  def initialize(app) = @app = app
  def call(env) = env["CONTENT_LENGTH"].to_i > 1_000_000 ? [413, {}, []] : @app.call(env)
end

use Bounded
set :bind, "127.0.0.1"
set :port, ENV["PORT"]
set :environment, :production
set :show_exceptions, false

lock = Mutex.new
store = SQLite3::Database.new(ENV["STORE"])
store.busy_timeout = 10_000
store.execute("CREATE TABLE IF NOT EXISTS deliveries (id TEXT PRIMARY KEY, ref TEXT NOT NULL)")

get("/healthz") { "" }

post "/hook" do
  request.body.rewind
  payload_body = request.body.read
  signature = "sha256=" + OpenSSL::HMAC.hexdigest("SHA256", secret, payload_body)
  halt 401 unless Rack::Utils.secure_compare(signature, request.env["HTTP_X_HUB_SIGNATURE_256"].to_s)
  id = request.env["HTTP_X_GITHUB_DELIVERY"].to_s.dup.force_encoding("UTF-8")
  halt 400 if id.empty? || !id.valid_encoding?
  begin
    push = JSON.parse(URI.decode_www_form(payload_body).assoc("payload").to_a.last.to_s)
  rescue ArgumentError, EncodingError, JSON::ParserError, JSON::NestingError
    halt 400
  end
  halt 400 unless push.is_a?(Hash)
  if request.env["HTTP_X_GITHUB_EVENT"] == "push" && push["ref"].is_a?(String)
    lock.synchronize { store.execute("INSERT OR IGNORE INTO deliveries VALUES (?, ?)", [id, push["ref"]]) }
  end
  200
end

get "/events/:id" do
  found = lock.synchronize { store.get_first_value("SELECT COUNT(*) FROM deliveries WHERE id = ?", [params["id"]]) }
  found.zero? ? 404 : JSON.generate(effects: found)
end
