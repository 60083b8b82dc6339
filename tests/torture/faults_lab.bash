# faults_lab.bash: the healthy machine that the rows of the fault matrix break, and what it stored.
#
# One bus with a real timesyncd that has nine replies, one rsyslogd at /dev/log and at UDP port 514; and a second bus
# for a false timesyncd. timesyncd's servers are in another network, so UDP ports 123 and 323 are closed here. A row
# may break anything: whatever is missing, frozen or changed afterwards is restored before the next.
# shellcheck shell=bash disable=SC2154 # the row's own: reason

# The daemons of the healthy machine, and the slow-starting ones of faults_sources.bash.
readonly OWN='bus second ntp timesyncd rsyslogd network gm slave pool ahead lost idle step split never none names mute six'
readonly STARTED=$LAB_DIR/tmp/started            # exists once the bus has started a service
readonly KEPT_LOG=$LAB_DIR/devlog                # rsyslogd's socket under a name that no row removes
readonly HOSTS=(hosts resolv.conf nsswitch.conf)

second_bus_start() {
  lab_bus_config "$LAB_DIR/second" "$STARTED" '' >"$LAB_DIR/second.conf"
  lab_spawn second dbus-daemon --config-file="$LAB_DIR/second.conf" --nofork --nopidfile --nosyslog &&
    lab_ready second 5 test -S "$LAB_DIR/second"
}

# The last of nine replies is 4 ms off, which gives some jitter.
timesyncd_start() {
  lab_stop timesyncd
  lab_ntp_set '*=+5ms' '127.0.9.9=+9ms,delay=9ms' && away lab_timesyncd_start && lab_replies 8 &&
    lab_replies 9 127.0.9.9
}

rsyslogd_start() {
  rm -f /dev/log "$KEPT_LOG"
  lab_rsyslogd_start && lab_ready rsyslogd 5 udp6_bound && ln "$LAB_DIR/dev/log" "$KEPT_LOG"
}

udp6_bound() {
  grep -qi '^ *[0-9]*: [0-9A-F]*:0202 ' /proc/net/udp6
}

# Saves what a new machine has; `mend` restores it from then on.
machine_start() {
  local name
  mkdir -p "$LAB_DIR/kept" "$HOME"
  for name in "${HOSTS[@]}"; do
    cp "/etc/$name" "$LAB_DIR/kept"
  done
  hide_tmp
  new_network "$AWAY" && sources_start && mend
}

# Mounts an empty /tmp, in which nobody else creates files; the tree stays in place.
hide_tmp() {
  local clean=$LAB_DIR/clean
  mkdir -p "$clean"
  case $LAB_TREE/ in
    /tmp/*)
      mkdir -p "$clean/${LAB_TREE#/tmp/}"
      mount --rbind "$LAB_TREE" "$clean/${LAB_TREE#/tmp/}"
      ;;
  esac
  mount --rbind "$clean" /tmp
  cd "$LAB_TREE" || return
}

thaw_all() {
  local file
  for file in "$LAB_DIR"/pids/*; do
    lab_thaw "${file##*/}" 2>/dev/null
  done
}

kill_strangers() {
  local file
  for file in "$LAB_DIR"/pids/*; do
    [[ " $OWN " == *" ${file##*/} "* ]] || lab_kill "${file##*/}"
  done
}

# undo COMMAND: registers the command that reverts a row's change.
undo() {
  echo "$1" >>"$LAB_DIR/undo"
}

mend() {
  thaw_all
  kill_strangers
  # shellcheck source=/dev/null
  [ ! -e "$LAB_DIR/undo" ] || . "$LAB_DIR/undo" || return
  rm -rf "$LAB_DIR/undo" "$STARTED" /etc/ntp_monitor.conf "${HOME:?}"/{*,.[!.]*} /run/systemd/{machines,journal} \
    /run/chrony /run/ptp4l{,ro} \
    /run/log/journal "$LAB_DIR/busybox.log"
  (cd "$LAB_DIR/kept" && cp -- "${HOSTS[@]}" /etc)
  mend_daemons && mend_log
}

