#!/usr/bin/env bats
# The files of contrib, unchanged, read by the real programs they are for: systemd, Prometheus, InfluxDB, Nagios, NRPE,
# Icinga 2, rsyslogd, logrotate, cron, journald. Each accepts its file, does with the built ntp_monitor what the file
# promises, and is shown to complain about a broken one.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154 # $ is meant; tests are subshells; delivery.bash's names

bats_require_minimum_version 1.5.0
load delivery
load contrib

setup_file() {
  # shellcheck source=/dev/null
  . "${TOP:?is the top of the repository}/tests/lab/lab.sh"
  lab_program_install "${PROG:-$TOP/build/ntp_monitor}"
  lab_bus_start
  real_service_servers
  real_service
}

setup() {
  common_setup
  source=()
  C=$TOP/contrib
}

teardown() {
  common_teardown
  local name
  for name in activate cron icinga influxd loghost m3 nagios node_exporter nrpe prometheus; do
    lab_stop "$name"
  done
}

teardown_file() {
  lab_stop_all
}

@test "contrib: every file starts with how to use it, and is listed in contrib/README.md" {
  local file count=0
  while read -r file; do
    grep -qF "($file)" "$C/README.md" || fail "$file is not in contrib/README.md"
    count=$((count + 1))
    case $file in
      *.json) continue ;; # JSON has no comments
      *) grep -qE 'sudo |example|see there|THIS_FILE' < <(head -n 12 "$C/$file") || fail "$file: no word on its use" ;;
    esac
  done < <(cd "$C" && find . -type f ! -path './images/*' ! -path ./README.md -printf '%P\n')
  between 'the number of files' "$count" 20 99
}

@test "contrib: every copy command in contrib/README.md is also in the file's head" {
  local file to count=0
  while read -r file to; do
    head -n 8 "$C/$file" | grep -qE "^(#| \*)   sudo cp /usr/local/share/doc/ntp_monitor/examples/$file $to\$" || fail "$file says something else than: $to"
    count=$((count + 1))
  done < <(sed -n 's/^sudo cp //p' "$C/README.md")
  between 'the number of commands' "$count" 10 99
}

# --- systemd --------------------------------------------------------------------

