#!/usr/bin/env bats
# The documentation against the program: the manual has everything the program knows, README and example have their
# parts of it, and none of them has anything the program does not know.

# shellcheck disable=SC2016 # backquotes and $ of other languages

bats_require_minimum_version 1.5.0
load docs_read

setup() {
  umask 022
  T=$BATS_TEST_TMPDIR
  : >"$T/empty.conf"
  [ -x "$PROG" ] || fail "$PROG is not there: run make"
  command -v mandoc >/dev/null || fail "mandoc is not there: run make check-deps"
}

# --- help -----------------------------------------------------------------

@test "help: one screen of at most 80 columns with three examples; --help=all prints everything" {
  for all in '' =all; do
    run -0 --keep-empty-lines "$PROG" "--help$all"
    long=$(printf '%s\n' "$output" | LC_ALL=C awk 'length > 80')
    [ -z "$long" ] || fail "$long"
    [ -z "$all" ] || [ "${#lines[@]}" -gt 100 ]
    [ -n "$all" ] || { [ "${#lines[@]}" -ge 24 ] && [ "${#lines[@]}" -le 40 ]; } || fail "${#lines[@]} lines"
  done
  [ "$("$PROG" --help | sed -n '/^Examples:/,/^$/p' | grep -c '^  ntp_monitor')" = 3 ]
}

@test "help: the everyday options are in the first 24 lines" {
  "$PROG" --help | head -n 24 >"$T/top"
  for letter in w c t s o l d q C h; do
    grep -qE "^  -$letter, --" "$T/top" || fail "-$letter is not among the first 24 lines"
  done
}

@test "help: every key with its default" {
  program_settings "$T/empty.conf" | cut -d' ' -f2- >"$T/program"
  "$PROG" --help=all | sed -nE 's/^  ([a-z_]+ = .+)/\1/p' >"$T/help"
  same_set "$T/program" "$T/help" 15
}

# --- options --------------------------------------------------------------

@test "options: ntp_monitor(1) lists them all, and no others" {
  program_options >"$T/program"
  man_options >"$T/man"
  same_set "$T/program" "$T/man" 15
}

@test "options: the synopsis of ntp_monitor(1) has every letter, and no others" {
  program_options | cut -d' ' -f1 | grep . >"$T/program"
  part "$MAN1" '^.Sh SYNOPSIS' '^.Sh' | grep -oE 'Fl [A-Za-z]+' | cut -c4- | grep -o . >"$T/synopsis"
  same_set "$T/program" "$T/synopsis" 13
}

@test "options: every one in any text belongs to ntp_monitor or install_config.sh" {
  {
    program_options | cut -d' ' -f2
    sh "$TOP/install_config.sh" --help | grep -oE -- '--[a-z-]+' | cut -c3-
    printf '%s\n' update-catalog now failed test # journalctl's, systemctl's, telegraf's
  } >"$T/known"
  all_text | grep -oE -- '(^|[^-a-z0-9])--[a-z][a-z-]*' | sed -E 's/^[^-]?--//' >"$T/text"
  within "$T/text" "$T/known" 15
}

# --- keys -----------------------------------------------------------------

@test "keys: ntp_monitor.conf(5) has each one in its section with its default, and no others" {
  program_settings "$T/empty.conf" >"$T/program"
  man_settings >"$T/man"
  same_set "$T/program" "$T/man" 15
}

@test "keys: the example has each one in its section with its default, and no others" {
  program_settings "$T/empty.conf" >"$T/program"
  example_uncommented | settings >"$T/example"
  [ "$(wc -l <"$T/program")" -ge 15 ]
  diff -u "$T/program" "$T/example"
}

