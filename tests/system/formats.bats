#!/usr/bin/env bats
# What is printed on stdout: json, nagios and text. The JSON object has its documented keys in order, null for unknown
# values, exact decimals, and the actual exit status; an independent parser of Nagios performance data reads ours, and
# its ranges alert exactly where the verdict does; text is for a terminal, with colour only there; and a report that
# cannot be written is logged and turns OK into 3.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154 # other shells' $; tests are subshells

bats_require_minimum_version 1.5.0
load delivery

setup_file() {
  # shellcheck source=/dev/null
  . "${TOP:?is the top of the repository}/tests/lab/lab.sh"
  lab_bus_start
  real_service_servers
}

setup() {
  common_setup
}

teardown() {
  common_teardown
}

teardown_file() {
  lab_stop_all
}

# printed TEXT: exactly this and a newline on stdout, and nothing on stderr.
printed() {
  equal 'stdout' "$(cat "$T/out" && echo .)" "$1"$'\n.'
  equal 'stderr' "$(<"$T/err")" ''
}

json() {
  jq -c "$1" "$T/out"
}

# --- json ----------------------------------------------------------------------

readonly LIMITS='{"jitter_s":{"warning":2,"critical":null},"offset_s":{"warning":1,"critical":60},"root_distance_s":{"warning":5,"critical":null},"stratum":{"warning":9,"critical":null}}'

@test "json: the whole object, byte for byte" {
  monitor -l none -o json
  ended 0
  sed -E -i 's/^(\{"schema":1,"time":")[^"]*"/\1TIME"/; s/"age_s":[0-9.]+/"age_s":AGE/' "$T/out"
  printed '{"schema":1,"time":"TIME","host":"'"$(uname -n)"'","source":"text","verdict":"ok","reason":"ok","reasons":["ok"],'\
'"message":"'"$healthy"'","note":null,"exit_status":0,"limits":'"$LIMITS"',"servers":['\
'{"server":"ntp.example.org","address":"192.0.2.1","verdict":"ok","reason":"ok","reasons":["ok"],"jitter_s":0.001207,'\
'"offset_s":null,"delay_s":null,"root_distance_s":0.0000525,"age_s":AGE,"error_bound_s":null,"stratum":2,'\
'"reach":null,"clock_class":null,"jitter_kind":"rms8","poll_interval_s":32,"leap":"none","replies":10,"sent":null,"spike":false,'\
'"state":null,"remark":null,"source":"text"}]}'
}

@test "json: the time is the run's, in UTC with six digits" {
  local least most at
  printf -v least '%(%s)T' -1
  via=(env TZ=XXX-9:30)
  monitor -l none -o json
  printf -v most '%(%s)T' -1
  at=$(jq -r .time "$T/out")
  [[ $at =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$ ]] || fail "$at"
  between 'the time' "$(date -d "$at" +%s)" "$least" "$most"
}

@test "json: the time is right in 2040 and complete in 1970" {
  plain_build_only faketime
  via=(env DONT_FAKE_MONOTONIC=1 TZ=UTC faketime -f '@2040-02-29 23:59:58')
  monitor -l none -o json
  [[ $(jq -r .time "$T/out") == 2040-02-29T23:59:5[89].??????Z ]]
  via=(env DONT_FAKE_MONOTONIC=1 TZ=UTC faketime -f '@1970-01-01 00:00:05')
  monitor -l none -o json
  [[ $(jq -r .time "$T/out") == 1970-01-01T00:00:0[5-9].??????Z ]]
}

