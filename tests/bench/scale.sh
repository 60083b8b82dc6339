#!/bin/bash
# scale.sh: what asking NTP servers directly costs, beside other programs that do so, and how it grows with the number
# of servers.
#
# Part of bench.sh; run inside the lab. Each program asks in its own way, which is part of the comparison: ntpdig once,
# as ntp_monitor is configured to here; check_ntp_time four times in a row; chronyd -Q at least four times, 1 s apart or
# more.
#
# usage: scale.sh PROGRAM BENCH_FOLDER [ROUNDS]
set -eu
program=$1 folder=$2 rounds=${3-20}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tests/lab/lab.sh
conf=$LAB_DIR/scale.conf
mkdir -p /run/chrony && chmod 700 /run/chrony

lab_ntp_start '*=offset=3ms'
lab_sntp_many 1000 '*=offset=3ms'

# chronyd -Q with these servers, as a command without arguments.
oracle() {
  local name=$LAB_DIR/bin/chronyd_$# server
  {
    printf '#!/bin/sh\nexec chronyd -u root -U -Q -t 20 "pidfile /run/chrony/%s.pid"' $#
    for server; do printf ' "server %s iburst"' "$server"; done
  } >"$name"
  chmod +x "$name"
  echo "$name"
}

ten=(127.0.0.{1..10})
asking="$program -C $conf -l none -s sntp"
printf '%s\n' '[sntp]' 'samples = 1' >"$conf"
echo "NTP servers asked directly: medians of $rounds rounds in turn; /1st: over ntp_monitor"
"$folder/side_by_side" "$rounds" \
  "1 server, ntp_monitor" "$asking:127.0.0.1" \
  "1 server, ntpdig" "$LAB_DIR/bin/ntpdig 127.0.0.1" \
  "10 servers, ntp_monitor" "$asking:$(IFS=,; echo "${ten[*]}")" \
  "10 servers, ntpdig" "$LAB_DIR/bin/ntpdig ${ten[*]}"
echo
printf '%s\n' '[sntp]' 'samples = 4' >"$conf"
"$folder/side_by_side" 1 \
  "4 samples, 1 server, ntp_monitor" "$asking:127.0.0.1" \
  "chronyd -Q" "$(oracle 127.0.0.1)" \
  "check_ntp_time (4 at once)" "$LAB_ROOT/usr/lib/nagios/plugins/check_ntp_time -H 127.0.0.1" \
  "10 servers, ntp_monitor" "$asking:$(IFS=,; echo "${ten[*]}")" \
  "10 servers, chronyd -Q" "$(oracle "${ten[@]}")"

echo
echo "four samples, 250 ms apart: what more servers add"
printf '%s\n' '[sntp]' 'samples = 4' 'interval = 250ms' >"$conf"
"$folder/side_by_side" 5 \
  "1 server" "$asking:${LAB_SNTP_MANY%%,*}" \
  "10 servers" "$asking:$(cut -d , -f 1-10 <<<"$LAB_SNTP_MANY")" \
  "100 servers" "$asking:$(cut -d , -f 1-100 <<<"$LAB_SNTP_MANY")" \
  "1000 servers" "$asking:$LAB_SNTP_MANY" |
  awk '{ print }
    match($0, / +[0-9.]+ms/) { wall = substr($0, RSTART, RLENGTH) + 0; match($0, / [0-9]+KiB/); rss = substr($0, RSTART, RLENGTH) + 0
      if (!first) { first = wall; least = rss } else last = wall - first; most = rss }
    END { printf "1000 servers take %.1f ms longer than one, and %.2f KiB each\n", last, (most - least) / 999 }'
lab_stop_all
