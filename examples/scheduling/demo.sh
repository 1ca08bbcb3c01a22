#!/bin/sh
# A schedule, a backfill of the days before it, and a mail about the day that failed.
# By hand: PATH=.venv/bin:$PATH examples/scheduling/demo.sh
set -eu
cd "$(dirname "$0")"

ALULA_DATA=${ALULA_DATA:-$(mktemp -d)}
export ALULA_DATA
unset ALULA_ENDPOINT

mail=$ALULA_DATA/mail.txt
mkdir -p "$ALULA_DATA"
python3 mail_sink.py 0 >"$mail" &
sink=$!
stop() { alula down >/dev/null 2>&1 || true; kill $sink; }
trap stop EXIT
trap 'exit 130' INT TERM
until [ -s "$mail" ]; do sleep 0.1; done

cat >"$ALULA_DATA/settings.toml" <<END
[notifications]
smtp_host = "127.0.0.1"
smtp_port = $(head -n 1 "$mail")
smtp_tls = "none"
channels = [{ name = "reports", kind = "email", to = ["reports@example.org"] }]
rules = [{ name = "no report", channels = ["reports"], launch_plans = ["daily_report"], on = ["FAILED"] }]
END

alula up --detach --grpc-port 0 --http-port 0
alula register daily.py
alula list schedules

# The first week of 2026. The fourth was a Sunday, which has no figures.
alula backfill daily_report --from 2026-01-01 --to 2026-01-08 --dry-run
alula backfill daily_report --from 2026-01-01 --to 2026-01-08 --at-once 3 --on-failure continue --name week-1 --wait ||
    echo "not all days have a report"
alula get backfill week-1

# Asking again runs what is missing, and nothing else.
alula backfill daily_report --from 2026-01-01 --to 2026-01-10 --at-once 3 --name days-9 --wait
alula list backfills

until grep -q "read_figures" "$mail"; do sleep 0.1; done
cat "$mail"
