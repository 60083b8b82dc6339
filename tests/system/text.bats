# text.bats: the source text, which reads the output of timedatectl show-timesync from files, pipes and worse: a real
# daemon's text gives the same figures as the bus, and nothing that a path can lead to holds the run or becomes a
# figure.

# shellcheck disable=SC2016,SC2034,SC2154 # other shells' $; time.bash's AS, and what it sets

setup() {
  load time
  file=$BATS_TEST_TMPDIR/timesync
}

teardown() {
  lab_logs_on_failure
  lab_stop_all
  rm -f "$LAB_DIR"/log/*
}

# text FORMAT [ARGUMENT...]: checks a file that printf makes of these.
text() {
  # shellcheck disable=SC2059 # a format it is
  printf "$@" >"$file"
  check -s "text:$file" -t 1
}

# --- the output of a real timedatectl --------------------------------------------------

# same_figures: text and bus agree on the same daemon.
same_figures() {
  local filter wanted got
  filter='[.server, .address, .jitter_s, .root_distance_s, .poll_interval_s, .stratum, .leap, .replies, .spike]'
  check -s timesyncd
  wanted=$(server "$filter")
  age=$(server .age_s)
  timedatectl show-timesync >"$file"
  check -s "text:$file" --limit offset=off
  verdict 0 ok 'source: text$' || return
  got=$(server "$filter")
  [ "$got" = "$wanted" ] || fail "the text gives $got, the bus $wanted" || return
  server_is .delay_s null || return
  # The text has whole seconds, so 1.2 s may become 2 s, and a busy machine takes its time.
  server_is '.offset_s | . == null or . == 2' true || return
  server_is ".age_s - $age | . > -0.5 and . < 30" true
}

@test "real: timedatectl's text gives the same figures as the bus" {
  echo 127.0.9.9 ntp.example.org >>/etc/hosts
  service '*=+5ms' \
    '127.0.9.9=+31ms,delay=3ms,stratum=3,leap=1,root_delay=125ms,root_dispersion=250ms' \
    '127.0.9.8=+1.2s,delay=7ms,root_dispersion=31250us,leap=2' '::1=+20ms,delay=900ms'
  lab_replies 7
  for name in ntp.example.org 127.0.9.8 ::1; do
    lab_replies "$(($(lab_packet_count) + 1))" "$name"
    for AS in '' lab_as_user; do
      same_figures
    done
  done
  server_is .spike true
}

@test "real: a reference made of the text's own delimiters is read" {
  service '*=+5ms,reference=0x2c7d3d2c' # ,}=,
  lab_replies 4
  same_figures
  [ "$(grep -c ',}=,' "$file")" = 1 ]
}

@test "real: over a pipe the figures are the same" {
  service '*=+5ms' '127.0.9.9=+6s,delay=30ms'
  lab_replies 9
  check -s text:- < <(timedatectl show-timesync)
  verdict 0 ok
  lab_replies 10 127.0.9.9
  check -s text:- < <(timedatectl show-timesync)
  verdict 1 offset '^NTP offset at the last reply above threshold: \+[567](\.5)?s' ', jitter: 2\.2[0-9]+s ' 'server: 127\.0\.9\.9, source: text$'
  check -s text:- -w 1 -c 2 < <(timedatectl show-timesync)
  verdict 2 jitter
}

@test "real: before the first reply is not synchronised" {
  service '*=drop=1'
  timedatectl show-timesync >"$file"
  [ "$(grep -c '^NTPMessage' "$file")" = 0 ]
  check -s "text:$file"
  verdict 1 not-synchronised '127\.0\.0\.1'
  server_is '[.jitter_s, .age_s, .replies]' '[null,null,0]'
}

@test "real: warming up, and a reply too long ago" {
  service '*=+5ms'
  lab_replies 1
  timedatectl show-timesync >"$file"
  check -s "text:$file"
  verdict 0 warming-up ' 1 of 2 '
  lab_replies 3
  timedatectl show-timesync | sed "s/DestinationTimestamp=[^,]*/DestinationTimestamp=$(
    date -u -d '-2 hours' '+%a %F %T UTC')/" >"$file"
  check -s "text:$file"
  verdict 1 stale ' 2h( [0-9]s)? '
}