@test "json: a report on the real timesyncd has every key, and the other formats agree with it" {
  real_service
  monitor -l none -o json
  ended 0
  equal 'the keys' "$(json 'keys_unsorted')" '["schema","time","host","source","verdict","reason","reasons","message",'\
'"note","exit_status","limits","servers"]'
  equal 'the keys of a server' "$(json '.servers[0] | keys_unsorted')" '["server","address","verdict","reason","reasons",'\
'"jitter_s","offset_s","delay_s","root_distance_s","age_s","error_bound_s","stratum","reach","clock_class",'\
'"jitter_kind","poll_interval_s","leap","replies","sent","spike","state","remark","source"]'
  equal 'the unknown' "$(json '[.servers[0][] | select(. == null)] | length')" 5
  equal 'these' "$(json '.servers[0] | [.reach, .clock_class, .sent, .state, .remark]')" '[null,null,null,null,null]'
  equal 'the types' "$(json '[.servers[0][] | type] | join(" ")')" '"string string string string array number'\
' number number number number number number null null string number string number null boolean null null string"'
  equal 'the offset, the stratum, the replies' "$(json '.servers[0] | [.offset_s > 0.69, .offset_s < 0.71, .stratum, .replies]')" '[true,true,2,8]'
  local jitter
  jitter=$(figure jitter_s)
  equal 'the jitter in the message' "$(systemd-analyze timespan "$(jq -r .message "$T/out" |
    sed -E 's/.*jitter: ([^ ]*) .*/\1/')" | sed -n 's/.*μs: //p')" "$(awk -v j="$jitter" 'BEGIN { printf "%.0f", sprintf("%.4g", j * 1e6) }')"
  monitor -l none -o nagios
  [[ $(<"$T/out") == *" jitter=${jitter}s;2;;0 offset=0."*"s;-1:1;-60:60 "* ]]
  monitor -l none -o text
  [[ $(<"$T/out") == *$'\n'"  jitter          $(awk -v j="$jitter" 'BEGIN { printf "%.4g", j * 1000 }')ms "* ]]
}

@test "json: unknown values are null" {
  printf 'Jitter=7us\n' >"$T/reading"
  monitor -l none -o json
  ended 0
  equal 'the jitter' "$(figure jitter_s)" 0.000007
  equal 'all else, but what the file tells by its time' "$(json '.servers[0] | del(.jitter_s, .age_s)')" '{"server":null,"address":null,"verdict":"ok",'\
'"reason":"ok","reasons":["ok"],"offset_s":null,"delay_s":null,"root_distance_s":null,"error_bound_s":null,'\
'"stratum":null,"reach":null,"clock_class":null,"jitter_kind":"rms8","poll_interval_s":null,"leap":null,"replies":null,"sent":null,'\
'"spike":null,"state":null,"remark":null,"source":"text"}'
}

@test "json: a server that never synchronised has a null jitter" {
  grep -v '^NTPMessage' "$T/reading" >"$T/never"
  source=(-s "text:$T/never")
  monitor -l none -o json
  ended 1
  equal 'the verdict' "$(json '[.verdict, .reason, .exit_status, (.servers[0] | .server, .verdict, .reason,
    .jitter_s, .replies, .leap)]')" \
    '["warning","not-synchronised",1,"ntp.example.org","warning","not-synchronised",null,0,null]'
}

@test "json: without a reading there are no servers, and everything else is there" {
  source=(-s text:/nothing -s text:/other)
  monitor -l none -o json
  ended 3
  equal 'the object' "$(json 'del(.time, .host, .message)')" '{"schema":1,"source":"text text",'\
'"verdict":"unknown","reason":"no-source","reasons":["no-source"],"note":null,"exit_status":3,"limits":'"$LIMITS"',"servers":[]}'
  [[ $(json .message) == '"NTP '*' /nothing: No such file or directory'*'/other: '* ]]
}

@test "json: every word of leap, and spike" {
  local leap number=0
  for leap in none insert delete unsynchronised; do
    reading leap="$number" spike=yes
    monitor -l none -o json
    equal 'leap and spike' "$(json '.servers[0] | [.leap, .spike]')" "[\"$leap\",true]"
    number=$((number + 1))
  done
}

@test "json: seconds are exact decimals, never an exponent" {
  local pair
  for pair in 1ns=0.000000001 999ns=0.000000999 7us=0.000007 10us=0.00001 1.207ms=0.001207 0=0 1s=1 \
    1.000000001s=1.000000001 59.999999999s=59.999999999 '1h 3min 0.5s=3780.5' 100s=100 '1d=86400' \
    '23h 59min 59.999999999s=86399.999999999'; do
    reading jitter="${pair%=*}" replies=2
    monitor -l none -o json -w 1000000
    equal "the jitter of ${pair%=*}" "$(figure jitter_s)" "${pair#*=}"
  done
  for pair in 1ns=0.000000001 1.5us=0.0000015 2.0=2 1000000=1000000 '1min 30.5s=90.5'; do
    monitor -l none -o json -w "${pair%=*}"
    equal "the limit of ${pair%=*}" "$(sed -nE 's/.*"jitter_s":\{"warning":([^,]*),.*/\1/p' "$T/out")" "${pair#*=}"
  done
  fake_service age=-0.5s offset=-7us delay=4us root_delay_us=1
  monitor -l none -o json
  equal 'the offset' "$(figure offset_s)" -0.000007
  equal 'the delay' "$(figure delay_s)" 0.000004
  equal 'the root distance' "$(figure root_distance_s)" 0.0000005
  [[ $(figure age_s) =~ ^-0\.4[0-9]*$ ]] || fail "age_s is $(figure age_s)"
}