# changed: marks timesyncd as changed, so that it is restarted.
changed() {
  : >"$LAB_DIR/changed"
}

mend_daemons() {
  lab_alive second || second_bus_start || return
  lab_alive ntp || away lab_ntp_start '*=+5ms' || return
  lab_alive rsyslogd || rsyslogd_start || return
  if ! lab_alive bus; then
    lab_stop timesyncd
    lab_bus_start -a "$STARTED" || return
  fi
  chmod 666 /run/dbus/system_bus_socket
  if [ -e "$LAB_DIR/changed" ] || ! lab_alive timesyncd; then
    DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/dbus/system_bus_socket timesyncd_start || return
    rm -f "$LAB_DIR/changed"
  fi
}

mend_log() {
  chmod 666 "$KEPT_LOG"
  if ! [ /dev/log -ef "$KEPT_LOG" ]; then
    rm -rf /dev/log
    ln "$KEPT_LOG" "$LAB_DIR/dev/log"
  fi
  : >"$LAB_DIR/rsyslog.raw"
  : >"$LAB_DIR/rsyslog.fields"
}

# --- what was stored -------------------------------------------------------------------------

lines_of() { # FILE TEXT COUNT: FILE has this many lines with TEXT
  [ "$(grep -ac -- "$2" "$1")" = "$3" ]
}

# Lines are stored in order, so everything sent before a mark is stored before it.
rsyslogd_settle() {
  local mark=mark-$RANDOM$RANDOM address count=1
  lab_alive rsyslogd || return 0
  logger --socket "$KEPT_LOG" --tag mark "$mark" || return
  for address in 127.0.0.1 ::1; do
    if printf '<13>mark: %s' "$mark" 2>/dev/null >"/dev/udp/$address/514"; then
      count=$((count + 1))
    fi
  done
  lab_until 5 lines_of "$LAB_DIR/rsyslog.fields" "$mark" "$count"
}

# Prints everything reported, as PLACE|WHAT: devlog, udp, journal, stderr or, without a report, stdout; lines that rsyslogd got
# under another name than the program's are "strange". strace's own output is omitted.
stored() {
  rsyslogd_settle
  sed -E -e '/\|(rsyslogd|mark|filler)\|/d; /^[^|]*\|([^|]*\|){4}ntp_monitor\|/!s/^/strange|/' \
    -e 's/^imuxsock\|/devlog|/; s/^imudp\|/udp|/' "$LAB_DIR/rsyslog.fields"
  if lab_alive busybox; then
    logger --socket /dev/log --tag mark end
    lab_until 5 grep -q 'mark: end$' "$LAB_DIR/busybox.log"
    sed -E '/ (mark|syslogd started|rsyslogd):?/d; s/^/devlog|/' "$LAB_DIR/busybox.log"
  fi
  if lab_alive journald; then
    stored_by_journald
  fi
  [ ! -e "$T/peer" ] || tr '\0' '\n' <"$T/peer" | sed '/^connection$/d; /^$/d; s/^/devlog|/'
  sed '/^strace: /d; s/^/stderr|/' "$T/err"
  [ "$reason" != - ] || sed 's/^/stdout|/' "$T/out"
}

journald_has() {
  lab_journal MESSAGE="$1" 2>/dev/null | grep -q .
}

stored_by_journald() {
  logger --socket /run/systemd/journal/dev-log --tag mark end
  lab_until 5 journald_has end
  lab_journal | jq -r 'select(.SYSLOG_IDENTIFIER == "ntp_monitor") |
    (if ._TRANSPORT == "journal" then "journal" else "devlog" end) + "|" + .MESSAGE'
}

journal_lacks() {
  [ -z "$(lab_journal SYSLOG_IDENTIFIER=ntp_monitor "$1")" ]
}