# units DIR [DROP-IN]: copies all units there, with the drop-in for the service.
units() {
  mkdir -p "$1"
  cp "$C"/systemd/*.{service,timer,socket} "$1"
  [ $# = 1 ] || install -D -m 644 -t "$1/ntp_monitor.service.d" "$C/systemd/$2"
}

@test "systemd: units and drop-ins pass verify; exposure is at most 1.2, as root 1.5" {
  local drop_in unit exposure
  for drop_in in loghost.conf textfile.conf influx.conf ''; do
    units "$T/u$drop_in" ${drop_in:+"$drop_in"}
    systemd-analyze verify --man=no "$T/u$drop_in"/*.{service,timer,socket} >"$T/said" 2>&1 || fail "$drop_in: $(<"$T/said")"
    equal "what systemd says of $drop_in" "$(<"$T/said")" ''
    exposure=12
    [ "$drop_in" != textfile.conf ] || exposure=15 # its service runs as root
    for unit in ntp_monitor.service ntp_monitor-http@.service; do
      systemd-analyze security --offline=true --threshold=$exposure --no-pager "$T/u$drop_in/$unit" >"$T/said" || fail "$(tail -n 1 "$T/said")"
    done
  done
  # The drop-ins were read, and a mistake in one is found.
  systemd-analyze security --offline=true --no-pager "$T/uloghost.conf/ntp_monitor.service" | grep -q 'non-localhost entries'
  systemd-analyze security --offline=true --no-pager "$T/u/ntp_monitor.service" | grep -q 'only localhost entries'
  echo 'IPAddressAlow=any' >>"$T/uloghost.conf/ntp_monitor.service.d/loghost.conf"
  systemd-analyze verify --man=no "$T/uloghost.conf/ntp_monitor.service" 2>&1 | grep -q IPAddressAlow
}

@test "systemd: the timer does not wait for a synchronised clock" {
  grep -v '^#' "$C/systemd/ntp_monitor.timer" >"$T/timer"
  grep -qx DefaultDependencies=no "$T/timer" # a calendar timer's default ones wait for time-sync.target
  run -1 grep -E 'time-(sync|set)' "$T/timer"
}

@test "systemd: the service behind the socket is as sandboxed as the timer's" {
  equal 'its settings' "$(sed '1,/^User/d' "$C/systemd/ntp_monitor-http@.service")" \
    "$(sed '1,/^User/d' "$C/systemd/ntp_monitor.service")"
  between 'the number of settings' "$(sed '1,/^User/d' "$C/systemd/ntp_monitor.service" | grep -c =)" 25 99
}

@test "systemd: the socket's service answers a connection" {
  plain_build_only systemd
  "$PROG" --help | grep -q -- --inetd || skip 'this ntp_monitor has no --inetd yet'
  local listen start
  listen=$(sed -n 's/^ListenStream=//p' "$C/systemd/ntp_monitor-http.socket")
  start=$(sed -n 's/^ExecStart=//p' "$C/systemd/ntp_monitor-http@.service")
  grep -qx Accept=yes "$C/systemd/ntp_monitor-http.socket"
  # shellcheck disable=SC2086 # words
  lab_spawn activate systemd-socket-activate -E DBUS_SYSTEM_BUS_ADDRESS -l "$listen" --accept --inetd $start
  lab_ready activate 5 lab_http_ready "${listen##*:}" /metrics
  lab_http GET "${listen##*:}" /metrics >"$T/page"
  lab_stop activate
  grep -qx 'ntp_monitor_verdict 0' "$T/page" || fail "$(<"$T/page")"
  promtool check metrics <"$T/page"
}

# --- journal ----------------------------------------------------------------------

@test "journal: the catalogue has an entry for each reason, and no other" {
  catalog_install
  reason_ids >"$T/ids"
  between 'the number of reasons' "$(wc -l <"$T/ids")" 20 99
  equal 'the ids of the catalogue' "$(sed -n 's/^-- //p' "$C/systemd/ntp_monitor.catalog" | sort)" "$(cut -d' ' -f2 "$T/ids" | sort)"
  local reason id
  while read -r reason id; do
    journalctl --dump-catalog "$id" >"$T/entry" || fail "$reason"
    grep -q '^Subject: .' "$T/entry"
    grep -qx 'Defined-By: ntp_monitor' "$T/entry"
    between "the lines on $reason" "$(sed '1,/^$/d' "$T/entry" | wc -l)" 1 9
  done <"$T/ids"
  run ! journalctl --dump-catalog 00000000000000000000000000000001
}

@test "journal: journalctl finds a line by its id, and -x explains it" {
  catalog_install
  lab_journald_start
  monitor -l journal
  ended_silent 0
  monitor -l journal -w 1us
  ended_silent 1
  monitor -l journal -s text:/nothing
  ended_silent 3
  local reason id
  equal 'the entries' "$(journal | jq -r .NTP_REASON | paste -sd' ')" 'ok jitter no-source'
  for reason in ok jitter no-source; do
    id=$(reason_ids | sed -n "s/^$reason //p")
    equal "what is found by the id of $reason" "$(lab_journal "MESSAGE_ID=$id" | jq -r .NTP_REASON)" "$reason"
    journalctl --directory=/run/log/journal --no-pager -x "MESSAGE_ID=$id" >"$T/said"
    grep -qF "Subject: $(journalctl --dump-catalog "$id" | sed -n 's/^Subject: //p')" "$T/said" || fail "$(<"$T/said")"
    grep -qF 'Documentation: man:ntp_monitor(1)' "$T/said"
  done
}

# --- Prometheus -----------------------------------------------------------------

@test "prometheus: promtool accepts rules and configuration, and passes the cases of every alert" {
  cd "$C/prometheus" || return
  promtool check config prometheus.yml
  promtool test rules ntp_monitor.rules.test.yml
  equal 'alerts without a case' "$(sed -n 's/.*- alert: //p' ntp_monitor.rules.yml | while read -r name; do
    grep -q "alertname: $name, exp_alerts: \[\]" ntp_monitor.rules.test.yml && grep -qx "        alertname: $name" ntp_monitor.rules.test.yml || echo "$name"
  done)" ''
}

# alerts_that_fail SED: the alerts with a failing case after this change of the rules.
alerts_that_fail() {
  cp "$C"/prometheus/ntp_monitor.rules.*yml "$T"
  sed -i "$1" "$T/ntp_monitor.rules.yml"
  promtool test rules "$T/ntp_monitor.rules.test.yml" 2>&1 | sed -n 's/.*alertname: \([A-Za-z]*\), time.*/\1/p' | sort -u
}

