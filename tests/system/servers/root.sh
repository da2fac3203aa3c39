# A small root for a server that insists on fixed paths.
# shellcheck shell=bash disable=SC2154

# libraries DIR: copy in every shared library that the programs in DIR use
libraries() {
	local lib
	find "$1" -type f \( -perm /111 -o -name '*.so*' \) -print0 | { xargs -0 ldd 2>/dev/null || true; } |
		sed -nE 's,^\s*(.* => )?(/[^ ]+) \(0x.*,\2,p' | sort -u |
		while read -r lib; do
			[[ -e $lib && ! -e $1$lib ]] || continue
			mkdir -p "$1${lib%/*}"
			cp -L "$lib" "$1$lib"
		done
}

# small_root DIR NAME [PROGRAM...]: from what `unpack NAME` left and these programs
small_root() {
	local root=$1 from=$CACHE/$2 device program
	shift 2
	mkdir -p "$root"/{bin,dev,etc,run,usr,tmp,var/tmp}
	cp -a "$from/usr" "$root/"
	[[ ! -d $from/var ]] || cp -a "$from/var/." "$root/var/"
	rm -rf "$root"/usr/share/{doc,man,locale}
	for program; do cp -L "$(command -v "$program")" "$root/bin/"; done
	libraries "$root"
	chmod 1777 "$root"/{tmp,var/tmp}
	for device in 'null 3' 'zero 5' 'urandom 9'; do
		mknod -m 666 "$root/dev/${device% *}" c 1 "${device#* }"
	done
	ln -sfn ../run "$root/var/run"
	printf 'passwd: files\ngroup: files\nhosts: files\n' >"$root/etc/nsswitch.conf"
	printf '127.0.0.1 localhost mail.%s\n' "$DOMAIN" >"$root/etc/hosts"
	printf '%s\n' root:x:0:0::/:/bin/sh mail:x:8:8::/mail:/bin/false nobody:x:65534:65534::/:/bin/false >"$root/etc/passwd"
	printf '%s\n' root:x:0: mail:x:8: nogroup:x:65534: >"$root/etc/group"
}

# root_user ROOT NAME ID [HOME]
root_user() {
	printf '%s:x:%s:%s::%s:/bin/false\n' "$2" "$3" "$3" "${4:-/}" >>"$1/etc/passwd"
	printf '%s:x:%s:\n' "$2" "$3" >>"$1/etc/group"
}