@test "keys: every one in any text exists in the program" {
  {
    printf '%s\n' ntp_monitor install_config jitter_2 check_ntp_time check_ntp_peer check_chrony sys_jitter metric_threshold metric_critical \
      node_exporter ip_unprivileged_port_start data_format ignore_error free_running \
      check_ntp_monitor check_nrpe check_nrpe_ntp_monitor rule_files ntp_monitor_limits agent_endpoint
    metrics
    "$PROG" -C "$T/empty.conf" --print-config | sed -nE 's/^([a-z_]+) *=.*/\1/p'
    report json | grep -oE '"[a-z_]+":' | tr -d '":'
    report nagios | grep -oE '[a-z_]+=' | tr -d =
    prometheus_names
    influx_names
  } >"$T/known"
  all_text | grep -oE '\<[a-z]+(_[a-z0-9]+)+\>' >"$T/text"
  within "$T/text" "$T/known" 20
}

# --- the example file -----------------------------------------------------

@test "example: only its section headers are active, so it changes nothing" {
  cp "$EXAMPLE" "$T/example.conf"
  run -0 grep -vE '^(#.*)?$' "$EXAMPLE"
  [ "$output" = $'[monitoring]\n[logging]\n[output]\n[influx]\n[sntp]\n[chrony]\n[ptp]' ] || fail "$output"
  run -0 "$PROG" -C "$T/example.conf" --check-config
  [[ $output == '0 problem'* ]] || fail "$output"
  run -0 "$PROG" -C "$T/example.conf" --print-config
  [ "$(grep -c '; default$' <<<"$output")" = "$(grep -c ';' <<<"$output")" ] || fail "$output"
}

@test "example: with every key uncommented all values stay the same, without a problem" {
  example_uncommented >"$T/example.conf"
  run -0 "$PROG" -C "$T/example.conf" --check-config
  [[ $output == '0 problem'* ]] || fail "$output"
  diff -u <(program_settings "$T/empty.conf") <(program_settings "$T/example.conf")
  run -0 "$PROG" -C "$T/example.conf" --print-config
  ! grep -E '; default$' <<<"$output" || fail "not set by the example"
}

@test "example: at most 80 columns of ASCII" {
  [ -s "$EXAMPLE" ]
  odd=$(LC_ALL=C awk 'length > 80 || /[^ -~]/' "$EXAMPLE")
  [ -z "$odd" ] || fail "$odd"
}

# --- words ----------------------------------------------------------------

@test "words: every reason of src/base/reason.c is in ntp_monitor(1), and no others" {
  reasons >"$T/program"
  part "$MAN1" '^.Sh VERDICTS' '^.Sh' | sed -nE 's/^\.It Li ([a-z-]+)$/\1/p' >"$T/man"
  same_set "$T/program" "$T/man" 14
}

@test "words: every source is in the manual and README, and no others" {
  help_names NAME 'FORMAT is:' | sed 's/[:[].*//' >"$T/program"
  part "$MAN1" '^.Sh SOURCES' '^.Pp' | sed -nE 's/^\.It Cm ([a-z]+).*/\1/p' >"$T/man"
  part "$README" '^## Sources' '^##' | sed -nE 's/^\|`([a-z]+)[`:].*/\1/p' >"$T/readme"
  same_set "$T/program" "$T/man" 3
  same_set "$T/program" "$T/readme" 3
  part "$MAN5" '^.It Ic source ' '^.It' | sed -nE 's/^\.Cm ([a-z]+).*/\1/p' >"$T/man5"
  same_set "$T/program" "$T/man5" 3
}

@test "words: every kind of jitter and state of src/reading/sample.c is in ntp_monitor(1), and no others" {
  sed -n '/^const char .*_word(/,/^}/p' "$TOP/src/reading/sample.c" | grep -oE '"[a-z][^"]*"' | tr -d '"' >"$T/program"
  part "$MAN1" '^.Sh FORMATS' '^.Sh' | sed -nE 's/^\.It Sq (.*)$/\1/p' >"$T/man"
  same_set "$T/program" "$T/man" 12
}

