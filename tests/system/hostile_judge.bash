# hostile_judge.bash: the second part of the program in hostile.bash: judges what each receiver stored.
# shellcheck shell=bash

hostile_judge() {
  cat <<'PERL'
# --- the judgement --------------------------------------------------------------------------------------

my (%wrong, %count, %by_pid, %said); # said{case}: the lines logged by its run on stderr

sub wrong {
  my ($row, $run, $what) = @_;
  my $where = ref $run ? "$cases[$run->{case}]{way}, $cases[$run->{case}]{text}[0]: " : '';
  utf8::encode($what) if utf8::is_utf8($what);
  push @{$wrong{$row}}, $where . substr($what, 0, 700) =~ s/([^ -~])/sprintf '<%02x>', ord $1/ger;
}

sub slurp { my ($name) = @_; open(my $f, '<:raw', $name) or die "$name: $!"; local $/; <$f> // '' }
sub stored_lines { split /\n/, slurp($_[0]) }

my %severity = (CRITICAL => [2, 'crit'], ERROR => [3, 'err'], WARNING => [4, 'warning'], INFO => [6, 'info'],
  DEBUG => [7, 'debug']);
my $time = qr/[A-Z][a-z]{2} [ 1-3]\d \d\d:\d\d:\d\d/;

# One line of a store, with its PID, text and priority as the receiver understood them.
sub stored {
  my ($row, $pid, $text, $priority) = @_;
  my $run = $by_pid{$pid // ''};
  return if $run && $run->{out} eq 'terminal'; # the way "socket" has to log somewhere
  return wrong($row, $run, 'a line of ' . ($run ? $run->{out} : 'nobody') . ": $text") if !$run || $run->{out} ne $row;
  my ($level) = $text =~ /\A([A-Z]+) /;
  return wrong($row, $run, "no level: $text") if !$level || !$severity{$level};
  wrong($row, $run, "priority $priority of: $text") if $priority != 24 + $severity{$level}[0];
  my $harm = harm($text);
  wrong($row, $run, "$harm in: $text") if $harm;
  push @{$run->{got}}, $text;
  return $run;
}

# Whether a line is the verdict of its run rather than a problem.
sub is_verdict {
  my ($run, $text) = @_;
  return $run->{json} && index($text, substr("$run->{json}{level} $run->{json}{message}", 0, 40)) == 0;
}

# RFC 5424 sections 6.2.3 and 6.3.
my $utc = qr/[-0-9]{10}T[:0-9]{8}\.\d{6}Z/;
my $value_of_5424 = qr/"(?:[^]"\\]|\\["\\\]])*"/;
my $data_of_5424 = qr/-|(?:\[[-\w@]+(?: \w+=$value_of_5424)*\])+/;

# What rsyslogd stored: each message as it came, and as rsyslogd parsed it.
sub read_rsyslogd {
  my @raw = stored_lines($ENV{LAB_DIR} . '/rsyslog.raw');
  my @fields = stored_lines($ENV{LAB_DIR} . '/rsyslog.fields');
  my $here = `uname -n` =~ s/\n//r;
  for my $raw (@raw) {
    my $fields = shift @fields // '';
    next if $raw =~ /\A<13>mark: |\A<46>.* rsyslogd: /;
    my ($priority, $host, $pid, $data, $text, $row) = (0, $here, '', '-', $raw, 'rsyslogd');
    if ($raw =~ /\A<(\d+)>1[ ]$utc[ ](\S+)[ ]ntp_monitor[ ](\d+)[ ][-a-z]+[ ]($data_of_5424)
        [ ](?:\xef\xbb\xbf)?(.*)\z/sx) {
      ($priority, $host, $pid, $data, $text, $row) = ($1, $2, $3, $4, $5, 'RFC 5424 over UDP');
    } elsif ($raw =~ /\A<(\d+)>$time ntp_monitor\[(\d+)\]: (.*)\z/s) {
      ($priority, $pid, $text) = ($1, $2, $3);
    } elsif ($raw =~ /\A<(\d+)>$time (\S+) ntp_monitor\[(\d+)\]: (.*)\z/s) {
      ($priority, $host, $pid, $text, $row) = ($1, $2, $3, $4, 'RFC 3164 over UDP');
    }
    my $run = stored($row, $pid, $text, $priority);
    next if !ref $run;
    my $input = $row eq 'rsyslogd' ? 'imuxsock' : 'imudp';
    my $level = $severity{(split / /, $text)[0]}[1];
    my $message = $row =~ /5424/ ? $text : " $text";
    $fields =~ s/(\|)\xef\xbb\xbf(?=\Q$text\E\|\z)/$1/;
    my $wanted = "$input|$priority|daemon|$level|$host|ntp_monitor|$pid|$data|$message|";
    wrong($row, $run, "rsyslogd understood $fields\ninstead of $wanted") if $fields ne $wanted;
    wrong($row, $run, "$host is no host name") if $host !~ /\A[-A-Za-z0-9._]+\z/;
    wrong($row, $run, length($raw) . ' bytes') if length($raw) > ($row =~ /5424/ ? 2048 : 1024);
    if ($row =~ /5424/ && is_verdict($run, $text)) {
      my $server = $data =~ / server=($value_of_5424)\]/ ? substr($1, 1, -1) =~ s/\\(["\\\]])/$1/gr : '';
      my $is = $run->{json}{servers}[0]{server} // '';
      wrong($row, $run, "the structured data has server=$server instead of $is") if $server ne $is;
    }
  }
}

sub read_busybox {
  for my $line (stored_lines("$ENV{LAB_DIR}/busybox.log")) {
    next if $line =~ / syslog\.info syslogd started| mark: /;
    my ($name, $pid, $text) =
      $line =~ /\A$time \S+ daemon\.([a-z]+) ntp_monitor\[(\d+)\]: (.*)\z/s;
    my ($level) = grep { ($_->[1] =~ s/warning/warn/r) eq ($name // '') } values %severity;
    stored('busybox', $pid, $text // $line, 24 + ($level ? $level->[0] : 0));
  }
}

sub read_stream {
  for my $line (split /\0/, slurp("$D/peer") =~ s/connection\n//gr) {
    my ($priority, $pid, $text) = $line =~ /\A<(\d+)>$time ntp_monitor\[(\d+)\]: (.*)\z/s;
    stored('stream', $pid, $text // $line, $priority // 0);
  }
}

# A field that the program does not send is forged.
sub read_journal {
  my $own = qr/\A(?:MESSAGE(?:_ID)?|PRIORITY|SYSLOG_(?:FACILITY|IDENTIFIER|PID|TIMESTAMP|RAW)
    |NTP_(?:VERDICT|REASON|SOURCE|SERVER|JITTER_USEC|OFFSET_USEC))\z/x;
  for my $line (stored_lines("$D/journal")) {
    my $entry = decode_json($line);
    next if ($entry->{_COMM} // '') =~ /\A(?:systemd-journal|rsyslogd)\z/ || ($entry->{MESSAGE} // '') =~ /^mark-/;
    my $row = ($entry->{_TRANSPORT} // '') eq 'journal' ? 'journal' : 'journald';
    # journalctl shows a field that is not text as its bytes, and a duplicate field as a list.
    my ($text) = map { ref $_ && !ref $_->[0] && $_->[0] =~ /\A\d+\z/ ? pack('C*', @$_) : ref $_ ? "@$_" : $_ }
      $entry->{MESSAGE} // '';
    utf8::encode($text);
    my $run = stored($row, $entry->{_PID}, $text, 24 + $entry->{PRIORITY});
    next if !ref $run;
    for my $field (sort keys %$entry) {
      next if $field =~ /\A_[A-Z_]+\z/; # journald's own
      wrong($row, $run, "the field $field") if $field !~ $own;
      wrong($row, $run, "the field $field is no text, or there twice") if ref $entry->{$field};
    }
    wrong($row, $run, 'SYSLOG_PID') if $entry->{SYSLOG_PID} != $entry->{_PID};
    next if $row eq 'journald' || !is_verdict($run, $text);
    my $is = $run->{json}{servers}[0]{server};
    my $server = $entry->{NTP_SERVER};
    utf8::encode($server) if defined $server;
    wrong($row, $run, 'NTP_SERVER') if ($server // '') ne ($is // '');
  }
}

# The output of the runs themselves.
sub read_outputs {
  my @json = grep { $_->{format} eq 'json' && length($_->{out_text}) } @runs;
  file('json', join '', map $_->{out_text}, @json);
  open(my $jq, '-|', 'jq', '-c', '.', "$D/json") or die;
  my @parsed = <$jq>;
  my @report;
  wrong('json', undef, 'jq reads ' . @parsed . ' objects of ' . @json . ' reports') if @parsed != @json;
  for my $run (@json) {
    my $is = eval { decode_json(shift @parsed // '') } // {};
    my $level = ($is->{reason} // '') eq 'config' ? 'ERROR' : ($is->{verdict} // '') eq 'ok' ? 'INFO' : 'WARNING';
    for my $object ($is, @{$is->{servers} // []}) {
      defined $_ && !ref $_ && utf8::encode($_) for values %$object;
    }
    my $harm = harm($run->{out_text} =~ s/\n\z//r) || harm($is->{message} // '') || harm($is->{host} // '');
    wrong('json', $run, "$harm in: $run->{out_text}") if $harm;
    my ($way, $text) = ($cases[$run->{case}]{way}, $cases[$run->{case}]{text}[1]);
    wrong('json', $run, "the host is $is->{host}") if $way eq 'host name' && $is->{host} ne join '', letters($text);
    $count{json}++;
    next if $run->{out} ne 'stderr';
    $report[$run->{case}] = {%$is, level => $level};
  }
  $_->{json} = $report[$_->{case}] for @runs;
}

# got: the lines of a run; they must be those that its case logged on stderr, whole or cut to fit.
sub same_lines {
  my ($row, $run) = @_;
  my @wanted = @{$said{$run->{case}} // []};
  my @got = grep !/\ADEBUG /, @{$run->{got} // []};
  my $most = {'RFC 5424 over UDP' => 2048, journal => 4096}->{$row} // 1024;
  s/ +\z// for $row eq 'journald' ? @wanted : (); # journald strips trailing blanks of syslog lines
  $count{$row}++;
  return wrong($row, $run, @got . ' lines instead of ' . @wanted . ": @got") if @got != @wanted;
  for my $i (0 .. $#wanted) {
    my $cut = $got[$i] =~ s/\.{2,3}\z//r; # busybox accepts 1023 bytes
    next if $got[$i] eq $wanted[$i];
    next if length($wanted[$i]) > $most - 400 && length($cut) > $most - 200 && index($wanted[$i], $cut) == 0;
    wrong($row, $run, length($got[$i]) . " bytes: $got[$i]\ninstead of: $wanted[$i]");
  }
}

my $figure = qr/  (?:server|jitter|offset|delay|root distance|error bound|last reply|reach|remark|replies|stratum|source) +\S/;

sub read_report {
  my ($run) = @_;
  my ($row, $text) = ($run->{format}, $run->{out_text});
  my $is = $run->{json} or return;
  my $message = $is->{message};
  my @lines = split /\n/, $text;
  my ($harm) = grep $_, map harm($_), @lines;
  $count{$row}++;
  wrong($row, $run, "$harm in: $text") if $harm;
  wrong($row, $run, "no line end: $text") if $text !~ /\n\z/;
  my $word = uc $is->{verdict};
  if ($row eq 'text') {
    wrong($row, $run, "the first line is $lines[0]") if $lines[0] ne "$word  $message";
    wrong($row, $run, "a line of its own: $_") for grep !/\A(?:$figure.*)?\z/s, @lines[1 .. $#lines];
    wrong($row, $run, 'two verdicts') if grep /\A(?:OK|WARNING|CRITICAL|UNKNOWN)\b/, @lines[1 .. $#lines];
  } else {
    $message =~ s/\ANTP //;
    $message =~ tr/|/\//;
    my ($said, $data) = split / \|/, $lines[0] // '', 2;
    wrong($row, $run, "the line is $text") if @lines != 1 || $said ne "NTP $word: $message";
    my @items = Monitoring::Plugin::Performance->parse_perfstring($data // '');
    my $read = join ' ', map { $_->label . '=' . ($_->value // '') } @items;
    wrong($row, $run, "the data is $data, read as $read")
      if $data ne ' jitter=U;2;;0' && $read !~ /\Ajitter=0\.001207(?: (?:offset|delay|root_distance|age|error_bound|stratum|reach)=[-.0-9]+)*\z/;
  }
}

# --check-config and --print-config report the same problems as the log.
sub read_mode {
  my ($run) = @_;
  my $row = $run->{out};
  $count{$row}++;
  my @notes = grep !/\A\S+ (?:NTP |config: |\+)/, @{$said{$run->{case}} // []};
  my $text = $run->{out_text};
  # A setting too long for one line has two; the first is its origin.
  $text =~ s/^; (\S.*)\n([a-z_]{3,23})=(\S.*)$/$2 = $3 ; $1/mg if $row eq 'print-config';
  my @lines = ('', split /\n/, $text);
  my @told = $row eq 'check-config' ? @lines[1 .. $#lines - 1] : grep !/\Adebug: /, split /\n/, $run->{err_text};
  my ($harm) = grep $_, map harm($_), @lines, split /\n/, $run->{err_text};
  wrong($row, $run, "$harm in: $run->{out_text}$run->{err_text}") if $harm;
  s/\A(?:problem|warning|ntp_monitor): // for @told;
  s/\A(?:ERROR|WARNING) // for @notes;
  s/(.{900}).*/$1/s for @told, @notes; # a log line is shorter
  wrong($row, $run, "it says: @told\ninstead of: @notes") if "@told" ne "@notes";
  my $setting = qr/[a-z_]{3,23} *= +\S.*/;
  my $shape = $row eq 'check-config' ? qr/\A\d+ problems?[ a-z]*(?:, \d+ warnings?)?\z/
    : qr/\A(?:\[(?:monitoring|logging|output|influx|sntp|chrony|ptp)\]|$setting|)\z/;
  wrong($row, $run, "a line of its own: $_") for grep $_ !~ $shape, $row eq 'check-config' ? $lines[-1] : @lines;
}

# On the terminal: trace, problems and report of each case, in lines of these forms only.
sub read_terminal {
  my @parts = split /\r\n\@\@ (\d+|end) \@\@\r\n/, slurp("$D/terminal");
  shift @parts;
  my %run = map { $_->{case} => $_ } grep { $_->{out} eq 'terminal' } @runs;
  wrong('terminal', undef, 'a marker is lost') if @parts < 2 * @cases;
  for (my $i = 0; $i + 1 < @parts && $parts[$i] ne 'end'; $i += 2) {
    my $run = $run{$parts[$i]} or next;
    my $is = $run->{json};
    my $seen = 0;
    $count{terminal}++;
    my $unwrapped = $parts[$i + 1] =~ s/\r\n {4,}(?=\S)/ /gr;
    for my $line (split /\r\n/, $unwrapped) {
      $line =~ s/\A\e\[3[1235]m(OK|WARNING|CRITICAL|UNKNOWN)\e\[0m(?=  )/$1/;
      my $harm = harm($line);
      wrong('terminal', $run, "$harm in: $line") if $harm;
      wrong('terminal', $run, "a line of its own: $line")
        if $line !~ /\A(?:debug: \+\d+\.\d{3}ms |ntp_monitor: |(?:OK|WARNING|UNKNOWN)  NTP |$figure|\z)/;
      # A line may break at any run of blanks.
      $seen++ if $is && ($line =~ s/ +/ /gr) eq (uc($is->{verdict}) . " $is->{message}" =~ s/ +/ /gr);
    }
    wrong('terminal', $run, "the verdict stands there $seen times: $parts[$i + 1]") if $is && $seen != 1;
  }
}

# Each text is shown once, and as what it is.
sub read_shown {
  my ($run) = @_;
  my ($way, $text) = ($cases[$run->{case}]{table}, $cases[$run->{case}]{text}[1]);
  return if !$way->{between} || ($way->{unless} && $text =~ $way->{unless});
  my @shown = letters($way->{shown} ? $way->{shown}->($text) : $text);
  my $long = length($text) > 60;
  my ($before, $after) = @{$way->{between}};
  my $wanted = join '', $before, $long ? grep(defined, @shown[0 .. 9]) : (@shown, $after);
  my $logged = join "\n", @{$run->{got} // []};
  my $times = grep index($_, $wanted) >= 0, @{$run->{got} // []};
  $count{shown}++;
  wrong('shown', $run, "$wanted\nstands $times times in: $logged") if $times != 1;
  my $lines = grep !/\ADEBUG /, @{$run->{got} // []};
  wrong('shown', $run, "$lines lines: $logged") if $way->{lines} && $lines != $way->{lines};
}

sub judge {
  require Monitoring::Plugin::Performance;
  my %format = map { $_->{out} => $_->{format} // '' } @outs;
  my %way = map { $_->{way} => $_ } @ways;
  @cases = map { {%$_, table => $way{$_->{way}}} } @{retrieve("$D/product")->{cases}};
  @runs = @{retrieve("$D/product")->{runs}};
  for my $run (@runs) {
    $run->{$_} //= '' for qw(out_text err_text);
    $run->{format} = $format{$run->{out}};
    $by_pid{$run->{pid}} = $run;
  }
  read_outputs();
  for my $run (grep { $_->{out} eq 'stderr' } @runs) {
    for my $line (split /\n/, $run->{err_text}) {
      my $text = $line =~ s/\Antp_monitor: //r;
      wrong('stderr', $run, "a line of its own: $line") if $text eq $line;
      my $harm = harm($line);
      wrong('stderr', $run, "$harm in: $line") if $harm;
      wrong('stderr', $run, length($line) . ' bytes') if length($line) > 1100;
      push @{$run->{got}}, $text;
    }
    $said{$run->{case}} = [grep !/\ADEBUG /, @{$run->{got} // []}];
    wrong('stderr', $run, 'not a verdict alone: ' . join("\n", @{$said{$run->{case}}}))
      if $run->{json} && $said{$run->{case}}[-1] ne "$run->{json}{level} $run->{json}{message}";
    $count{stderr}++;
  }
  $said{$_->{id}} = [$healthy] for grep { $_->{table}{way} eq 'socket' } @cases;
  read_rsyslogd(); read_busybox(); read_stream(); read_journal(); read_terminal();
  for my $run (@runs) {
    wrong($run->{out}, $run, "ended by $run->{status}") if ($run->{status} & 127) || $run->{status} >> 8 > 3;
    same_lines($run->{out}, $run) if $run->{out} !~ /\A(?:stderr|terminal|check-config|print-config)\z/;
    read_shown($run) if $run->{out} =~ /\A(?:stderr|rsyslogd)\z/;
    read_report($run) if $run->{format} =~ /\A(?:text|nagios)\z/ && $run->{json};
    read_mode($run) if $run->{out} =~ /config\z/;
  }
  for my $row (map($_->{out}, @outs), qw(json text nagios shown)) {
    my @wrong = @{$wrong{$row} // []};
    my $more = @wrong > 10 ? '... and ' . (@wrong - 10) . " more\n" : '';
    my $count = $count{$row} // ($row =~ /$wanted_outs/ ? 0 : 'none');
    file("row.$row", join '', "$count\n", map("$_\n", grep defined, @wrong[0 .. 9]), $more);
  }
}

$phase eq 'run' ? run_all() : judge();
PERL
}
