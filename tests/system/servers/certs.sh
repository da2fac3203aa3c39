# A throw-away CA, a server's and a client's certificate, and some to be refused.
# shellcheck shell=bash disable=SC2154

make_key() { # make_key NAME: elliptic, but RSA for the one of that name
	local how=(-algorithm EC -pkeyopt ec_paramgen_curve:P-256)
	[[ $1 != rsa ]] || how=(-algorithm RSA -pkeyopt rsa_keygen_bits:2048)
	openssl genpkey "${how[@]}" -out "$1.key" 2>/dev/null
}

make_ca() { # make_ca NAME
	make_key "$1"
	openssl req -x509 -new -key "$1.key" -subj "/CN=mailchute test CA $1" -days 30 -out "$1.crt" \
		-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
}

# make_leaf NAME CA CN ALTNAMES USAGE [DAYS]
make_leaf() {
	make_key "$1"
	printf 'basicConstraints=CA:FALSE\nsubjectAltName=%s\nextendedKeyUsage=%s\n' "$4" "$5" >"$1.ext"
	openssl req -new -key "$1.key" -subj "/CN=$3" -out "$1.csr"
	openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days "${6:-30}" \
		-extfile "$1.ext" -out "$1.crt" 2>/dev/null
	cat "$1.crt" "$1.key" >"$1.pem"
	rm -f "$1.ext" "$1.csr"
}

certs_up() {
	local names="DNS:localhost,DNS:mail.$DOMAIN,IP:127.0.0.1"
	need openssl
	mkdir -p "$CERTS"
	cd "$CERTS"
	make_ca ca
	make_ca stranger
	make_leaf server ca "mail.$DOMAIN" "$names" serverAuth
	make_leaf rsa ca "mail.$DOMAIN" "$names" serverAuth
	make_leaf client ca "$ALICE" "email:$ALICE@$DOMAIN" clientAuth
	make_leaf wrongname ca elsewhere.example DNS:elsewhere.example serverAuth
	make_leaf untrusted stranger "mail.$DOMAIN" "$names" serverAuth
	chmod 644 ./*.key ./*.pem # throw-away keys, read by every server's user
	cd - >/dev/null
}
