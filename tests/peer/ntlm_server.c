#include "ntlm_server.h"

#include <gnutls/crypto.h>
#include <iconv.h>
#include <locale.h>
#include <nettle/des.h>
#include <nettle/md4.h>
#include <string.h>
#include <wctype.h>

#include "base/alloc.h"
#include "base/str.h"

enum { TEXT_MAX = 70000, DIGEST = 16 };

/* Flags, and the identifiers of pairs, that we look at. */
enum {
	F_UNICODE = 0x1, F_OEM = 0x2, F_NTLM = 0x200, F_SIGN = 0x8000, F_DOMAIN = 0x10000,
	F_EXTENDED = 0x80000, F_INFO = 0x800000, F_VERSION = 0x2000000,
};
enum {
	AV_EOL, AV_COMPUTER, AV_DOMAIN, AV_DNS_COMPUTER, AV_DNS_DOMAIN, AV_FLAGS = 6, AV_TIME = 7,
	AV_TARGET = 9, AV_BINDINGS = 10,
};

unsigned ntlm_server_rule(const char *word)
{
	static const char *const words[] = { "no-info", "no-time", "oem", "no-mic", "need-bindings",
		                             "ignore-bindings", "v1", "v1-extended" };

	for (unsigned i = 0; i < COUNT_OF(words); i++)
		if (strcmp(words[i], word) == 0)
			return 1u << i;
	return 0;
}

void ntlm_server_init(struct ntlm_server *s)
{
	*s = (struct ntlm_server){ .why = "" };
	buf_init(&s->negotiated, TEXT_MAX);
	buf_init(&s->challenged, TEXT_MAX);
	buf_init(&s->target, TEXT_MAX);
	buf_init(&s->workstation, TEXT_MAX);
}

void ntlm_server_release(struct ntlm_server *s)
{
	buf_release(&s->negotiated);
	buf_release(&s->challenged);
	buf_release(&s->target);
	buf_release(&s->workstation);
}

/* --- text --- */

/* What iconv makes of it; what it cannot convert is lost, and then nothing matches. */
static void convert(struct buf *out, const char *to, const char *from, const void *text, size_t n)
{
	iconv_t cd = iconv_open(to, from);
	char space[256], *in = (char *)text;

	while (n > 0) {
		char *to_here = space;
		size_t left = sizeof(space), before = n;

		iconv(cd, &in, &n, &to_here, &left);
		buf_add(out, space, (size_t)(to_here - space));
		if (n == before)
			break;
	}
	iconv_close(cd);
}

static void add_wide(struct buf *out, const char *utf8)
{
	convert(out, "UTF-16LE", "UTF-8", utf8, strlen(utf8));
}

static void raise(struct buf *utf16)
{
	locale_t l = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);

	for (size_t i = 0; i + 1 < utf16->len; i += 2) {
		unsigned char *unit = (unsigned char *)utf16->data + i;
		unsigned up = (unsigned)towupper_l(unit[0] + 256u * unit[1], l);

		unit[0] = (unsigned char)up;
		unit[1] = (unsigned char)(up / 256);
	}
	freelocale(l);
}

/* --- numbers --- */

static uint64_t number(const unsigned char *p, int octets)
{
	uint64_t v = 0;

	while (octets-- > 0)
		v = v * 256 + p[octets];
	return v;
}

static void add_number(struct buf *b, uint64_t v, int octets)
{
	while (octets-- > 0) {
		buf_putc(b, (char)(v & 255));
		v /= 256;
	}
}

static void add_av(struct buf *b, unsigned id, const void *p, size_t n)
{
	add_number(b, id, 2);
	add_number(b, n, 2);
	buf_add(b, p, n);
}

/* --- the challenge --- */

static void add_name(struct buf *info, unsigned id, const char *name)
{
	struct buf wide;

	buf_init(&wide, TEXT_MAX);
	add_wide(&wide, name);
	add_av(info, id, wide.data, wide.len);
	buf_release(&wide);
}

static void make_info(const struct ntlm_server *s, struct buf *info)
{
	if (s->rules & NTLM_SERVER_NO_INFO)
		return;
	add_name(info, AV_DOMAIN, "EXAMPLE");
	add_name(info, AV_COMPUTER, "MAIL");
	add_name(info, AV_DNS_DOMAIN, "example.org");
	add_name(info, AV_DNS_COMPUTER, "mail.example.org");
	if (!(s->rules & NTLM_SERVER_NO_TIME)) {
		add_number(info, AV_TIME, 2);
		add_number(info, 8, 2);
		add_number(info, s->now, 8);
	}
	add_av(info, AV_EOL, "", 0);
}