@test "real: the text may come from a clock up to a minute off" {
  text 'Jitter=9us\nDestinationTimestamp=%s\n' "$(date -u -d '+50 seconds' '+%a %F %T UTC')"
  verdict 0 ok
  server_is '.age_s < -48' true
  text 'Jitter=9us\nDestinationTimestamp=%s\n' "$(date -u -d '+70 seconds' '+%a %F %T UTC')"
  verdict 1 stale ' 1min [0-9]+s .*future'
}

# --- time zones -----------------------------------------------------------------------

@test "zones: the age is exact in UTC, with a numeric offset and in our own zone, and bounded in others" {
  for zone in UTC0 GMT0 KST-9 CET-1CEST EST5EDT '<+0530>-5:30' '<-03>3'; do
    stamp=$(TZ=$zone date -d '-5 minutes' '+%a %F %T %Z')
    printf 'NTPMessage={ DestinationTimestamp=%s, PacketCount=9, Jitter=9us }\n' "$stamp" >"$file"
    TZ=$zone check -s "text:$file"
    verdict 0 ok 'source: text$'
    server_is '.age_s >= 299 and .age_s < 360' true || row "$zone, $stamp"
    TZ=XYZ-2 check -s "text:$file"
    case $zone in
      UTC0 | GMT0 | '<'*)
        verdict 0 ok 'source: text$'
        server_is '.age_s >= 299 and .age_s < 360' true || row "$zone, $stamp"
        ;;
      *) # falls back to the file's age, a few seconds
        verdict 0 ok "\(${stamp##* }\).*; .*TZ=UTC timedatectl show-timesync"
        server_is '.age_s >= 0 and .age_s < 60' true || row "$zone, $stamp"
        TZ=XYZ-2 check -s text:- < <(cat "$file")
        verdict 0 ok "\(${stamp##* }\).*; .*TZ=UTC timedatectl show-timesync"
        server_is .age_s null || row "$zone, $stamp"
        ;;
    esac
  done
}

@test "zones: in any zone a stamp from years ago is stale, and one of tomorrow is in the future" {
  for zone in CET CEST EDT CST IST UTC GMT +08 -0330 AEDT XYZ ''; do
    for day in 'Thu 2019-11-14' 'Sat 2023-07-15'; do
      text 'NTPMessage={ DestinationTimestamp=%s 10:00:00 %s, PacketCount=9, Jitter=9us }\n' "$day" "$zone"
      verdict 1 stale ' [0-9]{3,4}d ' || row "$day $zone"
      check -s text:- < <(cat "$file")
      verdict 1 stale ' [0-9]{3,4}d ' || row "$day $zone, over a pipe"
    done
    text 'Jitter=9us\nDestinationTimestamp=%s %s\n' "$(date -u -d '+2 days' '+%a %F %T')" "$zone"
    verdict 1 stale future || row "the future, $zone"
  done
}

@test "zones: an abbreviation with several offsets is not taken for ours" {
  # CST is Chicago's and Shanghai's; IST is India's, Ireland's and Israel's.
  while read -r zone name; do
    text 'Jitter=9us\nDestinationTimestamp=%s %s\n' "$(date -u -d '-1 hours' '+%a %F %T')" "$name"
    touch -d '-20 seconds' "$file"
    TZ=$zone check -s "text:$file"
    verdict 0 ok "\\($name\\)" || row "$zone"
    server_is '.age_s >= 20 and .age_s < 60' true || row "$zone"
  done <<'ROWS'
CST6CDT CST
CST-8 CST
IST-5:30 IST
IST-2 IST
PST8PDT PST
ROWS
}

@test "zones: without a stamp the file's time gives the age, and a pipe has none" {
  text 'Jitter=9us\n'
  verdict 0 ok 'source: text; .*timestamp$'
  server_is '.age_s >= 0 and .age_s < 60' true
  touch -d '-400 days' "$file"
  check -s "text:$file"
  verdict 1 stale ' (399d 23h|400d) ' '; .*timestamp$'
  check -s text:- <"$file"
  verdict 1 stale ' (399d 23h|400d) '
  check -s text:- < <(cat "$file")
  verdict 0 ok 'source: text; .*timestamp$'
  server_is .age_s null
}