@test "words: every metric is in ntp_monitor(1)" {
  metrics >"$T/metrics"
  [ "$(wc -l <"$T/metrics")" -ge 8 ]
  while read -r metric; do
    part "$MAN1" '^.It Fl ..limit' '^.It' | grep -qE "(^.Li|,| ) *$metric( |,|\$)" || fail "man: no $metric"
  done <"$T/metrics"
}

@test "words: every format is in ntp_monitor(1) and README, and no others" {
  help_names FORMAT '' >"$T/program"
  part "$MAN1" '^.Sh FORMATS' '^.Sh' | sed -nE 's/^\.It Cm ([a-z]+)$/\1/p' >"$T/man"
  part "$README" '^## Reports' '^##' | sed -nE 's/^\|`([a-z]+)`\|.*/\1/p' >"$T/readme"
  same_set "$T/program" "$T/man" 3
  same_set "$T/program" "$T/readme" 3
}

@test "words: ntp_monitor.conf(5) has every value of the keys that take words" {
  for key in monitoring:log_level logging:syslog_facility logging:syslog_format; do
    words_of "${key%:*}" "${key#*:}" >"$T/program"
    part "$MAN5" "^.It Ic ${key#*:} " '^.(It|El)' | sed -nE 's/^\.Li (.*)/\1/p' |
      tr -s ' ,.' '\n' | grep . >"$T/${key#*:}"
    same_set "$T/program" "$T/${key#*:}" 3
  done
  words_of monitoring debug_mode >"$T/program"
  part "$MAN5" '^.It Ar boolean' '^.El' | sed -nE 's/^\.Li (.*)/\1/p' | tr -s ' ,.' '\n' |
    grep . >"$T/boolean"
  same_set "$T/program" "$T/boolean" 8
}

@test "words: every kind of log address is in ntp_monitor.conf(5) and the example" {
  "$PROG" --help=all | sed -nE 's/^ADDRESS is (.*)\.$/\1/p' | sed 's/, \| or /\n/g' >"$T/kinds"
  [ "$(wc -l <"$T/kinds")" = 7 ] || fail "$(cat "$T/kinds")"
  plain "$MAN5" | awk '/syslog_facility =/ { exit } inside; /syslog_address =/ { inside = 1 }' >"$T/man"
  sed -n '/^\[logging\]/,/^#syslog_address/p' "$EXAMPLE" >"$T/example"
  while read -r kind; do
    for file in "$T/man" "$T/example"; do
      grep -qF -- "$kind" "$file" || fail "$kind is not in $file"
    done
  done <"$T/kinds"
}

@test "words: the exit statuses are those in ntp_monitor(1) and README" {
  part "$MAN1" '^.Sh EXIT STATUS' '^.Pp' >"$T/man"
  table status >"$T/readme"
  while IFS=: read -r wanted options; do
    # shellcheck disable=SC2086 # words
    run report nagios $options
    [ "$status" = "$wanted" ] || fail "$status instead of $wanted: $output"
    verdict=$(sed -nE 's/^NTP ([A-Z]+): .*/\1/p' <<<"$output")
    grep -qE "^\|$status\|$verdict" "$T/readme" || fail "README: no $status $verdict"
    grep -A 1 -xF ".It $status" "$T/man" | grep -q "^$verdict" || fail "man: no $status $verdict"
  done <<<$'0:\n1:-w 1us\n2:-c 1us -w 1us\n3:-C /nonexistent'
}

# --- reports --------------------------------------------------------------

@test "outputs: ntp_monitor(1) has every key of the JSON object, and no others" {
  report json | grep -oE '"[a-z_]+":' | tr -d '":' >"$T/program"
  {
    printf '%s\n' warning critical # the keys of a limit, described in its text
    part "$MAN1" '^.It Cm json' '^.Sh' | sed -nE 's/^\.It Li ([a-z_]+)$/\1/p'
  } >"$T/man"
  same_set "$T/program" "$T/man" 20
}