static uint64_t server_flags(const struct ntlm_server *s)
{
	uint64_t flags = F_NTLM | F_SIGN | F_DOMAIN | F_VERSION;

	flags |= s->rules & NTLM_SERVER_OEM ? F_OEM : F_UNICODE;
	flags |= s->rules & NTLM_SERVER_NO_INFO ? 0 : F_INFO;
	flags |= s->rules & NTLM_SERVER_V1 ? 0 : F_EXTENDED;
	return flags;
}

static void make_challenge(struct ntlm_server *s)
{
	struct buf *m = &s->challenged, name, info;

	buf_init(&name, TEXT_MAX);
	buf_init(&info, TEXT_MAX);
	if (s->rules & NTLM_SERVER_OEM)
		buf_puts(&name, "EXAMPLE");
	else
		add_wide(&name, "EXAMPLE");
	make_info(s, &info);
	buf_add(m, "NTLMSSP\0\2\0\0\0", 12);
	add_number(m, name.len, 2);
	add_number(m, name.len, 2);
	add_number(m, 56, 4);
	add_number(m, server_flags(s), 4);
	buf_add(m, s->challenge, 8);
	add_number(m, 0, 8);
	add_number(m, info.len, 2);
	add_number(m, info.len, 2);
	add_number(m, 56 + name.len, 4);
	buf_add(m, "\x0a\0\x61\x4a\0\0\0\x0f", 8);
	buf_add(m, name.data, name.len);
	buf_add(m, info.data, info.len);
	buf_release(&name);
	buf_release(&info);
}

static bool refuse(struct ntlm_server *s, const char *why)
{
	s->why = why;
	return false;
}

bool ntlm_server_challenge(struct ntlm_server *s, const void *negotiate, size_t n, struct buf *out)
{
	if (n < 40 || memcmp(negotiate, "NTLMSSP\0\1\0\0\0", 12) != 0)
		return refuse(s, "no NEGOTIATE message");
	buf_reset(&s->negotiated);
	buf_reset(&s->challenged);
	buf_add(&s->negotiated, negotiate, n);
	make_challenge(s);
	buf_add(out, s->challenged.data, s->challenged.len);
	return true;
}

/* --- the answer --- */

struct part {
	const unsigned char *p;
	size_t n;
};

struct answer {
	struct part whole, lm, nt, domain, user, workstation;
	uint64_t flags;
};

static bool take(struct part *part, const struct part *whole, size_t at)
{
	size_t n = (size_t)number(whole->p + at, 2), offset = (size_t)number(whole->p + at + 4, 4);

	if (offset > whole->n || n > whole->n - offset)
		return false;
	*part = (struct part){ whole->p + offset, n };
	return true;
}

static bool read_answer(struct answer *a, const void *p, size_t n)
{
	*a = (struct answer){ .whole = { p, n } };
	if (n < 72 || memcmp(p, "NTLMSSP\0\3\0\0\0", 12) != 0)
		return false;
	a->flags = number(a->whole.p + 60, 4);
	return take(&a->lm, &a->whole, 12) && take(&a->nt, &a->whole, 20)
	       && take(&a->domain, &a->whole, 28) && take(&a->user, &a->whole, 36)
	       && take(&a->workstation, &a->whole, 44);
}

static void to_utf8(const struct answer *a, const struct part *part, struct buf *out)
{
	if (a->flags & F_UNICODE)
		convert(out, "UTF-8", "UTF-16LE", part->p, part->n);
	else
		buf_add(out, part->p, part->n);
}

/* As the hashes want it, whatever the message's charset. */
static void to_wide(const struct answer *a, const struct part *part, struct buf *out)
{
	struct buf text;

	if (a->flags & F_UNICODE) {
		buf_add(out, part->p, part->n);
		return;
	}
	buf_init(&text, TEXT_MAX);
	buf_add(&text, part->p, part->n);
	add_wide(out, text.data);
	buf_release(&text);
}

static bool is_the_user(const struct ntlm_server *s, const struct answer *a)
{
	struct buf name;
	size_t at;
	bool ok;

	buf_init(&name, TEXT_MAX);
	to_utf8(a, &a->domain, &name);
	if (name.len > 0)
		buf_putc(&name, '\\');
	at = strchr(s->user, '\\') != NULL ? 0 : name.len;
	to_utf8(a, &a->user, &name);
	ok = str_iequal(name.data + at, s->user);
	buf_release(&name);
	return ok;
}

static void hmac_md5(const unsigned char key[DIGEST], const struct buf *b, unsigned char out[DIGEST])
{
	gnutls_hmac_fast(GNUTLS_MAC_MD5, key, DIGEST, b->data, b->len, out);
}