@test "zones: a real text from a machine in another zone is read" {
  service '*=+5ms'
  lab_replies 3
  TZ=KST-9 timedatectl show-timesync >"$file"
  grep -q 'DestinationTimestamp=.* KST' "$file"
  check -s "text:$file"
  verdict 0 ok '\(KST\)'
  server_is '.age_s >= 0 and .age_s < 60' true
  check -s text:- < <(cat "$file")
  server_is '[.age_s, .replies]' '[null,3]'
  for zone in UTC KST-9 '<+0545>-5:45'; do
    TZ=$zone timedatectl show-timesync >"$file"
    touch -d '-9 hours' "$file"
    TZ=KST-9 check -s "text:$file"
    verdict 0 ok 'source: text$'
    server_is '.age_s >= 0 and .age_s < 60' true
  done
}

# --- two machines, old versions, other options --------------------------------------------

@test "two machines' texts in one file are refused in either order" {
  service '*=+5ms'
  lab_replies 3
  timedatectl show-timesync >"$BATS_TEST_TMPDIR/one"
  sed 's/Jitter=[^ ]*/Jitter=9s/' "$BATS_TEST_TMPDIR/one" >"$BATS_TEST_TMPDIR/two"
  for pair in 'one two' 'two one' 'one one'; do
    # shellcheck disable=SC2086 # two words
    (cd "$BATS_TEST_TMPDIR" && cat $pair) >"$file"
    check -s "text:$file"
    verdict 3 bad-reply " [a-zA-Z]+= .*; " || row "$pair"
  done
  for key in ServerName ServerAddress PollIntervalUSec NTPMessage; do
    (cd "$BATS_TEST_TMPDIR" && grep -h "^$key=" one two) >"$file"
    check -s "text:$file"
    verdict 3 bad-reply " [a-zA-Z]+= .*; " || row "$key"
  done
}

@test "systemd 239 to 249: the text without a comma after Ignored is read" {
  service '*=+5ms'
  lab_replies 3
  timedatectl show-timesync >"$file"
  check -s "text:$file"
  wanted=$(server '[.server, .jitter_s, .stratum, .replies, .spike]')
  sed -i 's/Ignored=\(yes\|no\), /Ignored=\1 /' "$file"
  grep -q 'Ignored=no PacketCount=3, ' "$file"
  check -s "text:$file"
  verdict 0 ok 'source: text$'
  server_is '[.server, .jitter_s, .stratum, .replies, .spike]' "$wanted"
}

@test "the output of show-timesync with -a, -p and --value is read" {
  service '*=+5ms'
  lab_replies 3
  check
  wanted=$(server '[.jitter_s, .stratum, .leap, .replies, .spike]')
  for options in -a '-p NTPMessage' '-p NTPMessage --value' --value '-p ServerName -p NTPMessage'; do
    # shellcheck disable=SC2086 # several words
    timedatectl show-timesync $options >"$file"
    check -s "text:$file"
    verdict 0 ok || row "$options"
    server_is '[.jitter_s, .stratum, .leap, .replies, .spike]' "$wanted" || row "$options"
  done
  lab_stop timesyncd
  service '*=drop=1'
  timedatectl show-timesync -p NTPMessage --value >"$file"
  check -s "text:$file"
  verdict 3 bad-reply "$file: .*timedatectl show-timesync.* NTPMessage "
}

# --- the forms of Jitter= ----------------------------------------------------------------

