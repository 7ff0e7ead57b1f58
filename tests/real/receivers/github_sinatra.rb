# Sinatra, as docs.github.com shows it under "Validating webhook deliveries", Ruby example.
require "sinatra"
require "json"
require "openssl"

set :bind, "127.0.0.1"
set :port, ENV["PORT"]

post "/hook" do
  request.body.rewind
  payload_body = request.body.read
  verify_signature(payload_body)
  push = JSON.parse(payload_body)
  File.write(ENV["EFFECTS"], "#{request.env['HTTP_X_GITHUB_DELIVERY']}\n", mode: "a")
  "I got some JSON: #{push.inspect}"
end

def verify_signature(payload_body)
  signature = "sha256=" + OpenSSL::HMAC.hexdigest(OpenSSL::Digest.new("sha256"), ENV["SECRET"], payload_body)
  return halt 500, "Signatures didn't match!" unless Rack::Utils.secure_compare(signature, request.env["HTTP_X_HUB_SIGNATURE_256"])
end