@test "json: limits holds the configured ones and the jitter's default" {
  fake_service
  config '[monitoring]' 'jitter_critical = 5' 'offset_critical = 250ms' 'root_distance_threshold = 1.5'
  monitor -C "$T/conf" -l none -o json
  ended 0
  equal 'the limits' "$(json .limits)" '{"jitter_s":{"warning":2,"critical":5},"offset_s":{"warning":null,'\
'"critical":0.25},"root_distance_s":{"warning":1.5,"critical":null},"stratum":{"warning":9,"critical":null}}'
}

@test "json: exit_status is the actual one, also when nobody accepted the log line" {
  local way words
  for way in '0 -l none' '1 -l none -w 1us' '2 -l none -w 1us -c 1us' '3 -l none -s text:/nothing' \
    '3 -l none -C bad' '3 -l /nothing' '3 -l /nothing -w 1us' '3 -l /nothing -w 1us -c 1us'; do
    read -ra words <<<"$way"
    source=(-s "text:$T/reading")
    case $way in
      *text:/nothing) source=() ;;
      *bad)
        config '[monitoring]' 'timeout = soon'
        words[-1]=$T/conf
        ;;
    esac
    at='2>&-'
    monitor -o json "${words[@]:1}"
    [ "$status" = "${words[0]}" ] || fail "status $status of: $way"
    equal "exit_status of: $way" "$(json .exit_status)" "$status"
  done
  equal 'the verdict' "$(json '[.verdict, .servers[0].verdict]')" '["critical","critical"]'
}

@test "json: servers appear in order, and the worst decides" {
  local name
  source=()
  for name in 1us:a 3s:b 5s:c 4s:d; do
    reading jitter="${name%:*}" server="${name#*:}.example.org"
    mv "$T/reading" "$T/${name#*:}"
    source+=(-s "text:$T/${name#*:}")
  done
  monitor -l none -o json -w 2s -c 4.5s -s text:/nothing
  ended 2
  equal 'the verdicts' "$(json '[.verdict, .reason, .source, (.servers[] | .server[0:1], .verdict, .source)]')" \
    '["critical","jitter","text text text text text","a","ok","text","b","warning","text","c","critical",'\
'"text","d","warning","text"]'
  [[ $(json .message) == *'server: c.example.org'*'/nothing: No such file'* ]]
}

@test "json: one line of valid UTF-8 and JSON, whatever the server's name" {
  local name
  for name in $'q"uote\\back/slash|' $'\x1b[2J\x01\x7f%n%s' '시간.example.org' $'\xff\xc0\xaf\xed\xa0\x80' \
    $'\xe2\x80\xae\xc2\x85\xe2\x80\xa8' '\u0041\"'; do
    reading server="$name"
    monitor -l none -o json
    ended 0
    equal 'the number of lines' "$(wc -l <"$T/out")" 1
    iconv -f UTF-8 -t UTF-8 <"$T/out" >"$T/same"
    LC_ALL=C grep -q $'[\x01-\x1f\x7f]' "$T/out" && fail "a control byte: $(cat -v "$T/out")"
    equal 'name and message' "$(json '.servers[0].server as $s | .message | contains("server: " + $s + ",")')" true
  done
  equal 'the last name' "$(jq -r '.servers[0].server' "$T/out")" '\u0041\"'
}

@test "json: valid with a host name that is not text" {
  via=(unshare --uts sh -c 'busybox hostname "$0" && exec "$@"' $'a"\\\e[31m\xffb')
  monitor -l none -o json
  ended 0
  equal 'the number of lines' "$(wc -l <"$T/out")" 1
  iconv -f UTF-8 -t UTF-8 <"$T/out" >"$T/same" || fail "not UTF-8: $(cat -v "$T/out")"
  [[ $(json .host) == '"a'*'b"' ]]
}