@test "outputs: ntp_monitor(1) has every metric of prometheus, and no others" {
  prometheus_names >"$T/program"
  report prometheus --limit reach=2 --limit stratum=3 | sed -nE 's/^(ntp_monitor_[a-z_]+).*/\1/p' >"$T/printed"
  within "$T/printed" "$T/program" 13
  part "$MAN1" '^.It Cm prometheus' '^.It Cm' | sed -nE 's/^\.It Li (ntp_monitor_[a-z_]+)$/\1/p' >"$T/man"
  same_set "$T/program" "$T/man" 20
}

@test "outputs: ntp_monitor(1) has every tag and field of influx, and no others" {
  influx_names >"$T/program"
  report influx | sed -E 's/\\ /_/g; s/ [0-9]+$//' | grep -oE '[ ,][a-z_]+=' | tr -d ' ,=' >"$T/printed"
  within "$T/printed" "$T/program" 12
  part "$MAN1" '^.It Cm influx' '^.It Cm' | sed -nE 's/^\.It Li ([a-z_]+)$/\1/p' >"$T/man"
  same_set "$T/program" "$T/man" 20
}

@test "outputs: ntp_monitor(1) has every parameter of the structured data and every journal field" {
  sed -nE 's/.*add_(parameter|seconds)\(buffer, "([a-z]+)".*/\2/p' "$TOP/src/log/frame.c" >"$T/program"
  part "$MAN1" '^.Li ntp_monitor@32473' '^.El' | sed -nE 's/^\.It Li ([a-z]+)$/\1/p' >"$T/man"
  same_set "$T/program" "$T/man" 7
  grep -oE 'NTP_[A-Z_]+' "$TOP/src/log/frame.c" | grep -v '^NTP_MONITOR' >"$T/fields"
  sed -nE 's/^\.It Li (NTP_[A-Z_]+)$/\1/p' "$MAN1" >"$T/man-fields"
  same_set "$T/fields" "$T/man-fields" 6
  id=$(sed -nE 's/^#define STRUCTURED_DATA_ID "(.*)"/\1/p' "$TOP/src/log/frame.c")
  [ -n "$id" ] && plain "$MAN1" | grep -qF "[$id "
}

@test "outputs: ntp_monitor(1) has every environment variable, and no others" {
  {
    printf '%s\n' TZ PATH # read by libc
    find "$TOP"/src -name '*.c' -exec cat {} + | sed -nE 's/.*getenv\("([A-Z_]+)"\).*/\1/p'
  } >"$T/program"
  part "$MAN1" '^.Sh ENVIRONMENT' '^.Sh' | sed -nE 's/^\.It Ev ([A-Z_]+)$/\1/p' >"$T/man"
  same_set "$T/program" "$T/man" 6
}

# --- what the texts show --------------------------------------------------

@test "shown: every configuration in the READMEs and the manual is valid" {
  shown_configurations "$T/shown"
  ls "$T"/shown.readme.1 "$T"/shown.contrib.3 "$T"/shown.man.3
  for file in "$T"/shown.*; do
    run -0 "$PROG" -C "$file" --check-config
    [[ $output == '0 problem'* ]] || fail "$(cat "$file")" "$output"
    "$PROG" -C "$file" --print-config | grep -v '; default$' | grep -q =
  done
}

@test "shown: the output of --print-config is a configuration" {
  example_uncommented | sed -E 's/^(stratum_.*)= off/\1= 9/; s/^((reach|clock_class)_.*)= off/\1= 5/; s/= off/= 5s/' >"$T/one.conf"
  "$PROG" -C "$T/one.conf" --print-config >"$T/two.conf"
  run -0 "$PROG" -C "$T/two.conf" --check-config
  [[ $output == '0 problem'* ]] || fail "$output"
  diff -u <(program_settings "$T/one.conf") <(program_settings "$T/two.conf")
}