static void nt_hash(const struct ntlm_server *s, unsigned char out[DIGEST])
{
	struct md4_ctx md4;
	struct buf wide;

	buf_init(&wide, TEXT_MAX);
	add_wide(&wide, s->password);
	md4_init(&md4);
	md4_update(&md4, wide.len, (unsigned char *)wide.data);
	md4_digest(&md4, DIGEST, out);
	buf_wipe(&wide);
}

static void v2_key(const struct ntlm_server *s, const struct answer *a, unsigned char out[DIGEST])
{
	unsigned char hash[DIGEST];
	struct buf name;

	buf_init(&name, TEXT_MAX);
	to_wide(a, &a->user, &name);
	raise(&name);
	to_wide(a, &a->domain, &name);
	nt_hash(s, hash);
	hmac_md5(hash, &name, out);
	buf_release(&name);
}

static bool any_bits(const struct part *part)
{
	for (size_t i = 0; i < part->n; i++)
		if (part->p[i] != 0)
			return true;
	return false;
}

/* A proof: sixteen octets that cover our challenge and what follows them. */
static bool is_proof(const struct ntlm_server *s, const unsigned char key[DIGEST], const struct part *r)
{
	unsigned char expected[DIGEST];
	struct buf covered;

	if (r->n < DIGEST)
		return false;
	buf_init(&covered, TEXT_MAX);
	buf_add(&covered, s->challenge, 8);
	buf_add(&covered, r->p + DIGEST, r->n - DIGEST);
	hmac_md5(key, &covered, expected);
	buf_release(&covered);
	return memcmp(expected, r->p, DIGEST) == 0;
}

/* The pair with this identifier in a list; p is NULL if there is none, or the list is broken. */
static struct part find_pair(struct part list, unsigned id)
{
	while (list.n >= 4) {
		size_t n = (size_t)number(list.p + 2, 2);

		if (n > list.n - 4)
			break;
		if (number(list.p, 2) == id)
			return (struct part){ list.p + 4, n };
		if (number(list.p, 2) == AV_EOL)
			break;
		list.p += 4 + n;
		list.n -= 4 + n;
	}
	return (struct part){ NULL, 0 };
}

/* What the client repeats of our pairs must be what we said. */
static bool repeats_us(const struct ntlm_server *s, struct part pairs)
{
	struct buf info;
	struct part ours, mine, theirs;
	bool ok = true;

	buf_init(&info, TEXT_MAX);
	make_info(s, &info);
	ours = (struct part){ (unsigned char *)info.data, info.len };
	for (unsigned id = AV_COMPUTER; ok && id <= AV_TIME; id++) {
		mine = find_pair(ours, id);
		theirs = find_pair(pairs, id);
		ok = mine.p == NULL
		     || (theirs.p != NULL && mine.n == theirs.n && memcmp(mine.p, theirs.p, mine.n) == 0);
	}
	buf_release(&info);
	return ok && find_pair(pairs, AV_EOL).p != NULL;
}

/* The client's clock counts where we did not tell the time. */
static bool tells_our_time(const struct ntlm_server *s, const struct answer *a, struct part pairs)
{
	return find_pair(pairs, AV_TIME).p == NULL || number(a->nt.p + 24, 8) == s->now;
}

static void expected_bindings(const struct ntlm_server *s, unsigned char out[DIGEST])
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	add_number(&b, 0, 8);
	add_number(&b, 0, 8);
	add_number(&b, strlen("tls-server-end-point:") + s->end_point_len, 4);
	buf_puts(&b, "tls-server-end-point:");
	buf_add(&b, s->end_point, s->end_point_len);
	gnutls_hash_fast(GNUTLS_DIG_MD5, b.data, b.len, out);
	buf_release(&b);
}

static bool check_bindings(struct ntlm_server *s, struct part pairs)
{
	struct part got = find_pair(pairs, AV_BINDINGS);
	unsigned char expected[DIGEST];

	s->bindings = got.p != NULL;
	if (s->rules & NTLM_SERVER_IGNORE_BINDINGS)
		return true;
	if (!s->bindings)
		return !(s->rules & NTLM_SERVER_NEED_BINDINGS) || refuse(s, "channel bindings missing");
	expected_bindings(s, expected);
	return (s->end_point_len > 0 && got.n == DIGEST && memcmp(got.p, expected, DIGEST) == 0)
	       || refuse(s, "channel bindings of another line");
}

static bool is_mic(const struct ntlm_server *s, const struct answer *a, const unsigned char key[DIGEST])
{
	static const char zeros[DIGEST];
	unsigned char expected[DIGEST];
	struct buf all;

	buf_init(&all, 4 * TEXT_MAX);
	buf_add(&all, s->negotiated.data, s->negotiated.len);
	buf_add(&all, s->challenged.data, s->challenged.len);
	buf_add(&all, a->whole.p, 72);
	buf_add(&all, zeros, DIGEST);
	buf_add(&all, a->whole.p + 88, a->whole.n - 88);
	hmac_md5(key, &all, expected);
	buf_release(&all);
	return memcmp(expected, a->whole.p + 72, DIGEST) == 0;
}