# --- nagios ------------------------------------------------------------------------

# Prints the performance data of $T/out as Monitoring::Plugin parses it: LABEL VALUE UOM WARNING CRITICAL MIN MAX, with
# - where there is none; then "alert N", the result of its ranges applied to its values.
perfdata() {
  perl -MMonitoring::Plugin::Performance -MMonitoring::Plugin::Range -e '
    my ($line, $data) = map { chomp; split(/ ?\|/, $_, 2) } <STDIN>;
    my $alert = 0;
    for my $item (Monitoring::Plugin::Performance->parse_perfstring($data)) {
      my @fields = map { defined $item->$_ && $item->$_ ne "" ? $item->$_ : "-" }
        qw(label value uom warning critical min max);
      print "@fields\n";
      for my $level (1, 2) {
        my $text = $fields[2 + $level];
        next if $text eq "-";
        my $range = Monitoring::Plugin::Range->parse_range_string($text) or die "no range: $text\n";
        $alert = $level if $range->check_range($item->value) && $level > $alert;
      }
    }
    print "alert $alert\n";' <"$T/out"
}

@test "nagios: the whole line, as written and as parsed" {
  monitor -l none -o nagios
  ended 0
  sed -i 's/age=[0-9.]*s/age=AGEs/' "$T/out"
  printed "NTP OK: ${healthy#NTP } | jitter=0.001207s;2;;0 root_distance=0.0000525s;5;;0 age=AGEs;-60:812; stratum=2;9;;0;16"
  monitor -l none -o nagios
  equal 'the data' "$(perfdata | grep -v ^age)" 'jitter 0.001207 s 2 - 0 -
root_distance 5.25e-05 s 5 - 0 -
stratum 2 - 9 - 0 16
alert 0'
}

@test "nagios: each verdict has its status word" {
  local way
  for way in '0 OK' '1 WARNING -w 1us' '2 CRITICAL -w 1us -c 1us' '3 UNKNOWN -C bad'; do
    read -ra way <<<"$way"
    config '[monitoring]' 'timeout = soon'
    monitor -l none -o nagios "${way[@]:2}" ${way[3]+-C "$T/conf"}
    if [ "${way[1]}" = WARNING ] || [ "${way[1]}" = CRITICAL ]; then
      monitor -l none -o nagios "${way[@]:2}"
    fi
    ended "${way[0]}"
    equal 'the number of lines' "$(wc -l <"$T/out")" 1
    [[ $(<"$T/out") == "NTP ${way[1]}: "?*' | jitter=0.001207s;'* ]] || fail "$(<"$T/out")"
  done
  source=(-s text:/nothing)
  monitor -l none -o nagios
  ended 3
  [[ $(<"$T/out") == 'NTP UNKNOWN: '*'/nothing: No such file or directory | jitter=U;2;;0' ]] || fail "$(<"$T/out")"
}

# same_as_ranges ARGUMENT...: the exit status is what the ranges say.
same_as_ranges() {
  monitor -l none -o nagios "$@"
  equal "the alert of $(<"$T/out")" "$(perfdata | tail -n 1)" "alert $status"
}

@test "nagios: the jitter's ranges alert exactly where the verdict does" {
  local value seen=
  for value in 0 1us 1.999999s 2s 2.000001s 2.999s 3s 3.000001s 1h; do
    reading jitter="$value"
    same_as_ranges -w 2s -c 3s
    seen+=$status
  done
  equal 'the statuses' "$seen" 000011122
  config '[monitoring]' 'jitter_threshold = 1s'
  same_as_ranges -C "$T/conf"
  [ "$status" = 1 ]
}

@test "nagios: the ranges of offset and root distance alert exactly where the verdict does" {
  local value seen=
  config '[monitoring]' 'offset_threshold = 100ms' 'offset_critical = 1' 'root_distance_threshold = 1ms' \
    'root_distance_critical = 2ms'
  for value in 0 99ms 100ms 101ms -99ms -100ms -101ms 1s -1s 1.001s -1.001s; do
    fake_service offset="$value"
    same_as_ranges -C "$T/conf"
    seen+=$status
  done
  equal 'the statuses' "$seen" 00010011122
  seen=
  for value in 999 1000 1001 2000 2001; do
    fake_service root_dispersion_us="$value" offset=0
    same_as_ranges -C "$T/conf"
    seen+=$status
  done
  equal 'the statuses' "$seen" 00112
  equal 'the labels' "$(perfdata | cut -d' ' -f1,3- | grep -v '^age')" 'jitter s 2 - 0 -
offset s -0.1:0.1 -1:1 - -
delay s - - 0 -
root_distance s 0.001 0.002 0 -
error_bound s - - 0 -
stratum - 9 - 0 16
alert'
}