@test "shown: every message in README and ntp_monitor(1) is in the source" {
  literals >"$T/literals"
  part "$MAN1" '^.Sh DIAGNOSTICS' '^.Sh' | tr '\n' ' ' | sed 's/" \\ "/ /g; s/\.It Li "/\n/g' |
    sed -nE 's/^(\\&)?([^"]+)".*/\2/p' >"$T/man"
  table 'message (`…` is what varies)' | cut -d'|' -f2 | grep -oE '`[^`]+`' | tr -d '`' | sed 's/…/.../g' >"$T/readme"
  [ "$(wc -l <"$T/man")" -ge 45 ] || fail "$(cat "$T/man")"
  within "$T/readme" "$T/man" 15
  sed -e 's/ *\.\.\. */\n/g' -e 's/^NTP //' "$T/man" | grep . >"$T/pieces" # every verdict's message starts with NTP
  while IFS= read -r piece; do
    grep -qF -- "$piece" "$T/literals" || fail "no source has: $piece"
  done <"$T/pieces"
}

@test "shown: the README's cron wrapper prints only when the verdict changes" {
  awk '/^```/ { inside = 0 } /^#!\/bin\/sh/ { inside = 1 } inside { print }' "$README" |
    sed "s,/usr/local/bin/ntp_monitor,$T/program," >"$T/wrapper"
  printf '#!/bin/sh\necho "report $1 $2"\nexit "$(cat "$HOME/status")"\n' >"$T/program"
  chmod 755 "$T/program"
  while IFS=: read -r verdict wanted; do
    echo "$verdict" >"$T/status"
    run env HOME="$T" sh "$T/wrapper"
    [ "$output" = "$wanted" ] || fail "status $verdict: '$output' instead of '$wanted'"
  done <<<$'0:\n1:report -o text\n1:\n2:report -o text\n2:\n0:report -o text\n0:'
}

@test "shown: the command that lists bad clocks in contrib's README reads rsyslog's line formats, also as RFC 5424 brings them" {
  printf '%s\n' 'Nov 21 10:08:00 vm ntp_monitor[278]: WARNING NTP reading stale: last reply 1h ago' \
    'Nov 21 10:08:00 pi ntp_monitor[278]: INFO NTP healthy, jitter: 402us' \
    '2026-11-21T10:08:00.986664+01:00 vm ntp_monitor[1]: CRITICAL NTP offset above critical threshold: +1h' \
    '2026-11-21T10:08:00.986664+01:00 web3 ntp_monitor[1]: ERROR /etc/ntp_monitor.conf:3: x: unknown key' \
    '2026-11-21T10:08:00.986664+01:00 far ntp_monitor[11421] WARNING NTP reading stale: last reply 1h ago' >"$T/log"
  grep -m 1 'uniq -c' "$CONTRIB" | sed "s,/var/log/ntp_monitor.log,$T/log," >"$T/command"
  run -0 sh "$T/command"
  [ "$(tr -s ' ' <<<"$output")" = $' 2 vm\n 1 web3\n 1 far' ] || fail "$output"
}

@test "shown: the README starts with the two commands and what they need; every make target in the texts exists" {
  [ "$(grep -m 1 -A 1 '^```sh' "$README" | tail -n 1 | cut -d '#' -f 1)" = 'sudo apt install git make    ' ]
  head -n 30 "$README" | grep -qE '^make deps run( |$)'
  head -n 30 "$README" | grep -qE '^make check-deps check( |$)'
  make -C "$TOP" -pqrR SYSTEMD=yes clean 2>/dev/null |
    awk -v RS= '/^[a-z-]+:/ && (/^[^\n]*: *[^ \n]/ || /recipe to execute/) { sub(/:.*/, ""); print }' \
      >"$T/targets"
  cat "$README" "$CONTRIB" "$MAN1" "$MAN5" | grep -oE '(^|[^a-z])make( [a-zA-Z-]+(=[^ `]*)?)+' |
    sed -E 's/.*make //' >"$T/commands"
  tr ' ' '\n' <"$T/commands" | grep -vE '=|^$' >"$T/mentioned"
  within "$T/mentioned" "$T/targets" 8
}

