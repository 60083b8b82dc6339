# What the program says about itself, and what the documentation says about it, each as sorted lines for docs.bats to
# compare. Needs no root, network or clock.
# shellcheck shell=bash disable=SC2016 # backquotes and $ of other languages

: "${TOP:=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}"
: "${PROG:=$TOP/build/ntp_monitor}"
README=$TOP/README.md
CONTRIB=$TOP/contrib/README.md
EXAMPLE=$TOP/ntp_monitor.conf.example
MAN1=$TOP/man/ntp_monitor.1
MAN5=$TOP/man/ntp_monitor.conf.5

fail() {
  printf '%s\n' "$*" >&2
  return 1
}

# Fails unless files $1 and $2 hold the same set of lines, and at least $3 of them.
same_set() {
  sort -u "$1" >"$1.set"
  sort -u "$2" >"$2.set"
  if [ "$(wc -l <"$1.set")" -lt "$3" ]; then
    fail "fewer than $3 in $1:" "$(cat "$1.set")"
    return
  fi
  diff -u --label "${1##*/}" --label "${2##*/}" "$1.set" "$2.set" || fail "they differ"
}

# Fails unless $1 has at least $3 lines, and each is also in $2.
within() {
  sort -u "$1" >"$1.set"
  sort -u "$2" >"$2.set"
  if [ "$(wc -l <"$1.set")" -lt "$3" ]; then
    fail "fewer than $3 in $1:" "$(cat "$1.set")"
    return
  fi
  local unknown
  unknown=$(comm -23 "$1.set" "$2.set")
  [ -z "$unknown" ] || fail "in ${1##*/} and not in ${2##*/}:" "$unknown"
}

# Prints a manual page as plain text with unbroken lines.
plain() {
  mandoc -T ascii -O width=1000 "$1" | sed 's/.\x08//g'
}

# Prints the source lines of manual page $1 from the line that matches $2 to the next that matches $3.
part() {
  awk -v from="$2" -v to="$3" 'inside && $0 ~ to { exit } inside { print } $0 ~ from { inside = 1 }' "$1"
}

# Prints the rows of the README table whose header starts with $1.
table() {
  awk -v header="|$1|" 'index($0, header) == 1 { inside = 1; getline; next }
    inside && !/^\|/ { inside = 0 } inside { print }' "$README"
}

# --- what the program says ------------------------------------------------

# Prints "w warning" per option, " check-config" where there is no letter.
program_options() {
  "$PROG" --help | sed -nE 's/^  (-([A-Za-z]),|   ) --([a-z-]+).*/\2 \3/p'
}

# Prints "monitoring jitter_threshold = 2s" per setting, with file $1 alone.
program_settings() {
  "$PROG" -C "$1" --print-config | settings
}

# The same for an INI file on standard input.
settings() {
  sed -nE -e 's/^\[(.*)\]$/[ \1/p' -e 's/^([a-z_]+) *= ([^;]*[^; ]) *(;.*)?$/\1 = \2/p' |
    awk '$1 == "[" { section = $2; next } { print section, $0 }'
}

# Prints the names in the help between the lines "$1 is:" and "$2".
help_names() {
  "$PROG" --help=all | awk -v from="$1 is:" -v to="$2" \
    '$0 == to { inside = 0 } inside { print $1 } $0 == from { inside = 1 }'
}

# Prints the names that --limit accepts.
metrics() {
  "$PROG" --help=all | sed -n '/^LIMIT is/,/^[^ ]/s/^ //p' | sed 's/([^)]*)//' | tr ' ' '\n' | grep .
}

reasons() {
  sed -nE 's/^ *\[REASON_[A-Z_]+\] = \{"([a-z-]+)",.*/\1/p' "$TOP/src/base/reason.c"
}

# From the sources of the formats, since a report omits unknown values.
prometheus_names() {
  sed -nE 's/^    \{"([a-z_]+)",.*/ntp_monitor_\1/p' "$TOP/src/format/prometheus.c"
}

