#!/bin/bash
# lab_syslog.sh: part of lab.sh: real receivers of log lines, and what they stored.
#
#   lab_rsyslogd_start [-s SOCKET] [-p PORT]
#       rsyslogd on a datagram socket (default /dev/log) and on UDP of 127.0.0.1 and ::1 (default
#       514); "-s none", "-p none" omit one. Each message is one line in $LAB_DIR/rsyslog.raw,
#       byte for byte as received, and one in $LAB_DIR/rsyslog.fields:
#       INPUT|PRI|FACILITY|SEVERITY|HOST|APP-NAME|PROCID|STRUCTURED-DATA|MSG|       (rsyslogd)
#   lab_busybox_syslogd_start    at /dev/log, into $LAB_DIR/busybox.log             (busybox)
#   lab_journald_start           at /run/systemd/journal/socket, with /dev/log a link to its dev-log
#   lab_journal [ARGUMENT...]    what it stored, in the form of journalctl -o json  (journald)
# lab_receiver_stop NAME ends rsyslogd, busybox or journald, and removes its sockets.

lab_rsyslogd_config() {
  local socket=$1 port=$2 address fields
  fields='%hostname%|%app-name%|%procid%|%structured-data%|%msg%'
  cat <<CONF
global(workDirectory="$LAB_DIR/tmp" net.enableDNS="off"
  parser.escapeControlCharactersOnReceive="off")
template(name="raw" type="string" string="%rawmsg%\\n")
template(name="fields" type="string"
  string="%inputname%|%pri%|%syslogfacility-text%|%syslogseverity-text%|$fields|\\n")
module(load="imuxsock" SysSock.Use="off")
module(load="imudp")
CONF
  if [ "$socket" != none ]; then
    echo "input(type=\"imuxsock\" Socket=\"$socket\" RateLimit.Interval=\"0\")"
  fi
  if [ "$port" != none ]; then
    for address in 127.0.0.1 ::1; do
      echo "input(type=\"imudp\" address=\"$address\" port=\"$port\")"
    done
  fi
  echo "action(type=\"omfile\" file=\"$LAB_DIR/rsyslog.raw\" template=\"raw\")"
  echo "action(type=\"omfile\" file=\"$LAB_DIR/rsyslog.fields\" template=\"fields\")"
}

lab_udp_bound() {
  grep -qi "^ *[0-9]*: [0-9A-F]*:$(printf '%04x' "$1") " /proc/net/udp
}

lab_rsyslogd_start() {
  local option socket=/dev/log port=514 OPTIND=1
  while getopts s:p: option; do
    case $option in
      s) socket=$OPTARG ;;
      p) port=$OPTARG ;;
      *) return 2 ;;
    esac
  done
  rm -f "$LAB_DIR"/rsyslog.{raw,fields,pid}
  touch "$LAB_DIR"/rsyslog.{raw,fields}
  lab_rsyslogd_config "$socket" "$port" >"$LAB_DIR/rsyslog.conf"
  echo "$socket" >"$LAB_DIR/rsyslogd.socket"
  lab_spawn rsyslogd rsyslogd -n -f "$LAB_DIR/rsyslog.conf" -i "$LAB_DIR/rsyslog.pid" \
    -M "$(dirname "$LAB_ROOT"/usr/lib/*/rsyslog/imuxsock.so)" || return
  [ "$socket" = none ] || lab_ready rsyslogd 5 test -S "$socket" || return
  [ "$port" = none ] || lab_ready rsyslogd 5 lab_udp_bound "$port"
}

lab_busybox_syslogd_start() {
  rm -f /dev/log "$LAB_DIR/busybox.log"
  echo /dev/log >"$LAB_DIR/busybox.socket"
  lab_spawn busybox busybox syslogd -n -O "$LAB_DIR/busybox.log" &&
    lab_ready busybox 5 test -S /dev/log
}

lab_journald_start() {
  # journald needs a control group tree to start, which some containers lack.
  case $(stat -f -c %T /sys/fs/cgroup) in
    cgroup2fs | tmpfs) ;;
    *) unshare --cgroup mount -t cgroup2 cgroup2 /sys/fs/cgroup ;;
  esac
  mkdir -p /run/systemd/journal /run/log/journal
  printf '%s\n' '[Journal]' Storage=volatile ReadKMsg=no Audit=no RateLimitBurst=0 \
    ForwardToSyslog=no ForwardToWall=no >/etc/systemd/journald.conf
  ln -sfn /run/systemd/journal/dev-log /dev/log
  echo /dev/log >"$LAB_DIR/journald.socket"
  SYSTEMD_LOG_TARGET=console lab_spawn journald systemd-journald &&
    lab_ready journald 5 test -S /run/systemd/journal/socket
}

lab_journal() {
  journalctl --sync >>"$LAB_DIR/log/journalctl" 2>&1 || true
  journalctl --directory=/run/log/journal -o json --no-pager "$@"
}

lab_receiver_stop() {
  local socket
  lab_stop "$1"
  socket=$(cat "$LAB_DIR/$1.socket")
  rm -f "$socket"
  [ "$1" != journald ] || rm -rf /run/systemd/journal
}
