#!/usr/bin/env bash
# The core workflow with curl and jq: a project, a run of it, and its state until it has ended. Exits with 0 if all of
# that went well.
set -euo pipefail
shopt -s inherit_errexit

readonly ATTEMPTS=4 WITHIN_S=3 LONGEST_WAIT_MS=5000 FIRST_PAUSE_MS=200 POLLS=100
readonly DATE='^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$'

now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

fail() {
  jq -cn --arg reason "$1" '{level: "error", message: "workflow failed", $reason}' >&2
  exit 1
}

# pause_ms ATTEMPT RETRY_AFTER prints how long to wait: at random below a bound that doubles, and as long as asked.
# A Retry-After that is neither seconds nor a date is ignored.
pause_ms() {
  local own_ms=$((RANDOM * (FIRST_PAUSE_MS << $1) / 32768)) asked_ms=0
  if [[ $2 =~ ^[0-9]{1,9}$ ]]; then
    asked_ms=$((10#$2 * 1000))
  elif [[ $2 =~ $DATE ]]; then
    asked_ms=$(($(date --date="$2" +%s) * 1000 - $(now_ms)))
  fi
  echo $((asked_ms > own_ms ? asked_ms : own_ms))
}

# once METHOD PATH BODY KEY prints a whole answer, and below it its status and Retry-After. The credential goes to curl
# on its standard input: everyone can read the arguments of a process. Curl follows no redirect unless it is asked to.
once() {
  local words=(--disable --silent --max-time "$WITHIN_S" --request "$1" --write-out '\n%{http_code} %header{retry-after}')
  words+=(--header 'Accept: application/json')
  if [ -n "$3" ]; then words+=(--header 'Content-Type: application/json' --data-raw "$3"); fi
  if [ -n "$4" ]; then words+=(--header "Idempotency-Key: $4"); fi
  curl "${words[@]}" --header @- "$PRODUCT_BASE_URL$2" <<<"Authorization: Bearer $PRODUCT_API_KEY"
}

# call METHOD PATH [BODY] prints the object that is the answer. All of its calls may be repeated: it reads, or it sends
# the same key with every attempt.
call() {
  local key='' answer last status after attempt waits_ms what
  if [ "$1" != GET ]; then key=$(</proc/sys/kernel/random/uuid); fi
  for ((attempt = 1; ; attempt++)); do
    after=''
    if answer=$(once "$1" "$2" "${3-}" "$key"); then
      last=${answer##*$'\n'}
      status=${last%% *} after=${last#* } what="HTTP $status"
      case $status in
        2??)
          if jq --slurp --exit-status 'select(length == 1)[0] | objects' <<<"${answer%$'\n'*}" 2>/dev/null; then return; fi
          ;;
        408 | 409 | 425 | 429 | 500 | 502 | 503 | 504) ;;
        *) fail "$what" ;;
      esac
    else
      what="no whole answer: curl's exit status $?"
    fi
    waits_ms=$(pause_ms "$attempt" "$after")
    if ((attempt == ATTEMPTS || waits_ms > LONGEST_WAIT_MS)); then fail "$what, after $attempt attempts"; fi
    sleep "$(printf '%d.%03d' $((waits_ms / 1000)) $((waits_ms % 1000)))"
  done
}

# member NAME prints a text of the object on its input, and fails where that has none.
member() { jq --exit-status --raw-output --arg name "$1" '.[$name] | strings | select(. != "")' || fail "no $1"; }

project=$(call POST /projects '{"name": "Nightly export", "ownerEmail": "owner@example.com"}' | member id)
run=$(call POST /runs "$(jq -cn --arg id "$project" '{projectId: $id, trigger: "manual"}')")
id=$(member id <<<"$run" | jq --raw-input --raw-output @uri)
for ((poll = 0; poll < POLLS; poll++)); do
  status=$(member status <<<"$run")
  case $status in
    succeeded) exit 0 ;;
    failed | cancelled) fail "the run is $status" ;;
  esac
  sleep 0.02
  run=$(call GET "/runs/$id")
done
fail "the run is $status"