@test "prometheus: the cases of each alert catch one that fires at once and one that never does" {
  local alerts
  alerts=$(sed -n 's/.*- alert: //p' "$C/prometheus/ntp_monitor.rules.yml" | sort)
  between 'the number of alerts' "$(wc -l <<<"$alerts")" 12 99
  equal 'the alerts without a wait that are noticed' "$(alerts_that_fail 's/for: .*/for: 0m/')" "$alerts"
  equal 'the alerts with too long a wait that are noticed' "$(alerts_that_fail 's/for: .*/for: 10h/')" "$alerts"
}

@test "grafana: the dashboards are well formed" {
  local file
  for file in "$C"/grafana/*.json; do
    jq -e "$dashboard_faults" "$file" >"$T/faults"
    equal "what is wrong in ${file##*/}" "$(jq -c .[] "$T/faults")" ''
  done
  # The check can fail.
  jq '.panels[1].gridPos.x = 1 | .panels[3].id = 2 | .panels[4].targets[0].expr = "up{a=\"$none\"}" | del(.panels[5].description)' \
    "$C/grafana/ntp_monitor-prometheus.json" >"$T/bad.json"
  equal 'the faults seen' "$(jq "$dashboard_faults | length" "$T/bad.json")" 4
}

@test "grafana, prometheus: every query returns data written by cron's own line" {
  fleet_prometheus
  local query count=0
  while read -r query; do
    lab_http GET 9090 "/api/v1/query?query=$query" >"$T/answer" || fail "$query: $(<"$T/answer")"
    grep -qF '"result":[{' "$T/answer" || fail "no data for: $query"
    count=$((count + 1))
  done < <(dashboard_queries prometheus)
  between 'the number of queries' "$count" 25 99
  equal 'the machines by verdict' "$(for i in 0 1 2 3; do lab_promql "sum(ntp_monitor_verdict == bool $i)" | jq -r '.[].value[1]'; done | paste -sd' ')" '1 0 1 0'
  equal 'the variables' "$(dashboard_labels)" '["node"] ["localhost:9100","m3"]'
  # Every metric that a rule names exists, and every recorded one has a value.
  while read -r query; do
    [ "$(lab_promql "$query" | jq length)" -gt 0 ] || fail "a rule names $query, which there is not"
  done < <(grep -oE '\bntp_monitor_[a-z_]+[a-z]' "$C/prometheus/ntp_monitor.rules.yml" |
    grep -vxE 'ntp_monitor_(fleet|offset_abs_seconds)' | sort -u)
  while read -r query; do
    lab_until 10 recorded "$query"
  done < <(sed -n 's/.*- record: //p' "$C/prometheus/ntp_monitor.rules.yml")
  between 'the 99th percentile of the offset, in ms' "$(lab_promql 'round(job:ntp_monitor_offset_abs_seconds:p99 * 1000)' | jq -r '.[0].value[1]')" 690 720
}

@test "grafana, influxdb: every query returns data written by telegraf's own line" {
  fleet_influxdb
  local query count=0
  while read -r query; do
    lab_http GET 8086 "/query?db=lab&q=$query" >"$T/answer" || fail "$query: $(<"$T/answer")"
    grep -qF '"values":[[' "$T/answer" || fail "no data for $query: $(<"$T/answer")"
    count=$((count + 1))
  done < <(dashboard_queries influxdb)
  between 'the number of queries' "$count" 25 99
  equal 'the hosts' "$(lab_influxql "$(jq -r '.templating.list[] | select(.name == "host").query' "$C/grafana/ntp_monitor-influxdb.json")" |
    jq -c '[.results[0].series[0].values[][1]]')" '["m1","m2","m3","m4"]'
  # A wrong query is an error.
  lab_influxql 'SELECT nothing FROM' | grep -q error
}

@test "telegraf: the file is TOML, and uses only settings of inputs.exec" {
  toml "$C/telegraf/ntp_monitor.conf" >"$T/json"
  equal 'what is in it' "$(jq -c '.inputs.exec[0] | [(.commands | length), .data_format, .interval, .timeout, .ignore_error]' "$T/json")" \
    '[1,"influx","5m","15s",true]'
  equal 'other settings' "$(jq -r '.inputs.exec[0] | keys[]' "$T/json" | grep -vxE 'commands|data_format|interval|timeout|ignore_error')" ''
}

# --- Nagios and Icinga -----------------------------------------------------------

