# Whole machines: Debian 12 and 13 boot with systemd as process 1, and ntp_monitor is installed there as README says.
#
#   sudo make machine          both; ONLY='pattern' of test names, MACHINES=trixie for one
#
# The first run makes the machines (500 MB each in build/lab/machine), later ones copy them.

.PHONY: machine
machine:
	@ONLY='$(ONLY)' MACHINES='$(MACHINES)' tests/machine/run.sh
