#!/bin/sh
# The same by curl, for scripts: backs one database up and waits for the end. Prints the run as JSON.
#
#   HOLDFAST_URL=https://holdfast.example HOLDFAST_TOKEN_FILE=token ./holdfast.sh grc2
set -eu
database=$1
# The token stands in a file that curl reads: a command line is seen by everybody on the machine.
header=$(mktemp)
trap 'rm -f "$header"' EXIT
printf 'Authorization: Bearer %s\n' "$(cat "$HOLDFAST_TOKEN_FILE")" >"$header"

ask() { # method, path, body
  curl --silent --show-error --fail-with-body --retry 4 --header "@$header" --request "$1" \
    ${3:+--header 'Content-Type: application/json' --data "$3"} \
    --header "Idempotency-Key: $key" "$HOLDFAST_URL$2"
}
field() { # of the JSON that comes in, by Python, which every server has
  python3 -c 'import json, sys
value = json.load(sys.stdin)
for name in sys.argv[1].split("."): value = value[int(name) if name.isdigit() else name]
print(value)' "$1"
}

key=$(cat /proc/sys/kernel/random/uuid)
source=$(ask GET /api/v1/sources | python3 -c 'import json, sys
print(next(row["id"] for row in json.load(sys.stdin)["rows"] if row["database"] == sys.argv[1]))' "$database")
run=$(ask POST /api/v1/backups "{\"source_id\": \"$source\", \"label\": \"from a script\"}" | field runs.0.run_id)
while :; do
  answer=$(ask GET "/api/v1/runs/$run")
  case $(printf '%s' "$answer" | field run.state) in
    completed) printf '%s\n' "$answer"; exit 0 ;;
    failed | cancelled) printf '%s\n' "$answer" >&2; exit 1 ;;
  esac
  sleep 1
done