@test "nagios: -w and -c limit the jitter; the offset keeps its default limits" {
  fake_service offset=1.5s jitter_us=69000
  monitor -l none -o nagios -w 0.05 -c 0.1
  ended 1
  [[ $(<"$T/out") == 'NTP WARNING: offset at the last reply above threshold: +1.5s (threshold: 1s), jitter: 69ms (threshold: 50ms)'* ]]
  fake_service offset=90s jitter_us=1000
  monitor -l none -o nagios -w 0.05 -c 0.1
  ended 2
}

@test "nagios: the age's range alerts exactly where the verdict does" {
  local value seen=
  for value in 0.1s 60s 811s 813s 10000s; do
    fake_service age="$value" offset=0
    same_as_ranges
    seen+=$status
  done
  config '[monitoring]' 'stale_after = 50'
  for value in 49s 51s; do
    fake_service age="$value" offset=0
    same_as_ranges -C "$T/conf"
    seen+=$status
  done
  equal 'the statuses' "$seen" 0001101
}

@test "nagios: a reply slightly in the future alerts in neither range nor verdict" {
  local value seen=
  for value in -0.5s -3s; do
    fake_service age="$value" offset=0
    same_as_ranges
    seen+=$status
  done
  equal 'the statuses' "$seen" 01
}

@test "nagios: a clock stepped forward by the first reply does not age it, in neither range nor verdict" {
  fake_service packets=1 jitter_us=0 age=850s offset=+50s
  same_as_ranges
  equal 'the status' "$status" 0
}

@test "nagios: an unknown value is U, as in the plugin guidelines" {
  local wanted
  grep -v '^NTPMessage' "$T/reading" >"$T/never"
  source=(-s "text:$T/never")
  monitor -l none -o nagios -w 1.5s -c 3s
  ended 1
  wanted=$(perl -MMonitoring::Plugin::Performance -e 'print Monitoring::Plugin::Performance->new(
    label => "jitter", value => "", warning => "1.5", critical => "3", min => "0")->perfoutput')
  equal 'the data' "$(sed 's/.* | //' "$T/out")" "${wanted%;}"
}

@test "nagios: every server has its own labels, unique within 19 characters, and none is missing" {
  local count
  source=()
  for count in {1..12}; do
    reading jitter="${count}ms"
    mv "$T/reading" "$T/$count"
    source+=(-s "text:$T/$count")
  done
  monitor -l none -o nagios
  ended 0
  equal 'the labels' "$(perfdata | grep -c '^jitter\(_[0-9]*\)\{0,1\} ')" 12
  equal 'the values' "$(perfdata | sed -n 's/^jitter[_0-9]* \([0-9.]*\) .*/\1/p' | paste -sd' ')" \
    '0.001 0.002 0.003 0.004 0.005 0.006 0.007 0.008 0.009 0.01 0.011 0.012'
  equal 'labels that are not unique' "$(perfdata | grep -v ^alert | cut -d' ' -f1 | cut -c1-19 | sort | uniq -d)" ''
  equal 'the number of data' "$(perfdata | grep -cv ^alert)" 48
}

@test "nagios: a bar, quote or newline in a name starts no data and no line" {
  reading server=$'a|jitter=9s;;;0 \'b\'=1\x1b'
  monitor -l none -o nagios
  ended 0
  equal 'the bars' "$(tr -dc '|\n' <"$T/out")" '|'
  equal 'the data' "$(perfdata | cut -d' ' -f1,2 | head -n 1)" 'jitter 0.001207'
  equal 'the number of data' "$(perfdata | grep -cv ^alert)" 4
  fake_service $'name=x\n|jitter=9s'
  monitor -l none -o nagios
  ended 0
  equal 'the number of lines' "$(wc -l <"$T/out")" 1
  equal 'the bars' "$(tr -dc '|\n' <"$T/out")" '|'
}

# --- text ---------------------------------------------------------------------------