@test "nagios: accepts the file, runs the check and stores its verdict and figures" {
  lab_nagios_config "$C/nagios/ntp_monitor.cfg" >"$T/nagios.cfg"
  nagios4 -v "$T/nagios.cfg" >"$T/said" || fail "$(<"$T/said")"
  equal 'warnings and errors' "$(grep -cE '^Total (Warnings|Errors): +0$' "$T/said")" 2
  lab_nagios_start "$C/nagios/ntp_monitor.cfg"
  lab_until 20 nagios_checked # into $T/status: Nagios deletes its own on exit
  lab_stop nagios
  grep -q 'current_state=1' "$T/status" || fail "$(<"$T/status")"
  grep -qE 'plugin_output=NTP WARNING: offset .* \(threshold: 100ms\)' "$T/status" || fail "$(<"$T/status")"
  grep -qE 'performance_data=.*offset=[-0-9.]+s;' "$T/status"
  sed 's/check_command .*/check_command  no_such/' "$C/nagios/ntp_monitor.cfg" >"$T/bad.cfg"
  lab_nagios_config "$T/bad.cfg" >"$T/nagios.cfg"
  run ! nagios4 -v "$T/nagios.cfg"
}

@test "nagios: NRPE runs the check, and the check_nrpe command returns its verdict" {
  # NRPE refuses to run as root, and the bus here knows no other user, so the reading comes from a file.
  printf '%s\n' '[monitoring]' "source = text:$T/reading" 'jitter_critical = 1us' >/etc/ntp_monitor.conf
  lab_nrpe_start "$C/nagios/nrpe.cfg"
  local line
  # The command of Nagios' own file, run from the unpacked tree.
  line=$(sed -n '/check_nrpe_ntp_monitor/,/}/s/^ *command_line *[^ ]*check_nrpe //p' "$C/nagios/ntp_monitor.cfg")
  [ -n "$line" ]
  # shellcheck disable=SC2086 # words
  run check_nrpe ${line//'$HOSTADDRESS$'/127.0.0.1}
  [ "$status" = 2 ] || fail "$output"
  [[ $output == 'NTP CRITICAL: '*' | jitter='* ]] || fail "$output"
  lab_stop nrpe
  rm /etc/ntp_monitor.conf
  # shellcheck disable=SC2086 # words
  run check_nrpe ${line//'$HOSTADDRESS$'/127.0.0.1}
  [ "$status" = 3 ] || fail "$status $output"
}

@test "icinga: accepts the file, and the check it runs returns figures" {
  lab_icinga daemon -C -- "$C/icinga2/ntp_monitor.conf" >"$T/said" || fail "$(<"$T/said")"
  ! grep -iE 'warning|critical/' "$T/said" || fail "$(<"$T/said")"
  grep -q 'Instantiated 1 Service' "$T/said"
  lab_spawn icinga bash -c '. "$TOP/tests/lab/lab.sh"; lab_icinga daemon -- "$0"' "$C/icinga2/ntp_monitor.conf"
  lab_until 10 test -p "$LAB_DIR/icinga/command"
  echo "[$(date +%s)] SCHEDULE_FORCED_SVC_CHECK;here;clock;$(date +%s)" >"$LAB_DIR/icinga/command"
  lab_until 30 icinga_checked
  lab_stop icinga
  grep -hE 'SERVICECHECKCOMMAND::ntp_monitor' "$LAB_DIR"/icinga/perfdata* | grep -qE 'offset=[-0-9.]+s?;.* stratum=2;9;.*SERVICESTATE::WARNING' ||
    fail "$(cat "$LAB_DIR"/icinga/perfdata*)"
  sed 's/command = \[/command = [ nothing,/' "$C/icinga2/ntp_monitor.conf" >"$T/bad.conf"
  run ! lab_icinga daemon -C -- "$T/bad.conf"
}

# --- log files ----------------------------------------------------------------------

@test "rsyslog: files our lines; a warning also appears elsewhere, and other programs' lines only there" {
  lab_rsyslogd_with "$C/rsyslog/ntp_monitor.conf" || fail "$(<"$LAB_DIR/rsyslog.said")"
  rm -f /var/log/ntp_monitor.log
  monitor
  ended_silent 0
  monitor -w 1us
  ended_silent 1
  datagram /dev/log '<30>ntp_monitors[1]: somebody else'
  lab_until 5 lines_of "$LAB_DIR/rsyslog.rest" 'somebody else' 1
  lab_until 5 lines_of /var/log/ntp_monitor.log ' ntp_monitor\[' 2
  equal 'the lines filed' "$(sed 's/.*]: //; s/ NTP.*//' /var/log/ntp_monitor.log | paste -sd' ')" 'INFO WARNING'
  equal 'its mode' "$(stat -c %a /var/log/ntp_monitor.log)" 640
  equal 'the lines seen elsewhere' "$(grep -c ' ntp_monitor\[.*WARNING' "$LAB_DIR/rsyslog.rest") $(grep -c ' ntp_monitor\[' "$LAB_DIR/rsyslog.rest")" '1 1'
}

@test "rsyslog: forwards lines, also those from before the log host was up, and next to the other file" {
  echo '127.0.0.1 loghost.example.org' >>/etc/hosts
  rm -f "$LAB_DIR/loghost.raw" /var/log/ntp_monitor.log
  cp "$C/rsyslog/ntp_monitor-forward.conf" "$T/29-ntp_monitor-forward.conf"
  cp "$C/rsyslog/ntp_monitor.conf" "$T/30-ntp_monitor.conf"
  # rsyslogd waits 30 s by default before it retries.
  sed -i 's/action.resumeRetryCount/action.resumeInterval="1" &/' "$T/29-ntp_monitor-forward.conf"
  lab_rsyslogd_with "$T"/29-* "$T"/30-* || fail "$(<"$LAB_DIR/rsyslog.said")"
  monitor
  ended_silent 0
  lab_until 5 lines_of /var/log/ntp_monitor.log ' ntp_monitor\[' 1
  lab_loghost_start
  # At least once: rsyslogd resends the line on which the connection failed.
  lab_until 20 grep -qs "ntp_monitor $pid .*INFO NTP healthy" "$LAB_DIR/loghost.raw"
  monitor -w 1us
  ended_silent 1
  lab_until 20 grep -q "ntp_monitor $pid .*WARNING NTP jitter" "$LAB_DIR/loghost.raw"
  lab_stop loghost
}

@test "rsyslog: complains about a mistake" {
  sed 's/omfile/omfille/' "$C/rsyslog/ntp_monitor.conf" >"$T/bad.conf"
  run ! lab_rsyslogd_with "$T/bad.conf"
}

@test "logrotate: reads the file without complaint, and rsyslogd then writes to a new file" {
  logrotate -d "$C/logrotate/ntp_monitor" >"$T/said" 2>&1
  ! grep -E '^(error|warning): [^l]' "$T/said" || fail "$(<"$T/said")"
  lab_rsyslogd_with "$C/rsyslog/ntp_monitor.conf"
  rm -f /var/log/ntp_monitor.log*
  monitor
  lab_until 5 lines_of /var/log/ntp_monitor.log INFO 1
  # rsyslog-rotate asks systemd, which the lab lacks, to do this:
  mkdir -p "$T/etc"
  sed "s#/usr/lib/rsyslog/rsyslog-rotate#kill -HUP $(lab_pid rsyslogd)#" "$C/logrotate/ntp_monitor" >"$T/etc/logrotate"
  chmod 644 "$T/etc/logrotate"
  logrotate -f -s "$T/state" "$T/etc/logrotate"
  lab_until 5 logs_anew
  equal 'the old lines' "$(grep -c INFO /var/log/ntp_monitor.log.1)" 1
  sed 's/monthly/montly/' "$C/logrotate/ntp_monitor" >"$T/etc/bad"
  logrotate -d "$T/etc/bad" 2>&1 | grep -q "unknown option 'montly'"
}

@test "cron: reads the file, and would run only the program" {
  local line
  # Run it now, and as the lab's only user.
  sed 's/^\*\/5 \* \* \* \* nobody/@reboot root/' "$C/cron/ntp_monitor" >"$T/ntp_monitor"
  echo '*/5 * * * nobody true' >"$T/broken"
  lab_cron_start "$T/ntp_monitor" "$T/broken"
  lab_until 10 grep -q 'CMD .*/usr/local/bin/ntp_monitor)' "$LAB_DIR/busybox.log" || fail "$(<"$LAB_DIR/busybox.log")"
  equal 'the jobs that cron ran' "$(grep -c ' CMD ' "$LAB_DIR/busybox.log")" 1
  equal 'the files with errors' "$(grep -oE '\*system\*[a-z_]+\) ERROR' "$LAB_DIR/busybox.log")" '*system*broken) ERROR'
  lab_stop cron
  lab_receiver_stop busybox
  lab_cron_start "$C/cron/ntp_monitor"
  lab_until 10 grep -q 'Running @reboot jobs' "$LAB_DIR/busybox.log"
  equal 'errors' "$(grep -E 'ERROR|Error' "$LAB_DIR/busybox.log")" ''
  equal 'the user' "$(grep -v '^#' "$C/cron/ntp_monitor" | grep .)" '*/5 * * * * nobody /usr/local/bin/ntp_monitor'
}
