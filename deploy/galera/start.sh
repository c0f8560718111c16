#!/bin/bash
# Entrypoint of a Galera node, run as the user mysql. It decides whether this node joins the cluster or starts (bootstraps) it. Only a wrong
# bootstrap can lose data: two nodes that bootstrap form two clusters, and a node without the last writes deletes them on
# the nodes that join it. The rules:
#
#   - A node is running:            join it. It brings this node up to date in every case.
#   - No node is running, and all   the node with the newest data bootstraps (the highest seqno in Galera's order of writes;
#     nodes wait in this script:    if no node has data, the first node). The others join it.
#   - A node does not answer:       wait, because it may have newer data. If the node is lost for good, an operator names the
#                                   node that bootstraps, once: GALERA_BOOTSTRAP=db2 docker compose up -d
#
# A waiting node publishes its position on port 4444. The port is free at that time: MariaDB uses it for full copies.
#
#   GALERA_NODES      names of all nodes, the preferred one first; a node's name is its host name
#   GALERA_BOOTSTRAP  see above; normally empty
set -euo pipefail

readonly data=${GALERA_DATA:-/var/lib/mysql}
readonly state=$data/grastate.dat
# This file exists while a node without data bootstraps for the first time.
readonly unfinished=$data/.registrar-first-start
readonly group_port=4567 position_port=4444
readonly empty=00000000-0000-0000-0000-000000000000

say() { echo "galera: $*" >&2; }

# field NAME prints a field of Galera's state file.
field() { sed -n "s/^$1: *//p" "$state"; }

# position prints the position of this node's last write, "UUID:SEQNO", or "none".
position() {
	local found=none
	if [ -f "$state" ]; then
		found=$(field uuid):$(field seqno)
		# After a crash, only the storage engine has the position.
		if [[ $found == *:-1 && $found != "$empty":* ]]; then found=$(recovered) || return; fi
	fi
	# Without a UUID the node has never been synced. Data of an interrupted full copy is useless.
	if [[ $found == "$empty":* ]]; then found=none; fi
	echo "$found"
}

# recovered prints the position of a node that crashed: "UUID:SEQNO", optionally followed by ",GTID".
recovered() {
	local log at
	log=$(mariadbd "${node[@]}" --wsrep-recover --disable-log-error 2>&1) || true
	at=$(sed -n 's/.*WSREP: Recovered position: *//p' <<<"$log" | tail -n 1)
	if [ -z "$at" ]; then
		say "cannot determine the position of the data: $log"
		return 1
	fi
	echo "$at"
}

# winner NAME=POSITION... prints the node that bootstraps. It fails if the nodes have data of different clusters.
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

# runs NODE succeeds if that node's MariaDB server is in the cluster or joining it.
runs() { timeout 1 bash -c "</dev/tcp/$1/$group_port" 2>/dev/null; }

# ask NODE prints the position of a waiting node.
ask() {
	local answer
	answer=$(timeout 2 socat -u "TCP:$1:$position_port,connect-timeout=1" - 2>/dev/null | head -n 1) || true
	[[ $answer == "position "* ]] && echo "${answer#position }" # during a full copy another program listens there
}

# role ME POSITION waits until the decision is safe, and prints join or bootstrap.
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
			say "bootstraps because GALERA_BOOTSTRAP names this node"
			echo bootstrap
			return
		elif [ -n "${GALERA_BOOTSTRAP:-}" ]; then
			: # another node bootstraps
		elif [ ${#missing[@]} = 0 ] && [ "$(winner "${known[@]}")" = "$me" ]; then
			say "bootstraps; positions: ${known[*]}"
			echo bootstrap
			return
		fi
		if [ $((SECONDS - said)) -ge 10 ]; then
			said=$SECONDS
			say "waiting, no node is running; positions: ${known[*]}; no answer from: ${missing[*]:-none}"
		fi
		sleep 0.5
	done
}

# clean_up deletes the data of an interrupted first start. No write was acknowledged at that point.
clean_up() {
	if [ -f "$unfinished" ] && [ ! -f "$state" ]; then
		say "the first start was interrupted; starting again"
		find "$data" -mindepth 1 -delete
	fi
	rm -f "$unfinished"
}

main() {
	local me at helper todo
	me=$(hostname)
	node=("--wsrep-node-name=$me" "--wsrep-node-address=$me")
	clean_up
	at=$(position) # on failure the script ends: a node without a known position must not count as empty
	say "position of $me: $at"

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
			exec docker-entrypoint.sh "${start[@]}" # entrypoint of the image: creates the accounts and the database
		fi
		sed -i 's/^safe_to_bootstrap:.*/safe_to_bootstrap: 1/' "$state"
	fi
	# A joining node gets everything else from the other nodes.
	exec "${start[@]}"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then main; fi