static bool check_mic(struct ntlm_server *s, const struct answer *a, struct part pairs,
                      const unsigned char key[DIGEST])
{
	struct part flags = find_pair(pairs, AV_FLAGS);
	bool due = find_pair(pairs, AV_TIME).p != NULL && !(s->rules & NTLM_SERVER_NO_MIC);

	s->mic = flags.n == 4 && (number(flags.p, 4) & 2);
	if (!s->mic)
		return !due || refuse(s, "message integrity code missing");
	return (a->whole.n >= 88 && is_mic(s, a, key)) || refuse(s, "message integrity code wrong");
}

static bool check_lm(struct ntlm_server *s, const struct answer *a, struct part pairs,
                     const unsigned char key[DIGEST])
{
	s->lm = any_bits(&a->lm);
	if (find_pair(pairs, AV_TIME).p != NULL)
		return !s->lm || refuse(s, "LM response in spite of a timestamp");
	return (a->lm.n == 24 && is_proof(s, key, &a->lm)) || refuse(s, "wrong LMv2 response");
}

static bool verify_v2(struct ntlm_server *s, const struct answer *a)
{
	struct part pairs = { a->nt.p + 44, a->nt.n < 48 ? 0 : a->nt.n - 44 }, target;
	unsigned char key[DIGEST], session[DIGEST];
	struct buf proof;

	s->version = 2;
	v2_key(s, a, key);
	if (pairs.n == 0 || number(a->nt.p + 16, 8) != 0x0101 || !is_proof(s, key, &a->nt))
		return refuse(s, "wrong NTLMv2 response");
	if (!repeats_us(s, pairs))
		return refuse(s, "does not repeat our names");
	if (!tells_our_time(s, a, pairs))
		return refuse(s, "another time than ours");
	target = find_pair(pairs, AV_TARGET);
	if (target.p != NULL)
		convert(&s->target, "UTF-8", "UTF-16LE", target.p, target.n);
	buf_init(&proof, TEXT_MAX);
	buf_add(&proof, a->nt.p, DIGEST);
	hmac_md5(key, &proof, session);
	buf_release(&proof);
	return check_lm(s, a, pairs, key) && check_bindings(s, pairs) && check_mic(s, a, pairs, session);
}

static void des(const unsigned char *k, const unsigned char *in, unsigned char *out)
{
	uint64_t bits = 0;
	unsigned char key[8];
	struct des_ctx ctx;

	for (int i = 0; i < 7; i++)
		bits = bits << 8 | k[i];
	for (int i = 7; i >= 0; i--, bits >>= 7)
		key[i] = (unsigned char)((bits & 127) << 1);
	des_set_key(&ctx, key);
	des_encrypt(&ctx, 8, out, in);
}

static bool verify_v1(struct ntlm_server *s, const struct answer *a)
{
	unsigned char key[21] = { 0 }, both[16], challenge[DIGEST] = { 0 }, expected[24];

	s->version = 1;
	if (!(s->rules & (NTLM_SERVER_V1 | NTLM_SERVER_V1_EXTENDED)))
		return refuse(s, "NTLMv1");
	nt_hash(s, key);
	memcpy(challenge, s->challenge, 8);
	if (s->rules & NTLM_SERVER_V1_EXTENDED) {
		if (a->lm.n != 24)
			return refuse(s, "no client challenge");
		memcpy(both, s->challenge, 8);
		memcpy(both + 8, a->lm.p, 8);
		gnutls_hash_fast(GNUTLS_DIG_MD5, both, sizeof(both), challenge);
	}
	for (int i = 0; i < 3; i++)
		des(key + 7 * i, challenge, expected + 8 * i);
	return memcmp(expected, a->nt.p, 24) == 0 || refuse(s, "wrong NTLMv1 response");
}

bool ntlm_server_verify(struct ntlm_server *s, const void *authenticate, size_t n)
{
	struct answer a;

	s->version = 0;
	s->mic = s->bindings = s->lm = false;
	buf_reset(&s->target);
	buf_reset(&s->workstation);
	if (!read_answer(&a, authenticate, n))
		return refuse(s, "no AUTHENTICATE message");
	if (!!(a.flags & F_UNICODE) == !!(s->rules & NTLM_SERVER_OEM))
		return refuse(s, "not the charset that was agreed upon");
	to_utf8(&a, &a.workstation, &s->workstation);
	if (!is_the_user(s, &a))
		return refuse(s, "unknown user");
	return a.nt.n == 24 ? verify_v1(s, &a) : verify_v2(s, &a);
}