@test "jitter: every way it is written" {
  while IFS='|' read -r line wanted seconds; do
    text '%b\n' "$line"
    verdict "$wanted" "$([ "$wanted" = 0 ] && echo ok || echo jitter)" || row "$line"
    # In these very digits, never with an exponent.
    grep -qF "\"jitter_s\":$seconds," "$OUT" || fail "$line is not $seconds"
  done <<'ROWS'
Jitter=9us|0|0.000009
Jitter=9µs|0|0.000009
Jitter=9μs|0|0.000009
Jitter=6.378ms|0|0.006378
Jitter=500ms|0|0.5
Jitter=1.234567s|0|1.234567
Jitter=2s|0|2
Jitter=2.000001s|1|2.000001
Jitter=1min 2.345s|1|62.345
Jitter=2min|1|120
Jitter=1min 30.500000s|1|90.5
Jitter=1h 3min|1|3780
Jitter=1d|1|86400
Jitter=2d 7h 12min|1|198720
Jitter=1month 1w 8h|1|3263400
Jitter=1y 2month|1|36817200
Jitter=0|0|0
Jitter=2|0|2
Jitter=2.5|1|2.5
Jitter=.5|0|0.5
Jitter=1s 500ms|0|1.5
jitter=9us|0|0.000009
JITTER=9us|0|0.000009
jItTeR=3s|1|3
  Jitter = 9us  |0|0.000009
\tJitter=9us\t|0|0.000009
Jitter=9us\r|0|0.000009
ServerName=x\r\nJitter=9us\r|0|0.000009
NTPMessage={ Leap=0, PacketCount=12, Jitter=3s }|1|3
ntpmessage={ leap=0, packetcount=12, jitter=3s }|1|3
NTPMessage={Jitter=9us}|0|0.000009
nothing of ours\nx=y\n=\n==\nJitter=9us|0|0.000009
ROWS
}