influx_names() {
  sed -nE -e 's/^    \{"([a-z_]+)", [A-Z].*/\1/p' \
    -e 's/^ *(influx_)?print_(tag|word|span|count)\([^"]*"([a-z_]+)",.*/\3/p' "$TOP/src/format/influx.c"
}

# Prints the words that key $2 of section $1 accepts.
words_of() {
  printf '[%s]\n%s = no such word\n' "$1" "$2" >"$BATS_TEST_TMPDIR/words.conf"
  "$PROG" -C "$BATS_TEST_TMPDIR/words.conf" --check-config |
    sed -nE 's/.*: ([^;]*); .*/\1/p' | tr ' ' '\n'
}

# Prints a report in format $1 on a healthy reading, with the options that follow.
report() {
  local format=$1
  shift
  cat >"$BATS_TEST_TMPDIR/reading" <<'END'
ServerName=ntp.example.org
ServerAddress=192.0.2.1
PollIntervalUSec=34min 8s
NTPMessage={ Leap=0, Version=4, Mode=4, Stratum=2, Precision=-20, RootDelay=8ms, RootDispersion=3ms, Ignored=no, PacketCount=10, Jitter=240us }
END
  "$PROG" -C "$BATS_TEST_TMPDIR/empty.conf" -l none -s "text:$BATS_TEST_TMPDIR/reading" \
    -o "$format" "$@"
}

# Prints all string literals of the sources, with adjacent ones joined, as an advice is to its message.
literals() {
  find "$TOP"/include "$TOP"/src -name '*.[ch]' -exec cat {} + | tr '\n' ' ' | sed -E 's/" +WHY_ADVICE +"/; /g; s/" +"//g'
}

# --- what the documentation says ------------------------------------------

# Prints "w warning" for each .It Fl w , Fl \-warning Ar time.
man_options() {
  sed -nE -e 's/^\.It Fl ([A-Za-z]) , Fl \\-([a-z-]+).*/\1 \2/p' \
    -e 's/^\.It Fl \\-([a-z-]+).*/ \1/p' "$MAN1"
}

man_settings() {
  sed -nE -e 's/^\.Ss Keys of the section (.*)/[ \1/p' \
    -e 's/^\.It Ic ([a-z_]+) Li "= (.*)"$/\1 = \2/p' "$MAN5" |
    awk '$1 == "[" { section = $2; next } { print section, $0 }'
}

# Prints the example's settings, which are commented out without a blank.
example_uncommented() {
  sed -E 's/^#([a-z_]+ *=)/\1/' "$EXAMPLE"
}

# Writes each configuration shown in the READMEs and the manual to $1.NUMBER.
shown_configurations() {
  local text=(readme "$README" contrib "$CONTRIB") i
  for i in 0 2; do
    awk -v name="$1.${text[i]}." '/^```/ { inside = $0 == "```ini"; if (inside) n++; next }
      inside { print >(name n) }' "${text[i + 1]}"
  done
  awk -v name="$1.man." '/^\.Ed/ { inside = 0 } inside { print >(name n) }
    /^\.Sh/ { wanted = $0 == ".Sh EXAMPLES" } wanted && /^\.Bd/ { inside = 1; n++ }' "$MAN5"
}

# link_faults FILE: prints its links that lead nowhere. A link is relative to the file's folder, and may name a heading.
link_faults() {
  local link to
  grep -oE '\]\([^)]+\)' "$1" | sed -E 's/^\]\((.*)\)$/\1/' | grep -v '^http' | while read -r link; do
    to=${link%%#*}
    to=${to:+${1%/*}/$to}
    to=${to:-$1}
    [ -e "$to" ] || echo "no file for $link"
    [[ $link != *'#'* ]] || sed -nE 's/^#+ (.*)/\1/p' "$to" | tr 'A-Z ' 'a-z-' | tr -d ',.?:()/`' | grep -qxF -- "${link#*#}" ||
      echo "no heading for $link"
  done
}

# Prints everything users may read, as plain text.
all_text() {
  cat "$README" "$CONTRIB" "$EXAMPLE"
  plain "$MAN1"
  plain "$MAN5"
}
