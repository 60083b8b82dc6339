#!/bin/bash
# lab_contrib.sh: part of lab.sh: the programs that contrib's files are for, each run with its file unchanged.
#
# Those files name /usr/local/bin/ntp_monitor, so the program is installed there, for this lab only.
#
#   lab_program_install PROGRAM      as /usr/local/bin/ntp_monitor, with the machine's libraries whoever starts it;
#                                    that folder holds nothing else then
#   lab_nagios_config FILE           prints a minimal configuration that includes FILE
#   lab_nagios_start FILE            nagios4 with that; $LAB_DIR/nagios/status is what it knows        (nagios)
#   lab_nrpe_start FILE              nrpe on port 5666 of 127.0.0.1                                (nrpe)
#   lab_icinga COMMAND... -- FILE    icinga2 COMMAND with a host, "here", for FILE to check; performance data go
#                                    to $LAB_DIR/icinga/perfdata, and it takes commands at $LAB_DIR/icinga/command
#   lab_rsyslogd_with FILE...        rsyslogd on /dev/log with FILEs in /etc/rsyslog.d, and a last rule that
#                                    writes whatever is left to $LAB_DIR/rsyslog.rest                  (rsyslogd)
#   lab_loghost_start                rsyslogd on TCP 514, into $LAB_DIR/loghost.raw                  (loghost)
#   lab_cron_start FILE...           cron with FILEs in /etc/cron.d; its log is in $LAB_DIR/busybox.log   (cron)

lab_program_install() {
  mount -t tmpfs -o mode=0755 tmpfs /usr/local/bin &&
    printf '#!/bin/sh\nunset LD_LIBRARY_PATH\nexec %q "$@"\n' "$1" >/usr/local/bin/ntp_monitor &&
    chmod 755 /usr/local/bin/ntp_monitor
}

lab_nagios_config() {
  local dir=$LAB_DIR/nagios day days=
  mkdir -p "$dir/results"
  for day in sunday monday tuesday wednesday thursday friday saturday; do
    days+="  $day 00:00-24:00"$'\n'
  done
  cat >"$dir/objects.cfg" <<CFG
define timeperiod {
  timeperiod_name 24x7
  alias always
$days}
define command {
  command_name nothing
  command_line /bin/true
}
define contact {
  contact_name admin
  host_notification_commands nothing
  service_notification_commands nothing
  host_notification_period 24x7
  service_notification_period 24x7
  host_notification_options n
  service_notification_options n
}
define contactgroup {
  contactgroup_name admins
  alias admins
  members admin
}
define host {
  host_name localhost
  address 127.0.0.1
  check_command nothing
  max_check_attempts 1
  check_period 24x7
  notification_period 24x7
  contact_groups admins
}
CFG
  printf '%s\n' "cfg_file=$1" "cfg_file=$dir/objects.cfg" "log_file=$dir/log" "object_cache_file=$dir/objects.cache" \
    "status_file=$dir/status" status_update_interval=1 nagios_user=root nagios_group=root "temp_path=$dir" \
    "temp_file=$dir/tmp" "lock_file=$dir/pid" "command_file=$dir/command" "query_socket=$dir/query" "check_result_path=$dir/results" \
    retain_state_information=0 check_external_commands=0 check_for_updates=0 \
    service_inter_check_delay_method=n host_inter_check_delay_method=n 'illegal_macro_output_chars=`~$&|<>'
}

lab_nagios_start() {
  lab_nagios_config "$1" >"$LAB_DIR/nagios.cfg"
  lab_spawn nagios nagios4 "$LAB_DIR/nagios.cfg" && lab_ready nagios 10 test -s "$LAB_DIR/nagios/status"
}

lab_nrpe_start() {
  printf '%s\n' server_address=127.0.0.1 nrpe_user=labuser nrpe_group=labuser allowed_hosts=127.0.0.1 dont_blame_nrpe=0 \
    "pid_file=$LAB_DIR/nrpe.pid" "log_file=$LAB_DIR/log/nrpe.own" "include=$1" >"$LAB_DIR/nrpe.cfg"
  lab_spawn nrpe unshare --user --map-user=1000 --map-group=1000 nrpe -f -c "$LAB_DIR/nrpe.cfg" && lab_ready nrpe 5 lab_tcp_open 5666
}