@test "jitter: an invalid time is quoted, not guessed" {
  while IFS='|' read -r value words; do
    text 'Jitter=%b\n' "$value"
    verdict 3 bad-reply "$words" || row "$value"
    harmless "$OUT" "$ERR"
  done <<'ROWS'
|Jitter=''
soon|Jitter='soon'
-1s|Jitter='-1s'
+1s|Jitter='\+1s'
1e3|Jitter='1e3'
0x10|Jitter='0x10'
nan|Jitter='nan'
inf|Jitter='inf'
infinity|Jitter='infinity'
1,5s|Jitter='1,5s'
5 parsecs|Jitter='5 parsecs'
9 US|Jitter='9 US'
1s2|Jitter='1s2'
9us;|Jitter='9us;'
300y|jitter .* 292 years
1y1month|Jitter='1y1month'
99999999999999999999s|Jitter='9+s'
9999999999w|Jitter='9999999999w'
\033[31m\n|Jitter='\\x1b\[31m'
\0302\0233 \0342\0200\0256|Jitter='\\xc2\\x9b \\xe2\\x80\\xae'
\0377\0376|Jitter='\\xff\\xfe'
ROWS
}

@test "other fields: out of range they make no reading" {
  while IFS='|' read -r line wanted reason words; do
    text 'Jitter=9us\n%s\n' "$line"
    verdict "$wanted" "$reason" "$words" || row "$line"
  done <<'ROWS'
Leap=3|1|not-synchronised|
Leap=4|3|bad-reply|leap .* 4\>
Leap=-1|3|bad-reply|Leap='-1'
Leap=4294967296|3|bad-reply|Leap='4294967296'
Stratum=0|1|not-synchronised|
Stratum=16|1|not-synchronised|
Stratum=17|3|bad-reply|stratum .* 17\>
Stratum=two|3|bad-reply|Stratum='two'
PacketCount=1|0|warming-up|1 of 2\>
PacketCount=0|1|not-synchronised|
PacketCount=9999999999999999999|3|bad-reply|PacketCount='9+'
PollIntervalUSec=34min 8s|0|ok|
PollIntervalUSec=3d|0|ok|
PollIntervalUSec=1month 1w|0|ok|
PollIntervalUSec=infinity|0|ok|
PollIntervalUSec=often|3|bad-reply|PollIntervalUSec='often'
RootDelay=25h|3|bad-reply|root delay
RootDispersion=25h|3|bad-reply|root dispersion
Ignored=maybe|3|bad-reply|Ignored='maybe'
ServerAddress=192.0.2.300|3|bad-reply|ServerAddress='192\.0\.2\.300'
ServerAddress=2001:db8::1|0|ok|server: 2001:db8::1
DestinationTimestamp=n/a|0|ok|
DestinationTimestamp=yesterday|3|bad-reply|DestinationTimestamp='yesterday'
DestinationTimestamp=Sat 1970-01-03 00:00:00 UTC|1|stale| 20[0-9]{3}d\>
Version=9|0|ok|
ROWS
}

# --- what a path can lead to --------------------------------------------------------------

@test "files: missing, empty, unreadable, a folder and a socket are reported" {
  check -s text:/nonexistent/file
  verdict 3 no-source '/nonexistent/file: No such file or directory'
  check -s "text:$BATS_TEST_TMPDIR"
  verdict 3 no-source "$BATS_TEST_TMPDIR: .*regular file"
  text 'Jitter=9us\n'
  chmod 000 "$file"
  AS=lab_as_user
  check -s "text:$file"
  verdict 3 "$(jq -r .reason "$OUT")" "$file: Permission denied"
  AS=
  chmod 600 "$file"
  lab_bus_start -s "$BATS_TEST_TMPDIR/socket"
  check -s "text:$BATS_TEST_TMPDIR/socket" -t 1
  verdict 3 no-source 'socket: .*regular file'
  : >"$BATS_TEST_TMPDIR/empty"
  check -s "text:$BATS_TEST_TMPDIR/empty" -t 1
  verdict 3 bad-reply '/empty: .*timedatectl show-timesync.* NTPMessage '
  check -s text:- -t 1 </dev/null
  verdict 3 bad-reply 'standard input: .*timedatectl show-timesync.* NTPMessage '
  check -s text:/dev/null -t 1
  verdict 3 no-source '/dev/null: .*regular file'
  text 'no such thing\n'
  verdict 3 bad-reply 'Jitter='
  text 'NTPMessage={ PacketCount=9 }\n'
  verdict 3 bad-reply 'Jitter='
}

@test "files: a hostile file name is shown escaped" {
  check -s $'text:/nonexistent/\e[2J\n\u202e\xff'
  verdict 3 no-source '/nonexistent/\\x1b\[2J\\x0a\\xe2\\x80\\xae\\xff: No such file'
  harmless "$OUT" "$ERR"
  cd "$BATS_TEST_TMPDIR"
  mkdir 'a folder: b'
  echo Jitter=9us >'a folder: b/x y'
  check -s 'text:a folder: b/x y'
  verdict 0 ok
}

@test "files: endless and overlong ones are refused; 64 KiB are read" {
  check -s text:/dev/zero -t 1
  in_time 2
  verdict 3 no-source '/dev/zero: .*regular file'
  check -s text:- -t 1 </dev/zero
  in_time 2
  verdict 3 bad-reply 'standard input: .*64 KiB'
  check -s text:- -t 1 < <(exec yes Jitter=9us)
  in_time 2
  verdict 3 bad-reply 'standard input: .*64 KiB'
  head -c $((65536 - 11)) /dev/zero | tr '\0' x >"$file"
  printf '\nJitter=9us' >>"$file"
  [ "$(wc -c <"$file")" = 65536 ]
  check -s "text:$file"
  verdict 0 ok
  echo >>"$file"
  check -s "text:$file"
  verdict 3 bad-reply '64 KiB'
}

@test "files: NUL bytes are refused" {
  for format in 'Jitter=9us\n\0' '\0Jitter=9us\n' 'Jitter=\0009us\n' '\0'; do
    text "$format"
    verdict 3 bad-reply NUL || row "$format"
  done
}

@test "files: hostile content reaches no log and no terminal" {
  text 'ServerName=ntp\033[2J\r\302\233\342\200\256\377\300\200.example\nCRITICAL forged\nJitter=9us\n'
  verdict 0 ok 'server: ntp\\x1b\[2J\\x0d\\xc2\\x9b\\xe2\\x80\\xae\\xff\\xc0\\x80\.example, source: text; '
  harmless "$OUT" "$ERR"
  for format in text nagios; do
    run_program -s "text:$file" -o "$format" -d -l none
    harmless "$OUT" "$ERR"
  done
  text 'ServerName=%s\nJitter=9us\n' "$(head -c 20000 /dev/zero | tr '\0' A)"
  verdict 0 ok 'server: A+\.\.\.'
  [ "$(wc -c <"$ERR")" -lt 1024 ] || fail 'the line is not bounded'
  text 'NTPMessage={ NTPMessage={ Leap=0 }}},,,{{{=}\nNTPMessage={ }\nNTPMessage={}\n%s\nJitter=9us' \
    "$(head -c 30000 /dev/zero | tr '\0' =)"
  verdict 0 ok
}

# --- pipes -------------------------------------------------------------------------------

@test "pipes: one that never ends makes no reading, whatever came first" {
  mkfifo "$BATS_TEST_TMPDIR/pipe"
  exec 9<>"$BATS_TEST_TMPDIR/pipe"
  check -s text:- -t 1 <&9
  in_time 2
  verdict 3 timeout 'standard input: '
  echo Jitter=9us >&9
  check -s text:- -t 1 <&9
  in_time 2
  verdict 3 timeout
  exec 9<&-
}

@test "pipes: a FIFO without a writer times out; one with a late writer is read" {
  mkfifo "$BATS_TEST_TMPDIR/pipe"
  for AS in '' lab_as_user; do
    check -s "text:$BATS_TEST_TMPDIR/pipe" -t 1
    in_time 2
    verdict 3 timeout "$BATS_TEST_TMPDIR/pipe: "
  done
  AS=
  # The shell's redirection blocks until the check opens the other end.
  echo Jitter=9us >"$BATS_TEST_TMPDIR/pipe" 3>&- &
  check -s "text:$BATS_TEST_TMPDIR/pipe" -t 4
  verdict 0 ok
}

@test "pipes: a closed or unreadable standard input is reported" {
  check -s text:- -t 1 <&-
  in_time 1
  verdict 3 no-source 'standard input: '
  check -s text:- -t 1 </
  verdict 3 no-source 'standard input: Is a directory'
  check -s text:- -t 1 </dev/null
  verdict 3 bad-reply 'standard input: .*timedatectl show-timesync'
}

# --- several sources in one run -------------------------------------------------------------

@test "several: the worst wins, in any order" {
  cd "$BATS_TEST_TMPDIR"
  echo Jitter=9us >ok
  echo Jitter=3s >warning
  echo Jitter=9s >critical
  while read -r first second wanted reason; do
    for pair in "$first $second" "$second $first"; do
      check -c 5 -s "text:${pair% *}" -s "text:${pair#* }"
      verdict "$wanted" "$reason" || row "$pair"
      # Each server has a verdict of its own, and a failed source has no server.
      [ "$(server_verdicts)" = "$(echo "${pair//none/}" | xargs)" ] || fail "$pair: not each its own"
    done
  done <<'ROWS'
ok ok 0 ok
ok warning 1 jitter
warning critical 2 jitter
ok critical 2 jitter
ok none 3 no-source
warning none 1 jitter
critical none 2 jitter
none none 3 no-source
ROWS
  check -s text:ok -s text:none
  grep -q ': No such file or directory' "$ERR" || fail 'what failed is not told'
  check -s text:warning -s text:none
  grep -q ': No such file or directory' "$ERR" || fail 'what failed is not told beside the warning'
}

server_verdicts() {
  jq -r '[.servers[].verdict] | join(" ")' "$OUT"
}

@test "several: the bus and a text, also from the configuration" {
  service '*=+5ms'
  lab_replies 9
  echo Jitter=3s >"$file"
  check -s timesyncd -s "text:$file"
  verdict 1 jitter '^NTP jitter above threshold: 3s .*, source: text'
  jq -e '.source == "timesyncd text" and [.servers[].source] == ["timesyncd", "text"]' "$OUT"
  config "source = timesyncd text:$file"
  check -C "$CONF"
  verdict 1 jitter
  [ "$(server_verdicts)" = 'ok warning' ]
  lab_stop timesyncd
  check -C "$CONF"
  verdict 1 jitter 'systemctl start systemd-timesyncd'
  echo Jitter=9us >"$file"
  check -C "$CONF"
  verdict 3 no-service 'systemctl start systemd-timesyncd'
}
