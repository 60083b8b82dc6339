#!/bin/bash
# includes.sh: who may include what: the layers of the program, held against its #include lines.
#
# Each row: files, then the project headers they may include beside their own (a regular expression), then
# the foreign headers they must not. The leaves (text why duration wide clock trace utc) may be used anywhere
# above them.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
leaves='text|why|duration|wide|clock|trace|utc'
network='sys/socket|netinet/.*|arpa/.*|netdb|sys/un|poll'
bad=0

complain() {
  echo "includes: $1 may not include $2"
  bad=1
}

# check ALLOWED FORBIDDEN FILE...
check() {
  local allowed=$1 forbidden=$2 file own name header
  shift 2
  for file in "$@"; do
    [ -e "$file" ] || continue
    name=${file##*/}
    own=${name%.c}
    while read -r header; do
      [[ $header =~ ^($own|$allowed)$ ]] || complain "$file" "ntp_monitor/$header.h"
    done < <(sed -nE 's|^#include "ntp_monitor/(.*)\.h"|\1|p' "$file")
    while read -r header; do
      [[ -n $forbidden && $header =~ ^($forbidden)$ ]] && complain "$file" "<$header.h>"
    done < <(sed -nE 's|^#include <(.*)\.h>|\1|p' "$file")
  done
}

s=src
check 'text|why' "$network|syslog|ini|systemd/.*" $s/{text,why,duration,wide,clock,utc}.c
check "metric|$leaves" "$network|syslog|ini|systemd/.*" $s/{sample,metric}.c
check 'text|clock' 'sys/socket|netinet/.*|netdb|syslog|ini|systemd/.*' $s/trace.c
check "sample|metric|report|config|judge|failures|$leaves" "sys/socket|netdb|poll|syslog|ini|systemd/.*|fcntl|sys/stat" \
  $s/{judge,message,failures,note,frame,timesync,address,series}.c
check "sample|metric|timesync|timesync_stamp|$leaves" "sys/.*|netdb|poll|unistd|fcntl|syslog|ini|systemd/.*" \
  $s/timesync_{text,stamp,explain}.c
pure="$network|sys/.*|unistd|fcntl|syslog|ini|systemd/.*|time"
check "sample|metric|ntp_time|ntp_packet|$leaves" "$pure" \
  $s/ntp/{candm,mode6,ptp_data,ptp_management,md5,ntp_packet,ntp_select,ntp_time}.c
check "sample|metric|candm|mode6|ptp_data|ptp_sample|ptp_management|ntp_packet|ntp_poll|ntp_select|ntp_figures|$leaves" \
  'sys/.*|netdb|poll|unistd|fcntl|syslog|ini|systemd/.*|time' \
  $s/ntp/{chrony_sample,mode6_text,mode6_sample,mode6_words,ptp_sample,ptp_words,ntp_figures,ntp_reading}.c
check "sample|metric|aside|chrony_talk|candm|mode6|env|net|md5|ntp_flight|ntp_heard|ntp_lane|ntp_own|ntp_packet|ntp_poll|ntp_timers|ntp_unique|owner|$leaves" \
  'syslog|ini|systemd/.*' \
  $s/ntp/{chrony_talk,chrony_socket,mode6_talk,ntp_flight,ntp_heard,ntp_lane,ntp_own,ntp_poll,ntp_timers,ntp_unique}.c
check 'udp_table' 'sys/.*|netdb|poll|unistd|fcntl|syslog|ini|systemd/.*|time' $s/ntp/udp_table.c
check "trusted|udp_table|$leaves" 'netdb|poll|syslog|ini|systemd/.*' $s/ntp/owner.c
check "config|address|env|trusted|$leaves" "$network|systemd/.*|fcntl|unistd" $s/config.c
check "trusted|aside|net|$leaves" "$network|ini|systemd/.*" $s/trusted{,_read,_outside}.c
check "net|$leaves" "sys/socket|netinet/.*|arpa/.*|netdb|sys/un|ini|systemd/.*" $s/aside.c
check "config|config_influx|address|target|$leaves" "systemd/.*|sys/socket|ini" $s/config_{keys,values,check,influx}.c
check "config|config_influx|$leaves" "$network|sys/.*|unistd|fcntl|syslog|ini|systemd/.*|time" $s/influx.c
check "$leaves" "$network|sys/.*|unistd|fcntl|syslog|ini|systemd/.*" $s/inetd.c $s/notes.c
check "env|trusted|$leaves" "$network|ini|systemd/.*|fcntl|unistd" $s/secret.c
check "inetd|net|$leaves" "netinet/.*|netdb|syslog|ini|systemd/.*" $s/inetd_talk.c
check "inetd|env|format|report|$leaves" "$network|ini|systemd/.*" $s/inetd_serve.c
check "plugin_http" "$network|sys/.*|unistd|syslog|ini|systemd/.*" $s/plugin/*.c
check "output|aside|target|plugin_http|blank|influx|config_influx|secret|config|address|env|net|$leaves" "sys/socket|netdb|poll|ini|systemd/.*" \
  $s/output/*.c
codecs='candm|chrony_sample|chrony_talk|mode6|mode6_talk|ptp_management|ptp_sample|ntp_own|ntp_packet|ntp_select|ntp_poll|ntp_reading|ntp_unique|owner'
check "sample|metric|aside|timesync|timesync_text|source|config|address|env|net|trusted|bus|bus_timesync|$codecs|$leaves" \
  'syslog|ini' $s/source/*.c
check "sample|timesync|config|env|$leaves" "syslog|ini|$network" $s/bus.c $s/bus_timesync.c
check "log|aside|env|net|frame|address|config|$leaves" 'ini|systemd/.*' $s/log/*.c
check "env|frame|address|config|$leaves" "ini|systemd/.*|$network" $s/log.c
check "format|report|config|judge|metric|series|$leaves" "$network|ini|systemd/.*|fcntl" $s/format/*.c
check ".*" "$network|ini|systemd/.*" $s/main.c

# One user each.
for pair in ini:src/config/config_file.c 'systemd/sd-bus:src/source/timesyncd/bus.c|src/source/timesyncd/timesync_bus.c' \
  curl/curl:src/output/plugin/http.c dlfcn:src/output/http.c; do
  while read -r file; do
    [[ $file =~ ^(${pair#*:})$ ]] || complain "$file" "<${pair%%:*}.h>"
  done < <(grep -l "#include <${pair%%:*}.h>" src/*.c src/*/*.c)
