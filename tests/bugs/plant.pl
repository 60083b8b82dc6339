#!/usr/bin/perl
# plant.pl: plants bugs from planted.txt, whose head describes the format.
#
# usage: plant.pl --check             tries every bug on the tree; prints each that cannot be planted, and exits with 1
#        plant.pl --list [CAUGHT]     prints the names, or those caught by fuzz, matrix or sweep
#        plant.pl --show NAME FIELD   prints one field: what, file (its whole path), caught
#        plant.pl --into TREE NAME    writes the broken source below TREE, and prints its path
use strict;
use warnings;
use File::Basename qw(dirname);
use File::Path qw(make_path);

my $top = dirname(__FILE__) . '/../..';
my @sources = split /\n/, `cd '$top' && find src include -name '*.[ch]'`;
my (%bugs, @names);

sub read_table {
  open my $table, '<', "$top/tests/bugs/planted.txt" or die "plant.pl: planted.txt: $!\n";
  my ($bug, $sign) = (undef, '');
  while (<$table>) {
    next if /^#|^$/;
    if (/^([-+]) ?(.*)/) {
      push @{$bug->{changes}}, {'-' => '', '+' => ''} if $1 eq '-' && $sign ne '-';
      $bug->{changes}[-1]{$1} .= "$2\n";
      $sign = $1;
    } elsif (/^file (.+)/) {
      $bug->{file} = $1;
    } elsif (/^caught by (.+)/) {
      $bug->{caught} = $1;
    } elsif (/^([a-z0-9_-]+): (.+)/ && !$bugs{$1}) {
      ($bug, $sign) = ({name => $1, what => $2}, '');
      push @names, $1;
      $bugs{$1} = $bug;
    } else {
      die "plant.pl: planted.txt, line $.: what is this: $_";
    }
  }
}

# Returns the path of the one source file with this end.
sub path_of {
  my ($end) = @_;
  my @found = grep { "/$_" =~ m{/\Q$end\E$} } @sources;
  die "$end names " . @found . " files instead of one: @found\n" if @found != 1;
  return $found[0];
}

# Returns the source with the bug in it.
sub broken {
  my ($bug) = @_;
  my $path = path_of($bug->{file});
  open my $file, '<', "$top/$path" or die "$path: $!\n";
  my $text = do { local $/; <$file> };
  for my $change (@{$bug->{changes}}) {
    my $old = join '\s+', map { quotemeta } split ' ', $change->{'-'};
    my $new = $change->{'+'} =~ s/\n$//r;
    my $count = () = $text =~ /$old/g;
    die "$path has this $count times instead of once: $change->{'-'}" if $count != 1;
    $text =~ s/$old/$new/;
  }
  return ($path, $text);
}

sub check {
  my $failed = 0;
  for my $name (@names) {
    next if eval { broken($bugs{$name}); 1 };
    print "$name: $@";
    $failed++;
  }
  print scalar(@names) . " planted bugs, $failed of them cannot be planted\n";
  return $failed != 0;
}

sub bug {
  my ($name) = @_;
  return $bugs{$name} // die "plant.pl: planted.txt has no '$name'\n";
}

my ($mode, @words) = @ARGV;
read_table();
if ($mode eq '--check') {
  exit check();
} elsif ($mode eq '--list') {
  my $caught = $words[0] // '';
  print map { "$_\n" } grep { $bugs{$_}{caught} =~ /^\Q$caught\E/ } @names;
} elsif ($mode eq '--show') {
  my $bug = bug($words[0]);
  print $words[1] eq 'file' ? path_of($bug->{file}) : $bug->{$words[1]}, "\n";
} elsif ($mode eq '--into') {
  my ($path, $text) = broken(bug($words[1]));
  make_path(dirname("$words[0]/$path"));
  open my $file, '>', "$words[0]/$path" or die "plant.pl: $words[0]/$path: $!\n";
  print $file $text;
  close $file or die "plant.pl: $words[0]/$path: $!\n";
  print "$path\n";
} else {
  die "plant.pl: usage: see its head\n";
}
