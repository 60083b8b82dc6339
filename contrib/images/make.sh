#!/bin/bash
# make.sh: makes the pictures of the README anew: what the program says of real daemons in the tests' lab.
#
# Needs what `make all lab` makes, and of Debian chromium, fonts-dejavu-core, pngquant, and prometheus (the lab's has
# no page): of this machine, or of a Debian in the folder $ROOT (as debootstrap makes it), so that none is installed.
#
# usage: [ROOT=FOLDER] contrib/images/make.sh [text|debug|prometheus]...     default: all three, some six minutes
# shellcheck disable=SC2046 # words are meant
set -eu

readonly COLUMNS_SHOWN=104 RIGHT_US=(310 -120 240 -80 150 -260 90 -40 180)
readonly GRAPH='http://127.0.0.1:9090/classic/graph?g0.expr=ntp_monitor_offset_seconds&g0.tab=0&g0.range_input=5m'
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
in_root=(${ROOT:+chroot "$ROOT" env PATH=/usr/bin:/bin}) # a program of $ROOT, with the lab's network and /run

# picture NAME URL WIDTH HEIGHT: with twice as many pixels, in 24 colours.
picture() {
  local file=$LAB_DIR/tmp/$1.png
  HOME=$LAB_DIR/tmp timeout 60 "${in_root[@]}" chromium --headless --no-sandbox --disable-gpu --hide-scrollbars \
    --force-device-scale-factor=2 --virtual-time-budget=15000 --window-size="$3,$4" --screenshot="$file" "$2" \
    2>"$file.log" || { cat "$file.log" >&2 && return 1; }
  "${in_root[@]}" pngquant --speed 1 --nofs 24 - <"$file" >"$here/$1.png"
}

# shown COMMAND: what a person sees who types it at a terminal.
shown() {
  printf '$ %s\n' "$1"
  script -qec "$1" /dev/null </dev/null | tr -d '\r'
}

# terminal NAME: a picture of a terminal that got stdin.
terminal() {
  local file=$LAB_DIR/tmp/$1 lines
  cat >"$file"
  lines=$(sed 's/\x1b\[[0-9]*m//g' "$file" | fold -w "$COLUMNS_SHOWN" | wc -l)
  {
    echo '<!DOCTYPE html><meta charset="utf-8"><style>body { margin: 16px; background: #1d1f21; color: #d6d8d7 }'
    echo ".c31 { color: #f2777a } .c32 { color: #8fce4f } .c33 { color: #ffc04c } pre { width: ${COLUMNS_SHOWN}ch"
    echo "; margin: 0; font: 14px/19px 'DejaVu Sans Mono'; white-space: pre-wrap; word-break: break-all }</style><pre>"
    sed 's/&/\&amp;/g; s/</\&lt;/g; s/\x1b\[0m/<\/span>/g; s/\x1b\[\([0-9]*\)m/<span class="c\1">/g' "$file"
  } >"$file.html"
  picture "$1" "file://$file.html" $((COLUMNS_SHOWN * 843 / 100 + 33)) $((lines * 19 + 32))
}

# clocks US...: how far those of ntp1, ntp2 ... are ahead from now on.
clocks() {
  local us number=0 rules=()
  for us; do
    rules+=("127.0.0.$((++number))=offset=${us}us,delay=$((number + 5))ms,stratum=2,root_delay=3ms,root_dispersion=2ms")
  done
  lab_ntp_set "${rules[@]}"
}

# timesyncd NUMBER...: one that has had nine replies, of these servers in turn.
timesyncd() {
  lab_stop timesyncd
  lab_timesyncd_start "NTP=ntp$1.example.org"
  lab_replies 9 $(printf 'ntp%d.example.org ' "${@:2}" "$1")
}

make_text() {
  printf '%s\n' '[sntp]' 'servers = ntp2.example.org ntp3.example.org ntp4.example.org' >/etc/ntp_monitor.conf
  clocks "${RIGHT_US[@]}" 250000 250003
  timesyncd {1..9}
  shown ntp_monitor >"$LAB_DIR/tmp/shown"
  timesyncd 10 11
  { echo && shown 'ntp_monitor -s auto -s sntp --limit offset=100ms'; } >>"$LAB_DIR/tmp/shown"
  terminal text <"$LAB_DIR/tmp/shown"
}

make_debug() {
  printf '%s\n' '[monitoring]' 'source = timesyncd' 'jitter_threshold = 100us' >/etc/ntp_monitor.conf
  printf '%s\n' '[logging]' 'syslog_address = loghost.example.org' >>/etc/ntp_monitor.conf
  clocks "${RIGHT_US[@]}"
  timesyncd {1..9}
  shown 'ntp_monitor -d 2>&1' | terminal debug
}

# Each scrape starts ntp_monitor for its connection. Our clock goes to and fro; the third server is wrong for a while.
make_prometheus() {
  local second
  printf '%s\n' '[sntp]' 'interval = 250ms' >/etc/ntp_monitor.conf
  printf '%s\n' 'global: {scrape_interval: 2s, scrape_timeout: 2s}' 'scrape_configs:' '  - job_name: ntp_monitor' \
    '    static_configs: [{targets: ["127.0.0.1:10123"]}]' >"$LAB_DIR/prometheus.yml"
  lab_activate_start 10123 -s sntp:ntp2.example.org,ntp3.example.org,ntp4.example.org
  lab_spawn prometheus "${in_root[@]}" prometheus --config.file="$LAB_DIR/prometheus.yml" \
    --storage.tsdb.path="$LAB_DIR/prometheus"
  for ((second = 0; second < 300; second++)); do
    clocks $(awk -v t="$second" -v seed="$RANDOM" 'BEGIN {
      srand(seed)
      for (i = 1; i <= 3; i++) {
        wrong = i == 3 && t > 110 && t < 200 ? 3000 * (1 - cos((t - 110) * 6.2832 / 90)) : 0
        printf "%d ", 1500 * sin(t * 6.2832 / 170) + (i - 2) * 300 + (rand() - 0.5) * 400 * i + wrong
      }
    }')
    sleep 1
  done
  picture prometheus "$GRAPH" 1000 840
}

if [ "${1-}" != --inside ]; then
  [ $# -gt 0 ] || set -- text debug prometheus
  exec "$top/tests/lab/enter.sh" "$BASH" "$here/make.sh" --inside "$@"
fi
# shellcheck source=tests/lab/lab.sh
. "$top/tests/lab/lab.sh"
{ printf '127.0.0.%d ntp%d.example.org\n' {1..11}{,} && echo '127.0.0.1 loghost.example.org'; } >>/etc/hosts
export PROG=$top/build/ntp_monitor HOME=/home/me
lab_program_install "$PROG"
if [ -n "${ROOT-}" ]; then
  for name in proc dev run; do mount --rbind "/$name" "$ROOT/$name"; done
  mount -t tmpfs tmpfs "$ROOT/tmp"
fi
"${in_root[@]}" which chromium pngquant prometheus >/dev/null ||
  { lab_say 'it needs more: see its first lines' && exit 1; }
lab_bus_start && lab_ntp_start && lab_rsyslogd_start -p none
for name in "${@:2}"; do "make_$name"; done
lab_stop_all