@test "shown: the README's number of faults matches the matrix" {
  local count told
  count=$(grep -cE '^[A-Z][0-9]+[a-z]* ' "$TOP/tests/torture/faults.tab")
  [ "$count" -ge 120 ]
  told=$(grep -oE 'a matrix of over [0-9]+ faults' "$README" | tr -dc 0-9)
  [ "$count" -ge "$told" ] && [ "$count" -lt $((told + 100)) ]
}

@test "shown: the links in both READMEs lead somewhere" {
  local file
  for file in "$README" "$CONTRIB"; do
    [ "$(grep -cE '\]\([^)]+\)' "$file")" -ge 3 ]
    run -0 link_faults "$file"
    [ -z "$output" ] || fail "${file#"$TOP"/}: $output"
  done
  # Each of these faults is found.
  mkdir "$T/contrib"
  printf '%s\n' '# A heading: with `marks`' '[a](#a-heading-with-marks) [b](#b)' '[c](../none.md) [d](other.md#there) [e](other.md#e)' >"$T/contrib/README.md"
  echo '## There' >"$T/contrib/other.md"
  run -0 link_faults "$T/contrib/README.md"
  [ "$output" = $'no heading for #b\nno file for ../none.md\nno heading for other.md#e' ] || fail "$output"
}

# Prints both READMEs as one text, with the paths of pictures from the top folder.
both_readmes() {
  cat "$README"
  sed 's,](images/,](contrib/images/,' "$CONTRIB"
}

# picture_faults README FOLDER: prints what is wrong with the pictures that README shows from FOLDER.
picture_faults() {
  local picture
  grep -oE '!\[[^]]*\]\([^)]+\)' "$1" >"$T/pictures" || echo 'no picture'
  grep -vE '^!\[.{60,}\]' "$T/pictures" | sed 's/^/not described: /' || true
  sed -E 's/.*\((.*)\)/\1/' "$T/pictures" | sort -u >"$T/named"
  (cd "$2" && printf 'contrib/images/%s\n' *) | grep -vx contrib/images/make.sh >"$T/there" || true
  comm -3 "$T/named" "$T/there" | sed 's/^\t*/only in README or only in the folder: /'
  while read -r picture; do
    picture=$2/${picture#contrib/images/}
    [ "$(head -c 8 "$picture" | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ] || echo "no PNG: ${picture##*/}"
    [ "$(wc -c <"$picture")" -le $((200 * 1024)) ] || echo "more than 200 KiB: ${picture##*/}"
  done < <(comm -12 "$T/named" "$T/there")
}

@test "shown: the READMEs' pictures exist, are small and described, and none is unused" {
  both_readmes >"$T/README"
  run -0 picture_faults "$T/README" "$TOP/contrib/images"
  [ -z "$output" ] || fail "$output"
  [ "$(wc -l <"$T/named")" = 3 ]
  # Each of these faults is found.
  cp -r "$TOP/contrib/images" "$T/images"
  echo text >"$T/images/text.png"
  head -c 204801 /dev/zero >>"$T/images/debug.png"
  mv "$T/images/prometheus.png" "$T/images/other.png"
  echo '![short](contrib/images/text.png)' >>"$T/README"
  run picture_faults "$T/README" "$T/images"
  [ "${#lines[@]}" = 5 ] || fail "$output"
}

@test "manual: mandoc reports nothing" {
  # Manuals of other packages need not be installed here.
  run mandoc -T lint -W all "$MAN1" "$MAN5"
  said=$(grep -vE 'referenced manual not found|outdated mandoc.db|^$' <<<"$output" || true)
  [ -z "$said" ] || fail "$said"
}