lab_tcp_open() {
  (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

lab_icinga() {
  local dir=$LAB_DIR/icinga file=${*: -1} name defines=()
  mkdir -p "$dir"
  for name in Config Data Log InitRun Spool Cache; do
    mkdir -p "$dir/$name"
    defines+=("-D${name}Dir=$dir/$name")
  done
  cat >"$dir/icinga2.conf" <<CONF
const PluginDir = "/usr/lib/nagios/plugins"
const NodeName = "here"
const ZoneName = NodeName
include <itl>
include <plugins>
object CheckerComponent "checker" { }
object ExternalCommandListener "commands" { command_path = "$dir/command" }
object PerfdataWriter "perfdata" {
  service_perfdata_path = "$dir/perfdata"
  host_perfdata_path = "$dir/perfdata.host"
  rotation_interval = 1s
  service_temp_path = "$dir/perfdata.new"
  host_temp_path = "$dir/perfdata.host.new"
}
object Host NodeName {
  check_command = "dummy"
  vars.ntp_monitor = true
  vars.ntp_monitor_limits = [ "offset=100ms,1s", "stratum=9" ]
}
include "$file"
CONF
  icinga2 "${@:1:$#-2}" -c "$dir/icinga2.conf" -I "$LAB_ROOT/usr/share/icinga2/include" -DRunAsUser=root -DRunAsGroup=root \
    "${defines[@]}"
}

lab_rsyslogd_modules() {
  dirname "$LAB_ROOT"/usr/lib/*/rsyslog/imuxsock.so
}

# The configuration that Debian's rsyslog.conf amounts to.
lab_rsyslogd_with() {
  rm -rf /etc/rsyslog.d "$LAB_DIR/rsyslog.rest"
  mkdir -p /etc/rsyslog.d "$LAB_DIR/spool"
  cp "$@" /etc/rsyslog.d
  cat >"$LAB_DIR/rsyslog.conf" <<CONF
global(workDirectory="$LAB_DIR/spool" net.enableDNS="off")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="/dev/log" RateLimit.Interval="0")
include(file="/etc/rsyslog.d/*.conf")
action(type="omfile" file="$LAB_DIR/rsyslog.rest")
CONF
  rsyslogd -N1 -f "$LAB_DIR/rsyslog.conf" -M "$(lab_rsyslogd_modules)" >"$LAB_DIR/rsyslog.said" 2>&1 || return
  echo /dev/log >"$LAB_DIR/rsyslogd.socket"
  lab_spawn rsyslogd rsyslogd -n -f "$LAB_DIR/rsyslog.conf" -i "$LAB_DIR/rsyslog.pid" -M "$(lab_rsyslogd_modules)" &&
    lab_ready rsyslogd 5 test -S /dev/log
}

lab_loghost_start() {
  mkdir -p "$LAB_DIR/loghost"
  cat >"$LAB_DIR/loghost.conf" <<CONF
global(workDirectory="$LAB_DIR/loghost" net.enableDNS="off")
template(name="raw" type="string" string="%rawmsg%\\n")
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="514")
action(type="omfile" file="$LAB_DIR/loghost.raw" template="raw")
CONF
  lab_spawn loghost rsyslogd -n -f "$LAB_DIR/loghost.conf" -i "$LAB_DIR/loghost.pid" -M "$(lab_rsyslogd_modules)" &&
    lab_ready loghost 5 lab_tcp_open 514
}

lab_cron_start() {
  rm -rf /etc/cron.d /etc/crontab /run/crond.reboot
  mkdir -p /etc/cron.d
  cp "$@" /etc/cron.d
  lab_busybox_syslogd_start && lab_spawn cron cron -f -L 15
}