@test "text: the verdict first, then the figures in columns" {
  monitor -l none -o text -c 5s
  ended 0
  [[ $(<"$T/out") == "OK  $healthy

  server          ntp.example.org (192.0.2.1)
  jitter          1.207ms        "*' 2s, '*' 5s
  root distance   52.5us         '*' 5s
  last reply      '*' 32s
  replies         10
  stratum         2              '*' 9
  source          text' ]] || fail "$(<"$T/out")"
  equal 'the number of lines' "$(wc -l <"$T/out")" 9
  reading jitter=3s leap=1 spike=yes replies=9
  monitor -l none -o text
  ended 1
  [[ $(<"$T/out") == 'WARNING  NTP jitter above threshold: 3s (threshold: 2s), server: ntp.example.org, source: text

  server          ntp.example.org (192.0.2.1)
  jitter          3s             '*' 2s
  root distance   52.5us         '*' 5s
  last reply      '*' 32s
  replies         9              '*outlier*'
  stratum         2              '*' 9
  leap second     '*insert*'
  source          text' ]] || fail "$(<"$T/out")"
}

@test "text: offset with sign and direction, delay and age; remarks in one column" {
  local side
  for side in '+1.5s behind' '-1.5s ahead'; do
    fake_service age=10s offset="${side% *}" delay=1ms
    config '[monitoring]' 'offset_threshold = 2'
    monitor -C "$T/conf" -l none -o text
    ended 0
    grep -qx "  offset          ${side% *}          .* ${side#* }, .* 2s, .* 1min" "$T/out" ||
      fail "$(<"$T/out")"
    grep -Fqx '  delay           1ms' "$T/out"
    grep -qE '^  last reply      10(\.[0-9]+)?s .* 32s$' "$T/out"
    equal 'columns of values' "$(sed -nE 's/^(  [a-z ]{13} )[^ ].*/\1/p' "$T/out" | awk '{ print length }' | sort -u)" 18 ||
      equal 'columns of values' "$(grep '^  ' "$T/out" | grep -cvE '^  .{15} [^ ]')" 0
  done
}

@test "text: one line without a reading; one block per server" {
  source=(-s text:/nothing)
  monitor -l none -o text
  ended 3
  [[ $(<"$T/out") == 'UNKNOWN  NTP '*' /nothing: No such file or directory' ]]
  equal 'the number of lines' "$(wc -l <"$T/out")" 1
  source=(-s "text:$T/reading" -s "text:$T/reading")
  monitor -l none -o text
  ended 0
  equal 'blocks' "$(grep -c '^$' "$T/out")" 2
  equal 'servers' "$(grep -c '^  server          ntp.example.org (192.0.2.1)$' "$T/out")" 2
}

# on_terminal [NAME=VALUE...] [-- ARGUMENT...]: runs on a pseudo-terminal, and sets $output to what appears there.
on_terminal() {
  local words=()
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    words+=("$1")
    shift
  done
  status=0
  env -u NO_COLOR TERM=xterm "${words[@]}" SHELL=/bin/sh script -qec \
    "$(printf '%q ' "$PROG" "${source[@]}" -l none "${@:2}")${at-}" /dev/null </dev/null >"$T/out" 2>"$T/err" ||
    status=$?
  output=$(tr -d '\r' <"$T/out" | sed -z 's/\n    / /g') # undoes the line breaks between words
}

@test "text: printed on a terminal without -o, the verdict in colour" {
  local way
  on_terminal
  equal 'the status' "$status" 0
  equal 'the first line' "${output%%$'\n'*}" $'\e[32mOK\e[0m  '"$healthy"
  equal 'other escapes' "$(tail -n +2 <<<"$output" | tr -dc '\033')" ''
  for way in '1 33 WARNING -w 1us' '2 31 CRITICAL -w 1us -c 1us'; do
    read -ra way <<<"$way"
    on_terminal -- "${way[@]:3}"
    equal 'the status' "$status" "${way[0]}"
    [[ $output == $'\e['"${way[1]}m${way[2]}"$'\e[0m  NTP jitter above '* ]] || fail "$output"
  done
  source=(-s text:/nothing)
  on_terminal
  equal 'the status' "$status" 3
  [[ $output == $'\e[35mUNKNOWN\e[0m  NTP '* ]]
}

@test "text: no colour with NO_COLOR, on a dumb terminal, or without a terminal" {
  local way
  for way in NO_COLOR=1 NO_COLOR=0 TERM=dumb; do
    on_terminal "$way"
    equal "the first line with $way" "${output%%$'\n'*}" "OK  $healthy"
  done
  on_terminal NO_COLOR=
  equal 'the first line with an empty NO_COLOR' "${output%%$'\n'*}" $'\e[32mOK\e[0m  '"$healthy"
  via=(env -u NO_COLOR TERM=xterm)
  monitor -l none -o text
  equal 'the first line in a file' "$(head -n 1 "$T/out")" "OK  $healthy"
  for way in json nagios; do
    on_terminal -- -o "$way"
    equal 'escapes' "$(tr -dc '\033' <<<"$output")" ''
  done
}

@test "text: -q prints nothing on a terminal; -o applies there as well" {
  on_terminal -- -q
  equal 'what it printed' "$output" ''
  equal 'the status' "$status" 0
  on_terminal -- -q -w 1us
  equal 'what it printed' "$output" ''
  equal 'the status' "$status" 1
  on_terminal -- -o nagios
  [[ $output == 'NTP OK: '*' | jitter='* ]]
}

@test "text: printed only when stdout is the terminal, whatever stderr is" {
  at=">$T/stdout"
  on_terminal
  equal 'on the terminal' "$output" ''
  equal 'in the file' "$(<"$T/stdout")" ''
  at='</dev/null 2>/dev/null'
  on_terminal
  [[ $output == $'\e[32mOK\e[0m  NTP healthy'* ]]
}

@test "formats: without a terminal nothing is printed without -o" {
  local way
  rsyslogd_start -p none
  for way in '0 -w 2s' '1 -w 1us' '2 -w 1us -c 1us'; do
    # shellcheck disable=SC2086 # words
    monitor ${way#* }
    ended_silent "${way%% *}"
  done
  source=(-s text:/nothing)
  monitor
  ended_silent 3
  equal 'the lines logged' "$(rsyslogd_raw | wc -l)" 4
}

@test "formats: -q with -o is a usage error, and an unknown format gets the list of formats" {
  rsyslogd_start -p none
  local way
  for way in '-q -o json' '-o text -q' '--quiet --output=influx'; do
    # shellcheck disable=SC2086 # words
    monitor $way
    ended 3
    equal 'stdout' "$(<"$T/out")" ''
    [[ $(<"$T/err") == 'ntp_monitor: ERROR usage: --quiet and --output '*' --help' ]] || fail "$(<"$T/err")"
  done
  monitor -o $'xml\x1b'
  ended 3
  [[ $(<"$T/err") == "ntp_monitor: ERROR usage: 'xml\\x1b' "*': text, json, nagios, prometheus, influx; '*' --help' ]] ||
    fail "$(<"$T/err")"
  equal 'the lines logged' "$(rsyslogd_raw)" ''
}

@test "nagios: a usage error is printed on stdout as well, the only stream NRPE reads" {
  monitor -o nagios --limit 'off|set=1'
  ended 3
  grep -qx "NTP UNKNOWN: usage: --limit: 'off/set=1' .* --help" "$T/out"
  equal 'its lines' "$(wc -l <"$T/out")" 1
  grep -q "^ntp_monitor: ERROR usage: --limit: 'off|set=1' " "$T/err"
  # Wherever the format stands, and whatever else is wrong.
  while IFS='|' read -r words arguments; do
    # shellcheck disable=SC2086 # words
    monitor $arguments
    ended 3
    [[ $(<"$T/out") == "NTP UNKNOWN: usage: "*$words*' --help' ]] || fail "stdout of $arguments: $(<"$T/out")"
    equal "the lines of $arguments" "$(wc -l <"$T/out")" 1
  done <<'END'
 -4; |-4 -o nagios
--quiet and --output |--quiet --output=nagios
--quiet and --output |-o nagios -q
-o nagios and -o json * -o json=FILE;|-o nagios -o json
jitter_critical 50ms (command line) * jitter_threshold 60ms (command line);|-o nagios -w 60ms -c 50ms
END
}

# --- a report that cannot be written ------------------------------------------------------

# unwritable REDIRECTION REASON: every verdict is logged, then ERROR with this reason, and OK becomes 3.
unwritable() {
  local way format=json
  at=$1
  for way in '0 3 INFO -w 2s' '1 1 WARNING -w 1us' '2 2 CRITICAL -w 1us -c 1us'; do
    : >"$LAB_DIR/rsyslog.raw"
    read -ra way <<<"$way"
    monitor -o "$format" "${way[@]:3}"
    [ "$status" = "${way[1]}" ] || fail "status $status with $1 and ${way[2]}"
    equal 'stderr' "$(<"$T/err")" ''
    equal 'what was logged' "$(rsyslogd_raw | sed -E 's/^<[0-9]+>TIME ntp_monitor\[PID\]: ([A-Z]+ )NTP .*/\1NTP/
      s/ERROR .*stdout.*: /ERROR stdout: /')" "${way[2]} NTP
<27>TIME ntp_monitor[PID]: ERROR stdout: $2"
    format=text
  done
  monitor -o nagios -l none
  ended_silent 3
  source=(-s text:/nothing)
  monitor -o json -l none
  ended_silent 3
  source=(-s "text:$T/reading")
}

@test "formats: a report that cannot be written is an ERROR after the verdict, and OK becomes 3" {
  rsyslogd_start -p none
  unwritable '>/dev/full' 'No space left on device'
  unwritable '>&-' 'Bad file descriptor'
  unwritable '>&- 2>&- </dev/null' 'Bad file descriptor'
  unwritable '1</dev/null' 'Bad file descriptor'
  mkfifo "$T/fifo"
  exec {both}<>"$T/fifo"
  exec {broken}>"$T/fifo"
  exec {both}>&-
  unwritable ">&$broken" 'Broken pipe'
  exec {broken}>&-
  mkdir "$T/small"
  mount -t tmpfs -o size=4k tmpfs "$T/small"
  head -c 4096 /dev/zero >"$T/small/file"
  unwritable ">>$T/small/file" 'No space left on device'
  umount "$T/small"
}

# unread COMMAND...: a run whose report nobody reads until the deadline of 1 s logs the verdict and then the timeout. On
# a very busy machine the guard's timer, 50 ms later, can cut off the second line; not three times. The command runs
# before each try.
unread() {
  local try
  plain_build_only 'its time is measured'
  for try in 1 2 3; do
    : >"$LAB_DIR/rsyslog.raw"
    "$@"
    monitor -o json -t 1
    ended 3
    run_took 800 1400
    [ -s "$T/err" ] || break
  done
  equal 'what was logged' "$(rsyslogd_raw | sed 's/ERROR .*stdout.*: /ERROR stdout: /')" \
    "<30>TIME ntp_monitor[PID]: INFO $healthy
<27>TIME ntp_monitor[PID]: ERROR stdout: Connection timed out"
}

@test "formats: a report nobody reads is waited for until the deadline, after the verdict is logged" {
  rsyslogd_start -p none
  mkfifo "$T/fifo"
  exec {both}<>"$T/fifo"
  exec {slow}>"$T/fifo"
  dd if=/dev/zero of="$T/fifo" oflag=nonblock bs=4096 2>/dev/null || true
  at=">&$slow"
  unread true
  # A reader that starts in time gets all of it.
  start -o nagios
  lab_until 5 lines_of "$LAB_DIR/rsyslog.raw" 'NTP healthy' 2
  exec {slow}>&-
  (exec {both}>&- && tr -d '\0' <"$T/fifo" >"$T/read") 3>&- &
  local reader=$!
  finish
  exec {both}>&-
  wait "$reader"
  ended 0
  equal 'what was read' "$(sed 's/age=[0-9.]*s/age=AGEs/' "$T/read")" "NTP OK: ${healthy#NTP } | jitter=0.001207s;2;;0 root_distance=0.0000525s;5;;0 age=AGEs;-60:812; stratum=2;9;;0;16"
}

@test "formats: a reader that stops halfway does not delay the run past its deadline" {
  local count
  rsyslogd_start -p none
  mkfifo "$T/fifo"
  exec {both}<>"$T/fifo"
  dd if=/dev/zero of="$T/fifo" oflag=nonblock bs=4096 2>/dev/null || true
  source=()
  for count in {1..16}; do
    source+=(-s "text:$T/reading")
  done
  at=">&$both"
  unread dd bs=4096 count=1 if=/proc/self/fd/"$both" of="$T/room" # room for less than the report
  exec {both}>&-
}
