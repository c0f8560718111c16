#!/bin/bash
# The entrypoint of a Galera node. The one decision that can lose data is who begins the cluster (bootstraps) when no node
# runs: two that begin make two clusters, and one that lacks the last writes takes them from all others. So:
#
#   - A node runs:                 join it. It brings this one up to date, whatever happened to it.
#   - No node runs, all wait here: the one with the newest data begins (the highest seqno of Galera's order of writes; when
#                                  no node has data, the first). The others then join it.
#   - One cannot be asked:         wait, since it may have newer data. An operator who knows that it is gone for good names
#                                  the node that shall begin: GALERA_BOOTSTRAP=db2 docker compose up -d, once.
#
# While a node waits, it tells its position on port 4444, which is free then: it is that of full copies.
#
#   GALERA_NODES      names of all nodes, the preferred first; this one's is its host name
#   GALERA_BOOTSTRAP  see above; empty otherwise
set -euo pipefail

readonly data=${GALERA_DATA:-/var/lib/mysql}
readonly state=$data/grastate.dat
# There from the first moment of a node without data until it has been a cluster.
readonly unfinished=$data/.registrar-first-start
readonly group_port=4567 position_port=4444
readonly empty=00000000-0000-0000-0000-000000000000

say() { echo "galera: $*" >&2; }

# field NAME prints a field of the state that Galera keeps.
field() { sed -n "s/^$1: *//p" "$state"; }

# position prints how far this node's data go: "UUID:SEQNO" of the last write, or "none".
position() {
	local found=none
	if [ -f "$state" ]; then
		found=$(field uuid):$(field seqno)
		# After a crash only the storage engine knows.
		if [[ $found == *:-1 && $found != "$empty":* ]]; then found=$(recovered) || return; fi
	fi
	# Without a UUID it has never been synced: a full copy that was cut off is of no use.
	if [[ $found == "$empty":* ]]; then found=none; fi
	echo "$found"
}

# recovered prints the position of a node that crashed, "UUID:SEQNO" and perhaps ",GTID".
recovered() {
	local log at
	log=$(as_mysql mariadbd "${node[@]}" --wsrep-recover --disable-log-error 2>&1) || true
	at=$(sed -n 's/.*WSREP: Recovered position: *//p' <<<"$log" | tail -n 1)
	if [ -z "$at" ]; then
		say "cannot tell how far the data go: $log"
		return 1
	fi
	echo "$at"
}

as_mysql() { gosu mysql "$@"; }

# winner NAME=POSITION... prints who begins. It fails when the nodes have data of different clusters.
winner() {
	local best="" best_uuid="" best_seqno="" entry at
	for entry in "$@"; do
		at=${entry#*=}
		[ "$at" = none ] && continue
		local uuid=${at%%:*} seqno=${at#*:}
		seqno=${seqno%%,*}
		if [ -z "$best" ]; then
			best=${entry%%=*} best_uuid=$uuid best_seqno=$seqno
		elif [ "$uuid" != "$best_uuid" ]; then
			say "the nodes have data of different clusters: $*. Empty the wrong node's volume"
			return 1
		elif [ "$seqno" -gt "$best_seqno" ]; then
			best=${entry%%=*} best_seqno=$seqno
		fi
	done
	echo "${best:-${1%%=*}}"
}

# runs NODE is true when a MariaDB server of that node is in the group, or wants to be.
runs() { timeout 1 bash -c "</dev/tcp/$1/$group_port" 2>/dev/null; }

# ask NODE prints the position of a node that waits.
ask() {
	local answer
	answer=$(timeout 2 socat -u "TCP:$1:$position_port,connect-timeout=1" - 2>/dev/null | head -n 1) || true
	[[ $answer == "position "* ]] && echo "${answer#position }" # during a full copy something else listens there
}

# role ME POSITION prints join or bootstrap, as soon as that is safe.
role() {
	local me=$1 mine=$2 name at said=-10 missing known
	while :; do
		missing=() known=()
		for name in $GALERA_NODES; do
			if [ "$name" = "$me" ]; then
				known+=("$me=$mine")
			elif runs "$name"; then
				echo join
				return
			elif at=$(ask "$name"); then
				known+=("$name=$at")
			else
				missing+=("$name")
			fi
		done
		if [ "${GALERA_BOOTSTRAP:-}" = "$me" ]; then
			say "begins because GALERA_BOOTSTRAP says so"
			echo bootstrap
			return
		elif [ -n "${GALERA_BOOTSTRAP:-}" ]; then
			: # somebody else begins
		elif [ ${#missing[@]} = 0 ] && [ "$(winner "${known[@]}")" = "$me" ]; then
			say "begins: ${known[*]}"
			echo bootstrap
			return
		fi
		if [ $((SECONDS - said)) -ge 10 ]; then
			said=$SECONDS
			say "no node runs; known: ${known[*]}; not heard of: ${missing[*]:-none}"
		fi
		sleep 0.5
	done
}

# clean_up undoes a first start that was cut off: nothing was acknowledged before the node was a cluster.
clean_up() {
	if [ -f "$unfinished" ] && [ ! -f "$state" ]; then
		say "the first start was cut off: begin again"
		find "$data" -mindepth 1 -delete
	fi
	rm -f "$unfinished"
}

main() {
	local me at helper todo
	me=$(hostname)
	node=("--wsrep-node-name=$me" "--wsrep-node-address=$me")
	mkdir -p "$data"
	chown mysql: "$data"
	clean_up
	at=$(position) # or the end: a node that cannot tell must not pass for one without data
	say "$me is at $at"

	socat "TCP-LISTEN:$position_port,reuseaddr,fork" "SYSTEM:echo position '$at'" 2>/dev/null &
	helper=$!
	todo=$(role "$me" "$at")
	kill "$helper"
	wait "$helper" 2>/dev/null || true

	say "$me: $todo"
	local start=(mariadbd "${node[@]}")
	if [ "$at" != none ]; then start+=("--wsrep-start-position=$at"); fi
	if [ "$todo" = bootstrap ]; then
		start+=(--wsrep-new-cluster)
		if [ "$at" = none ]; then
			touch "$unfinished"
			exec docker-entrypoint.sh "${start[@]}" # the image's own: makes the accounts and the database
		fi
		sed -i 's/^safe_to_bootstrap:.*/safe_to_bootstrap: 1/' "$state"
	fi
	# All else comes from the other nodes.
	exec gosu mysql "${start[@]}"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then main; fi
