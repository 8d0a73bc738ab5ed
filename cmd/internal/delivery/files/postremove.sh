#!/bin/sh
# What update install keeps for root goes with a purge (deb) or with the last version (rpm). DPKG_ROOT is set where another root is worked on.
set -e
case "$1" in
purge | 0)
	state="${DPKG_ROOT:-}/var/lib/zaver"
	rm -rf "$state/updates"
	[ ! -d "$state" ] || rmdir --ignore-fail-on-non-empty "$state"
	;;
esac
