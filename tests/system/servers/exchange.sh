# A server with Exchange's ways: gss-ntlmssp checks the NTLMv2 response and the MIC,
# exchange.py the channel bindings.  Ports: 51 bindings checked where they are sent,
# 52 required, 53 any are taken for wrong.  auth.log has a JSON line an attempt.
# shellcheck shell=bash disable=SC2154

EXCHANGE_MAIL=$WORK/exchange/mail

exchange_up() {
	local S=$WORK/exchange u
	need python3 python3-gssapi libgssapi-krb5-2 libwbclient0 libunistring2 libssl3 zlib1g
	unpack gss-ntlmssp gss-ntlmssp
	free "$(port 51)" "$(port 52)" "$(port 53)"
	maildir "$EXCHANGE_MAIL" root:root
	for u in "$ALICE:$ALICE_PASSWORD" "$BOB:$BOB_PASSWORD"; do
		printf '%s\n' "SYSTEM:$u" ":${u%%:*}@$DOMAIN:${u#*:}"
	done >"$S/users"
	printf 'gssntlmssp_v1 1.3.6.1.4.1.311.2.2.10 %s\n' \
		"$CACHE"/gss-ntlmssp/usr/lib/*/gssntlmssp/gssntlmssp.so >"$S/mech"
	NTLM_USER_FILE=$S/users GSS_MECH_CONFIG=$S/mech /usr/bin/python3 "$HERE/servers/exchange.py" \
		"$S" "$CERTS/server" "$(port 51)" "$(port 52)" "$(port 53)" >"$S/log" 2>&1 &
	echo $! >"$S/pid"
	await_ports "$S/log" "$(port 51)" "$(port 52)" "$(port 53)"
}

exchange_down() { stop "$WORK/exchange/pid"; }
