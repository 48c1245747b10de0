# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# endpoint drain, undrain, weight: nothing new goes there, what runs is finished, a reload changes nothing
bare=yes
extra=$(cat <<'C'
listeners = ( { name = "web"; address = "0.0.0.0"; port = 8080;
  hosts = ( { domains = [ "*" ]; routes = ( { cluster = "moody"; } ); } ); } );
clusters = ( { name = "moody"; policy = "round_robin"; endpoints = [ "10.10.1.13:9001", "10.10.1.13:9002" ]; } );
C
)
# count N: how many of N requests each endpoint answered, "FIRST SECOND".
count() {
	for ((i = 0; i < $1; i++)); do in_client curl -sf http://192.0.2.1:8080/; done >"$TOPO_DIR/count"
	echo "$(grep -c 9001 "$TOPO_DIR/count") $(grep -c 9002 "$TOPO_DIR/count")"
}
row() { ctl pc endpoint | awk -v e="10.10.1.13:$1" '$1 == e { print $2 }'; }

play() {
	local long
	for i in 1 2; do
		echo ok >"$TOPO_DIR/mood$i"
		topo_spawn moody$i.log backend "$top/test/peers/moody" 10.10.1.13 900$i "$TOPO_DIR/mood$i"
	done
	wait_until 10 eval 'in_client curl -sf http://192.0.2.1:8080/ && in_backend curl -sf http://10.10.1.13:9001/ && in_backend curl -sf http://10.10.1.13:9002/'
	expect "10 10" "$(count 20)"
	echo slow:3 >"$TOPO_DIR/mood2"
	for ((i = 0; i < 2; i++)); do in_client curl -sf -w '%{http_code}\n' http://192.0.2.1:8080/ >"$TOPO_DIR/long$i" & done
	sleep 0.5
	echo ok >"$TOPO_DIR/mood2"
	ctl endpoint drain 10.10.1.13:9002
	expect DRAINING "$(row 9002)"
	expect "20 0" "$(count 20)" "a drained endpoint"
	wait_until 10 eval '[ -s "$TOPO_DIR/long0" ] && [ -s "$TOPO_DIR/long1" ]'
	long=$(cat "$TOPO_DIR"/long?)
	expect_in "$long" '9002'
	expect "2" "$(grep -c '^200$' <<<"$long")" "what ran when it was drained"
	ctl reload
	expect "20 0" "$(count 20)" "after a reload"
	ctl endpoint undrain 10.10.1.13:9002
	expect "10 10" "$(count 20)"
	ctl endpoint weight 10.10.1.13:9002 3
	expect "10 30" "$(count 40)"
	ctl endpoint weight 10.10.1.13:9002 default
	expect "10 10" "$(count 20)"
	! ctl endpoint drain 10.10.1.13:9009 2>"$TOPO_DIR/err" || fail "there is no such endpoint"
	expect_in "$(cat "$TOPO_DIR/err")" 'No cluster has an endpoint 10.10.1.13:9009'
}