done

# No #if in a source file: variants are whole files.
if grep -nE '^ *# *if' src/*.c src/*/*.c; then
  echo "includes: a source file has an #if"
  bad=1
fi

# gcc has no __int128 on 32-bit machines: there is wide.h.
if grep -n __int128 include/ntp_monitor/*.h src/*.c src/*/*.c; then
  echo "includes: a source file uses __int128"
  bad=1
fi

# A header compiles alone, and a file or a function does not grow past its bound.
for header in include/ntp_monitor/*.h; do
  case $header in */bus*.h) pkg-config --exists libsystemd || continue ;; esac
  # shellcheck disable=SC2046 # words
  ${CC-cc} -std=gnu17 -D_GNU_SOURCE -Iinclude $(pkg-config --cflags libsystemd 2>/dev/null) -fsyntax-only \
    -x c "$header" || bad=1
done
awk 'FNR == 1 { if (lines > 300) print last ": " lines " lines" } { last = FILENAME; lines = FNR }
  END { if (lines > 300) print last ": " lines " lines" }' src/*.c src/*/*.c | grep . && bad=1
awk '/^[a-z].*\) \{$/ { begun = FNR; name = $0 }
  /^\}/ && begun { if (FNR - begun > 60) print FILENAME ":" begun ": " FNR - begun " lines: " name; begun = 0 }' \
  src/*.c src/*/*.c | grep . && bad=1
[ "$bad" = 0 ] && echo "includes: the layers hold"
exit "$bad"
