# faults_said.pl: what faults_rules.bash asks of the lines that a run stored: one program, since a row of greps would
# take most of the matrix's time.
#
# SAID has them as PLACE|WHAT, OUT is the run's stdout. Prints the places, the number of verdicts, and then a line for
# each rule that is broken.
#
# usage: perl faults_said.pl SAID OUT
use strict; use warnings;

my %said;
for my $file (@ARGV) {
  open my $in, '<', $file or die "$file: $!";
  $said{$file} = do { local $/; <$in> } // '';
}
my ($said, $out) = @said{@ARGV};

my (%places, $verdicts, $longest);
$verdicts = $longest = 0;
for my $line (split /\n/, $said) {
  $places{(split /\|/, $line, 2)[0] // ''} = 1;
  $verdicts++ if $line =~ /INFO NTP (healthy|warming up)/ && $line !~ /DEBUG |debug: /;
  # Not counted: the name of another machine, and why the line is on stderr.
  (my $rest = $line) =~ s/ \([^()]*stderr[^()]*: .*//;
  for my $sentence ($rest =~ /NTP [a-z][^"|]*/g) {
    next if $sentence =~ /, source: |^NTP [^:]* on /;
    $longest = length $sentence if length $sentence > $longest;
  }
}
print join(' ', sort keys %places), "\n$verdicts\n";

# A line without a reading, which has no ", source: NAME", fits on two lines of a terminal; all else is in the trace.
print "the line has $longest characters instead of 250\n" if $longest > 250;

# What is stored cannot harm a log or a terminal: control bytes, and characters that turn or hide text.
my $acting = qr/[\x{00}-\x{08}\x{0b}-\x{1f}\x{7f}-\x{9f}\x{61c}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{206f}\x{feff}]/;
my $valid = utf8::decode($said) & utf8::decode($out);
if (!$valid || "$said$out" =~ /[\x{d800}-\x{dfff}\x{110000}-\x{7fffffff}]/) {
  print "what was stored is not UTF-8\n";
} elsif ($said =~ /$acting|\t/ || $out =~ $acting) {
  print "what was stored holds a control byte\n";
}
