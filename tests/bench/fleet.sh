#!/bin/bash
# fleet.sh: what one check costs in each way of watching many machines: time, and bytes that leave the machine.
#
# Part of bench.sh; run inside the lab. The other ends (rsyslogd, InfluxDB, NRPE, sshd) are the real ones on this
# machine; their cost counts only where our command waits for them. Files go to a tmpfs: on a real disk an fsync(2) adds
# 1 to 100 ms.
#
# usage: fleet.sh PROGRAM BENCH_FOLDER [ROUNDS]
set -eu
program=$1 folder=$2 rounds=${3-100}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tests/lab/lab.sh
T=$LAB_DIR/fleet
export PROG=$program TOP=$PWD BUILD=build

mkdir -p "$T"
lab_bus_start
lab_ntp_start '*=offset=3ms'
lab_timesyncd_start
lab_replies 9
lab_rsyslogd_start
lab_influxd_start
lab_plugins
printf '%s\n' '[influx]' 'database = lab' >"$T/influx.conf"
lab_program_install "$program"
sed "s|/usr/local/bin/ntp_monitor|$program|" contrib/nagios/nrpe.cfg >"$T/nrpe.cfg"
lab_nrpe_start "$T/nrpe.cfg"
lab_far_start

# The row of --inetd includes a shell, which feeds it the request from a file.
printf 'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n' >"$T/request"
printf '#!/bin/sh\nexec %q --inetd -s timesyncd <%q\n' "$program" "$T/request" >"$T/scrape"
chmod +x "$T/scrape"

echo "ways to watch many machines: medians of $rounds rounds in turn; /1st: over the check and its log line alone"
check="$program -s timesyncd"
"$folder/side_by_side" "$rounds" \
  "cron, syslog" "$check" \
  "cron, syslog over UDP" "$check -l 127.0.0.1:514" \
  "and a file for Prometheus" "$check -o prometheus=$T/ntp_monitor.prom" \
  "--inetd, and sh" "$T/scrape" \
  "Telegraf: -o influx" "$check -o influx -l none" \
  "influx to UDP" "$check -o influx=udp://127.0.0.1:8089" \
  "influx to HTTP" "$check -C $T/influx.conf -o influx=http://127.0.0.1" \
  "NRPE: check_nrpe" "$(command -v check_nrpe) -H 127.0.0.1 -c check_ntp_monitor" \
  "-H: over ssh" "$check -H far"

echo
echo "bytes that each makes:"
count() {
  printf '  %-28s %s\n' "$1" "$(wc -c)"
}
$check -l 127.0.0.1:514
lab_until 5 grep -q '^<[0-9]*>1 ' "$LAB_DIR/rsyslog.raw"
grep '^<[0-9]*>1 ' "$LAB_DIR/rsyslog.raw" | tail -n 1 | tr -d '\n' | count "the line over UDP (RFC 5424)"
for format in prometheus influx nagios json; do
  $check -l none -o $format | count "-o $format"
done
printf '  %-28s %s\n' "series in Prometheus" "$($check -l none -o prometheus | grep -vc '^#')"
lab_stop_all
